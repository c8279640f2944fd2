"""NumPy archives to a data frame."""

import zipfile
import zlib
from pathlib import Path

import numpy as np
import pandas as pd

from neuralopt.core.errors import DataError, raise_problems
from neuralopt.datasets.schema import check_names
from neuralopt.datasets.wording import listing

_LAYOUTS = (
    "Give either X of shape (n, d) with y of shape (n,) or (n, k), and feature_names if wanted, "
    "or 1-D arrays of one length."
)


def read_npz(file: Path) -> pd.DataFrame:
    """Return the table of an archive: ``X``, ``y`` and ``feature_names``, or one 1-D array a column."""
    arrays = _loaded(file)
    columns = _from_matrix(arrays, file) if "X" in arrays else _from_columns(arrays, file)
    names = [name for name, _ in columns]
    check_names(names, file)
    lengths = {name: len(values) for name, values in columns}
    if len(set(lengths.values())) > 1:
        shown = ", ".join(f"'{name}' {length}" for name, length in list(lengths.items())[:8])
        raise DataError(f"'{file}' has arrays of different length: {shown}. {_LAYOUTS}")
    return pd.DataFrame(dict(columns))


def _loaded(file: Path) -> dict[str, np.ndarray]:
    arrays: dict[str, np.ndarray] = {}
    problems = []
    try:
        if not zipfile.is_zipfile(file):  # np.load would take it for a pickle and say so
            raise zipfile.BadZipFile("File is not a zip file")
        with np.load(file, allow_pickle=False) as archive:
            for name in archive.files:
                try:
                    arrays[name] = _plain(archive[name])
                except ValueError as error:
                    problems.append(f"The array '{name}' of '{file}' cannot be used: {error}")
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError) as error:
        raise DataError(
            f"'{file}' is not a NumPy archive ({error}). Write it with numpy.savez, or give the file its "
            "true suffix."
        ) from error
    if not arrays and not problems:
        problems.append(f"'{file}' holds no arrays. {_LAYOUTS}")
    raise_problems(problems, DataError)
    return arrays


def _plain(array: np.ndarray) -> np.ndarray:
    """Return an array in the machine's byte order whose type a table can have."""
    if not isinstance(array, np.ndarray):
        raise ValueError("it is not an .npy member. Remove it from the archive.")
    if array.dtype.kind not in "biufUMm":
        raise ValueError(f"its type is {array.dtype}. Save numbers, booleans or strings.")
    if array.dtype.kind in "iuf":
        return array.astype(array.dtype.newbyteorder("="))
    return array


def _from_matrix(arrays: dict[str, np.ndarray], file: Path) -> list[tuple[str, np.ndarray]]:
    problems = []
    X, y, names = arrays["X"], arrays.get("y"), arrays.get("feature_names")
    others = sorted(set(arrays) - {"X", "y", "feature_names"})
    if others:
        problems.append(
            f"'{file}' has X and also arrays that have no place beside it: {listing(others)}. {_LAYOUTS}"
        )
    if X.ndim != 2:
        problems.append(f"X in '{file}' has shape {X.shape}, and (n, d) is needed. {_LAYOUTS}")
    if y is not None and y.ndim not in (1, 2):
        problems.append(f"y in '{file}' has shape {y.shape}, and (n,) or (n, k) is needed. {_LAYOUTS}")
    if y is not None and X.ndim and y.ndim and len(X) != len(y):
        problems.append(f"'{file}' has arrays of different length: 'X' {len(X)}, 'y' {len(y)}. {_LAYOUTS}")
    if names is not None and (names.ndim != 1 or names.dtype.kind != "U" or X.shape[1:] != names.shape):
        problems.append(
            f"feature_names in '{file}' has type {names.dtype} and shape {names.shape}, and one string for "
            "each "
            f"of the {X.shape[1] if X.ndim == 2 else 'd'} columns of X is needed."
        )
    raise_problems(problems, DataError)
    labels = [str(name) for name in names] if names is not None else [f"x{j}" for j in range(X.shape[1])]
    columns = list(zip(labels, X.T))
    if y is not None:
        columns += [("y", y)] if y.ndim == 1 else [(f"y{j}", column) for j, column in enumerate(y.T)]
    return columns


def _from_columns(arrays: dict[str, np.ndarray], file: Path) -> list[tuple[str, np.ndarray]]:
    raise_problems(
        [
            f"The array '{name}' of '{file}' has shape {array.shape}, and without X every array is a 1-D "
            "column. "
            f"{_LAYOUTS}"
            for name, array in arrays.items()
            if array.ndim != 1
        ],
        DataError,
    )
    return list(arrays.items())
