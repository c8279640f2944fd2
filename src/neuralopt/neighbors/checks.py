"""The checks of rows, targets and identifiers that users hand in."""

from typing import Any

import numpy as np

from neuralopt.core.errors import DataError, InvalidArgument
from neuralopt.storage.paging import release_pages

_LARGEST = 1e150  # squares of differences stay finite
_BLOCK = 16384


def check_rows(X: Any, name: str, width: int | None = None) -> np.ndarray:
    """Return rows as an array of float32 or float64, or raise what is wrong with them.

    Parameters
    ----------
    X : array-like, shape (n, d)
        Rows; float32 is kept, all else becomes float64.
    name : str
        The argument's name, for the error.
    width : int, optional
        The number of columns that there must be.

    Returns
    -------
    numpy.ndarray, shape (n, d)
        The rows, C-contiguous; not a copy where none is needed.

    Raises
    ------
    DataError
        For texts, other than two axes, no rows, no columns, another width, NaN, infinity and huge numbers.
    """
    rows = np.asarray(X)
    if rows.dtype.kind not in "fiub":
        try:
            rows = rows.astype(np.float64)
        except (TypeError, ValueError):
            raise DataError(
                f"{name} must hold numbers, got an array of type {rows.dtype}. "
                "Encode texts and dates as numbers first."
            ) from None
    if rows.dtype != np.float32:
        rows = rows.astype(np.float64, copy=False)
    if rows.ndim != 2:
        raise DataError(
            f"{name} must have two axes, (rows, columns), got shape {rows.shape}. "
            "Likely cause: a single row; write it as X.reshape(1, -1)."
        )
    if rows.shape[0] == 0 or rows.shape[1] == 0:
        raise DataError(f"{name} must have at least one row and one column, got shape {rows.shape}.")
    if width is not None and rows.shape[1] != width:
        raise DataError(
            f"{name} must have the {width} columns that the lookup was fitted with, got {rows.shape[1]}. "
            "Likely cause: other features, or the target among them."
        )
    for begin in range(0, len(rows), _BLOCK):
        _check_finite(rows[begin : begin + _BLOCK], begin, name)
        release_pages(rows)
    return np.ascontiguousarray(rows)


def _check_finite(block: np.ndarray, begin: int, name: str) -> None:
    good = np.abs(block) <= min(_LARGEST, float(np.finfo(block.dtype).max))
    if good.all():
        return
    row, column = np.argwhere(~good)[0]
    value = block[row, column]
    where = f"row {begin + row}, column {column} is {value}"
    if np.isfinite(value):
        raise DataError(f"{name} must hold numbers of at most {_LARGEST:g}; {where}. Rescale that column.")
    raise DataError(
        f"{name} must hold finite numbers; {where}. Likely cause: missing values. "
        "Fill them in, or leave those rows out."
    )


def check_targets(y: Any, rows: int, like: np.ndarray | None) -> np.ndarray:
    """Return the targets of rows, or raise what is wrong with them.

    Parameters
    ----------
    y : array-like, shape (n,) or (n, outputs)
        Numbers or booleans.
    rows : int
        How many there must be.
    like : numpy.ndarray, optional
        The targets that are there already.

    Returns
    -------
    numpy.ndarray
        The targets.

    Raises
    ------
    DataError
        For other types, lengths and widths.
    """
    targets = np.asarray(y)
    if targets.dtype.kind not in "fiub":
        raise DataError(
            f"y must hold numbers, got an array of type {targets.dtype}. Encode classes as 0, 1, ..."
        )
    if targets.ndim not in (1, 2) or len(targets) != rows:
        raise DataError(f"y must have one row for each of the {rows} rows of X, got shape {targets.shape}.")
    if like is not None and not np.can_cast(targets.dtype, like.dtype, "same_kind"):
        raise DataError(
            f"y must be of the type that the lookup was fitted with, {like.dtype}, got {targets.dtype}. "
            "Likely cause: whole numbers in fit; give them there as floats."
        )
    if like is not None and targets.shape[1:] != like.shape[1:]:
        raise DataError(
            f"y must have the outputs that the lookup was fitted with, {like.shape[1:]}, "
            f"got {targets.shape[1:]}."
        )
    return targets


def check_ids(ids: Any, name: str = "ids", rows: int | None = None) -> np.ndarray:
    """Return identifiers as int64, or raise what is wrong with them.

    Parameters
    ----------
    ids : array-like, shape (n,)
        Whole numbers, none twice.
    name : str
        The argument's name, for the error.
    rows : int, optional
        How many there must be.

    Returns
    -------
    numpy.ndarray, shape (n,)
        Of int64.

    Raises
    ------
    InvalidArgument
        For other types, a wrong number of them, and repeated ones.
    """
    found = np.atleast_1d(np.asarray(ids))
    if found.ndim != 1 or (found.size and found.dtype.kind not in "iu"):
        raise InvalidArgument(
            f"{name} must be a list of whole numbers, got shape {found.shape} of type {found.dtype}."
        )
    if rows is not None and len(found) != rows:
        raise InvalidArgument(f"{name} must name each of the {rows} rows of X, got {len(found)} of them.")
    found = found.astype(np.int64)
    distinct, counts = np.unique(found, return_counts=True)
    if len(distinct) < len(found):
        raise InvalidArgument(
            f"{name} must not repeat; {distinct[counts > 1][0]} stands {counts.max()} times in them."
        )
    return found
