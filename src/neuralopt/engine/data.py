"""Training data on their way to the loop: checked once, converted once, streamed when too large."""

import dataclasses
import os
from typing import Any

import jax
import numpy as np

from neuralopt.core import tree
from neuralopt.core.errors import DataError

_PART_OF_MEMORY = 4


@dataclasses.dataclass(frozen=True)
class Source:
    """Data for the loop.

    Attributes
    ----------
    arrays : tree of numpy arrays
        All with the same number of rows. Already of their final dtypes unless ``streamed``.
    labels : list of str
        What errors call each array.
    rows : int
    dtype : dtype
        Of the floats.
    streamed : bool
        Whether the arrays stay on the host and go to the device block by block.
    """

    arrays: Any
    labels: list[str]
    rows: int
    dtype: Any
    streamed: bool

    def gather(self, order: np.ndarray) -> Any:
        """Return the rows of an order, of shape ``order.shape + row shape``, converted and checked."""

        def take(label: str, array: Any) -> np.ndarray:
            flat = order.ravel()
            ranks = np.argsort(flat, kind="stable")  # a memory map is read in one direction
            picked = np.empty((flat.size, *array.shape[1:]), array.dtype)
            picked[ranks] = array[flat[ranks]]
            block = _convert(picked, self.dtype, label, flat)
            return block.reshape(*order.shape, *array.shape[1:])

        return tree.structure(self.arrays).unflatten(
            [take(*pair) for pair in zip(self.labels, tree.leaves(self.arrays), strict=True)]
        )


_INT32 = np.iinfo(np.int32)


def _convert(array: Any, dtype: Any, label: str, rows: np.ndarray | None = None) -> np.ndarray:
    """Return floats in the run's dtype and integers and bools in int32, or say what does not fit."""
    if array.dtype.kind != "f":
        bad = (array < _INT32.min) | (array > _INT32.max) if array.dtype.itemsize >= 4 else np.zeros(0)
        if bad.any():
            raise DataError(
                f"{label} holds the integer {array[bad][0]}{_place(bad, rows)}, which does not fit 32 bits. "
                "Likely cause: identifiers or times in place of measurements. "
                "Convert such a column to floats, or leave it out."
            )
        return np.ascontiguousarray(array, dtype=np.int32)
    with np.errstate(over="ignore"):  # what overflows is found below
        found = np.ascontiguousarray(array, dtype=dtype)
    bad = ~np.isfinite(found)
    if bad.any():
        raise DataError(
            f"{label} must be finite{'' if np.isnan(array[bad][0]) else f' in {found.dtype}'}, "
            f"got {array[bad][0]}{_place(bad, rows)}. "
            "Likely cause: missing values or an overflow. Remove such rows or fill them in before training."
        )
    return found


def _place(bad: np.ndarray, rows: np.ndarray | None) -> str:
    place = np.argwhere(bad)[0]
    row = place[0] if rows is None else rows[place[0]]
    return f" in row {row} (counted from 0){f', column {place[1]}' if len(place) > 1 else ''}"


def device_memory_limit() -> int:
    """Return how many bytes of data may be kept on the device: a quarter of its memory."""
    stats = jax.devices()[0].memory_stats() or {}
    # Windows does not tell
    physical = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") if hasattr(os, "sysconf") else 2**33
    return int(stats.get("bytes_limit", physical)) // _PART_OF_MEMORY


def source(data: Any, dtype: Any, *, name: str = "data", memory: int | None = None) -> Source:
    """Check data and prepare them for the loop.

    Parameters
    ----------
    data : tree of arrays
        All with the same number of rows. Memory maps larger than ``memory`` stay on disk.
    dtype : dtype
        Of the floats.
    name : str
        For the errors.
    memory : int, optional
        Bytes that may be kept on the device; by default a quarter of its memory.

    Returns
    -------
    Source

    Raises
    ------
    DataError
        For no data, arrays of different lengths, text or objects, NaN or infinity.
    """
    leaves = tree.leaves(data)
    arrays = [a if isinstance(a, np.ndarray) else np.asarray(a) for a in leaves]
    if not arrays:
        raise DataError(f"{name} must hold at least one array, got an empty tree.")
    pair = isinstance(data, tuple | list) and len(data) == 2 and len(leaves) == 2
    labels = [f"{name} {'Xy'[k] if pair else label}" for k, label in enumerate(tree.names(data))]
    for label, array in zip(labels, arrays, strict=True):
        if array.ndim == 0 or array.shape[0] == 0:
            raise DataError(f"{label} needs at least one row, got shape {array.shape}.")
        if array.dtype.kind not in "fiub":
            raise DataError(
                f"{label} must hold numbers, got dtype {array.dtype}. "
                "Encode text and dates as numbers first; neuralopt compare does it for a table."
            )
    lengths = {label: array.shape[0] for label, array in zip(labels, arrays, strict=True)}
    if len(set(lengths.values())) > 1:
        raise DataError(
            "all arrays need the same number of rows, got "
            + ", ".join(f"{n} in {label}" for label, n in lengths.items())
            + "."
        )
    width = np.dtype(dtype).itemsize
    size = sum(a.size * (width if a.dtype.kind == "f" else 4) for a in arrays)
    streamed = size > (device_memory_limit() if memory is None else memory)
    if not streamed:
        arrays = [_convert(a, dtype, label) for a, label in zip(arrays, labels, strict=True)]
    return Source(tree.structure(data).unflatten(arrays), labels, arrays[0].shape[0], dtype, streamed)


def example_row(array: Any, dtype: Any) -> np.ndarray:
    """Return the shape and dtype that one row of an array will have in the loop, as zeros."""
    found = np.asarray(array[:1])
    return np.zeros((1, *found.shape[1:]), dtype if found.dtype.kind == "f" else np.int32)
