"""Letting go of the pages of a memory map that have been read, so that a large file stays on the disk."""

import mmap
from typing import Any

import numpy as np


def is_mapped(array: np.ndarray) -> bool:
    """Return whether an array is a read-only view of a memory map.

    Parameters
    ----------
    array : numpy.ndarray
        Any array.

    Returns
    -------
    bool
        False for writable maps: they may hold changes that are nowhere else.

    Examples
    --------
    >>> is_mapped(np.zeros(3))
    False
    """
    return _map_under(array) is not None


def release_pages(array: np.ndarray) -> None:
    """Drop a mapped file's pages from this process's resident memory; the next access reads them again.

    An array that is not a read-only view of a memory map is left alone, and systems without the call do
    nothing.

    Parameters
    ----------
    array : numpy.ndarray
        Any array.

    Examples
    --------
    >>> release_pages(np.zeros(3))
    """
    owner = _map_under(array)
    if owner is not None and hasattr(mmap, "MADV_DONTNEED"):
        owner.madvise(mmap.MADV_DONTNEED)


def _map_under(array: np.ndarray) -> mmap.mmap | None:
    owner: Any = None if array.flags.writeable else array
    while owner is not None and not isinstance(owner, mmap.mmap):
        owner = owner.obj if isinstance(owner, memoryview) else getattr(owner, "base", None)
    return owner
