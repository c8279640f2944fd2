"""How much memory a search may use: ``"256MB"`` as bytes, and the blocks that fit into it."""

import numbers
import re
from typing import Any, NamedTuple

from neuralopt.core.errors import InvalidArgument

_UNITS = {"": 1, "b": 1}
_UNITS |= {f"{letter}b": 1000**power for power, letter in enumerate("kmgt", 1)}
_UNITS |= {f"{letter}ib": 1024**power for power, letter in enumerate("kmgt", 1)}
_LEAST = 1_000_000


class Blocks(NamedTuple):
    """The sizes of the pieces that a search is cut into."""

    rows: int  # stored rows compared at a time
    queries: int  # queries compared with them at a time
    batch: int  # queries whose candidates are kept during one pass over the rows
    pairs: int  # pairs of a query and a candidate whose distance is computed at a time


def parse_memory(value: Any) -> int:
    """Return a number of bytes.

    Parameters
    ----------
    value : int or str
        Bytes, or a number with a unit: B, KB, MB, GB, TB (powers of 1000), KiB, MiB, GiB, TiB (of 1024).

    Returns
    -------
    int
        At least 1 MB.

    Raises
    ------
    InvalidArgument
        For what is no amount of memory, and for less than 1 MB.

    Examples
    --------
    >>> parse_memory("256MB"), parse_memory("1.5 GiB")
    (256000000, 1610612736)
    """
    size = None
    if isinstance(value, numbers.Integral) and not isinstance(value, bool):
        size = int(value)
    elif isinstance(value, str):
        found = re.fullmatch(r"\s*(\d+\.?\d*)\s*([a-z]*)\s*", value.lower())
        if found and found[2] in _UNITS:
            size = int(float(found[1]) * _UNITS[found[2]])
    if size is None:
        raise InvalidArgument(
            "max_memory must be bytes as a whole number, or a number with a unit such as '256MB' or '2GiB', "
            f"got {value!r}."
        )
    if size < _LEAST:
        raise InvalidArgument(f"max_memory must be at least 1MB, got {value!r} ({size} bytes).")
    return size


def blocks(memory: int, width: int, candidates: int) -> Blocks:
    """Return the largest pieces whose temporaries stay within half of the memory.

    Parameters
    ----------
    memory : int
        Bytes.
    width : int
        Columns.
    candidates : int
        Candidates kept for each query.

    Returns
    -------
    Blocks
        Every size >= 1.
    """
    share = memory // 6
    # a row is widened to float64 twice and kept in float32; a comparison is a float64, a flag and a position
    rows = _between(16, share // (24 * width), 8192)
    queries = _between(1, share // (24 * rows), 256)
    batch = _between(1, share // (28 * width + 72 * candidates), 16384)
    return Blocks(rows, queries, batch, _between(16, share // (32 * width), 16384))


def _between(low: int, size: int, high: int) -> int:
    return max(low, min(size, high))
