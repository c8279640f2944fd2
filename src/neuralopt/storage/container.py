"""The one file format of everything that is kept: arrays, a JSON header and a digest over both."""

import mmap as memory_map
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from safetensors.numpy import save

import neuralopt
from neuralopt.core.errors import InvalidArgument, StorageError, raise_problems
from neuralopt.core.files import readable_file
from neuralopt.storage.atomic import write_bytes
from neuralopt.storage.layout import DTYPES
from neuralopt.storage.text import dumps
from neuralopt.storage.verify import FORMAT, digest, kind_in, verified


@dataclass(frozen=True)
class Container:
    """What a container file holds.

    Parameters
    ----------
    kind : str
        What the file is: ``"model"``, ``"checkpoint"``, ``"record"``, ...
    version : int
        The version of that kind's header and arrays.
    header : dict
        Plain data.
    arrays : dict of str to numpy.ndarray
        The arrays; writable copies, or read-only views of a memory map.
    path : pathlib.Path
        The file read.
    """

    kind: str
    version: int
    header: dict[str, Any]
    arrays: dict[str, np.ndarray]
    path: Path


def write_container(
    path: str | os.PathLike[str],
    *,
    kind: str,
    version: int,
    header: dict[str, Any],
    arrays: Mapping[str, np.ndarray],
    overwrite: bool = True,
) -> Path:
    """Write a header and arrays as one safetensors file, whole or not at all.

    The file is readable by any safetensors reader. Its metadata hold one JSON document under the key
    ``"neuralopt"``: format, kind, version, the neuralopt version that wrote it, the header, and a SHA-256
    digest over the rest of the document and every array's name, type, shape and bytes.

    Parameters
    ----------
    path : str or path-like
        The file; missing folders are created.
    kind : str
        What the file is, for example ``"model"``; reading asks for the same kind.
    version : int
        The version of this kind, >= 1. Raise it when older programs could misread the content.
    header : dict
        Plain data with string keys; tuples come back as lists, NaN and infinity are kept (see `dumps`).
    arrays : mapping of str to numpy.ndarray
        Booleans, signed and unsigned integers, float16, float32, float64 or bfloat16, of any shape; 0-d,
        empty and non-contiguous ones too. Bits are kept; big-endian arrays come back little-endian.
    overwrite : bool, default True
        Whether an existing file is replaced.

    Returns
    -------
    pathlib.Path
        The file written.

    Raises
    ------
    InvalidArgument
        For every part of the header or the arrays that cannot be kept.
    StorageError
        When the file cannot be written, or exists and ``overwrite`` is false. An earlier file is then intact.

    Examples
    --------
    >>> import tempfile
    >>> path = f"{tempfile.mkdtemp()}/a.safetensors"
    >>> _ = write_container(path, kind="model", version=1, header={"lr": 0.1}, arrays={"w": np.eye(2)})
    >>> read_container(path, kind="model", version=1).header
    {'lr': 0.1}
    """
    problems: list[str] = []
    if not kind or not isinstance(kind, str):
        problems.append(f"kind must be a non-empty string, got {kind!r}.")
    if type(version) is not int or version < 1:
        problems.append(f"version must be an integer >= 1, got {version!r}.")
    if not isinstance(header, dict):
        problems.append(f"header must be a dict, got {type(header).__name__}.")
    flat = {name: _storable(name, array, problems) for name, array in arrays.items()}
    try:
        dumps(header, name="header")
    except InvalidArgument as error:
        problems.append(str(error))
    raise_problems(problems)
    document = {
        "format": FORMAT,
        "kind": kind,
        "version": version,
        "neuralopt": neuralopt.__version__,
        "header": header,
    }
    document["sha256"] = digest(document, flat)
    target = Path(path).expanduser()
    if not overwrite and target.exists():
        raise StorageError(
            f"'{target}' exists already. Choose another name, delete it, or allow overwriting."
        )
    return write_bytes(target, save(flat, metadata={FORMAT: dumps(document)}))


def read_container(path: str | os.PathLike[str], *, kind: str, version: int, mmap: bool = False) -> Container:
    """Read and verify a container file.

    Parameters
    ----------
    path : str or path-like
        The file.
    kind : str
        What the caller can use; a file of another kind is refused.
    version : int
        The newest version of that kind that the caller reads; older ones are returned with their number.
    mmap : bool, default False
        Return read-only views of a memory map instead of writable copies. All bytes are still verified.

    Returns
    -------
    Container
        Kind, version, header, arrays and path.

    Raises
    ------
    StorageError
        When the file is missing, unreadable, empty, truncated, damaged, foreign, of another kind or newer.

    Examples
    --------
    >>> import tempfile
    >>> path = f"{tempfile.mkdtemp()}/a.safetensors"
    >>> _ = write_container(path, kind="record", version=1, header={}, arrays={"loss": np.array([2.0, 1.0])})
    >>> read_container(path, kind="record", version=1).arrays["loss"]
    array([2., 1.])
    """
    file = readable_file(path)
    with file.open("rb") as stream:
        view = memoryview(memory_map.mmap(stream.fileno(), 0, access=memory_map.ACCESS_READ))
    document, arrays = verified(view, file, kind, version)
    if not mmap:
        arrays = {name: array.copy() for name, array in arrays.items()}
    return Container(document["kind"], document["version"], document["header"], arrays, file)


def read_kind(path: str | os.PathLike[str]) -> str | None:
    """Return what kind of container a file is, without verifying it; None where it cannot be told.

    Parameters
    ----------
    path : str or path-like
        The file.

    Returns
    -------
    str or None
        To choose what reads it; reading then says what is wrong with it.

    Raises
    ------
    StorageError
        When the file is missing, unreadable or empty.

    Examples
    --------
    >>> import tempfile
    >>> path = f"{tempfile.mkdtemp()}/a.safetensors"
    >>> _ = write_container(path, kind="record", version=1, header={}, arrays={})
    >>> read_kind(path)
    'record'
    """
    file = readable_file(path)
    with file.open("rb") as stream:
        view = memoryview(memory_map.mmap(stream.fileno(), 0, access=memory_map.ACCESS_READ))
    return kind_in(view)


def _storable(name: Any, array: Any, problems: list[str]) -> np.ndarray:
    array = np.asarray(array)
    if not isinstance(name, str) or not name or name == "__metadata__":
        problems.append(f"{name!r} cannot name an array. Use a non-empty string other than '__metadata__'.")
    if array.dtype.name not in DTYPES.values():
        problems.append(
            f"The array {name!r} has the type {array.dtype}, which cannot be stored. "
            "Convert it to bool, an integer, float16, float32, float64 or bfloat16."
        )
        return np.zeros(0)
    if array.dtype.byteorder == ">":
        array = array.astype(array.dtype.newbyteorder("<"))
    return np.asarray(array, order="C")
