"""What the functions of this room refuse, and in which words."""

from typing import Any, NamedTuple

import numpy as np

from neuralopt.core.errors import DataError, InvalidArgument


class Rows(NamedTuple):
    """Checked data in float64."""

    H: np.ndarray  # (n, m), features; where there is a bias, less the origin
    Y: np.ndarray  # (n, k), targets
    weights: np.ndarray  # (n,), of the rows
    prior: np.ndarray  # (m, k), where the readout is pulled to
    origin: np.ndarray  # (m,), values of the columns that are constant, else 0


def check_rows(H: Any, Y: Any, weights: Any = None, prior: Any = None, bias: bool = True) -> Rows:
    """Return the data in float64 with all defaults filled in, or raise.

    Columns that are constant up to rounding are the bias's: taken away here, exactly, they cannot pass
    for features of a tiny spread.

    Parameters
    ----------
    H : array of shape (n, m)
    Y : array of shape (n, k) or (n,)
    weights : array of shape (n,), optional
    prior : array of shape (m, k), optional
    bias : bool

    Returns
    -------
    Rows

    Raises
    ------
    DataError
        For data that cannot be used: no rows, lengths that differ, values that are not finite.
    InvalidArgument
        For weights or a prior that break their law.
    """
    H = _floats("H", H)
    Y = _floats("Y", Y)
    if Y.ndim == 1:
        Y = Y[:, None]
    if H.ndim != 2 or Y.ndim != 2:
        raise DataError(f"H must have shape (n, m) and Y (n, k), got {H.shape} and {Y.shape}.")
    if len(H) != len(Y):
        raise DataError(
            f"H and Y must have the same number of rows, got {len(H)} and {len(Y)}. "
            "Likely cause: features and targets were taken from different sets."
        )
    if 0 in (*H.shape, *Y.shape):
        raise DataError(
            f"A readout needs at least one row, one feature and one target, got H of shape {H.shape} "
            f"and Y of shape {Y.shape}."
        )
    _check_finite("H", H)
    _check_finite("Y", Y)
    weights = np.ones(len(H)) if weights is None else _check_weights(weights, len(H))
    prior = _check_prior(prior, (H.shape[1], Y.shape[1]))
    if not bias:
        return Rows(H, Y, weights, prior, np.zeros(H.shape[1]))
    low, high = H.min(axis=0), H.max(axis=0)
    constant = high - low <= 8 * np.finfo(np.float64).eps * np.maximum(abs(low), abs(high))
    if constant.any():
        H = np.where(constant, 0.0, H)
    return Rows(H, Y, weights, prior, np.where(constant, low, 0.0))


def check_lambda(name: str, value: Any) -> float:
    """Return a ridge strength, or raise unless it is finite and >= 0."""
    try:
        number = float(value)
    except (TypeError, ValueError):
        number = np.nan
    if not 0 <= number < np.inf:
        raise InvalidArgument(f"{name} must be a finite number >= 0, got {value!r}.")
    return number


def check_two(weights: np.ndarray) -> None:
    """Raise unless there are two rows to leave one out of."""
    rows = int(np.sum(weights > 0))
    if rows < 2:
        raise DataError(
            f"Leaving one row out needs at least two rows of positive weight, got {rows}. "
            "Give a number for reg_lambda, or more rows."
        )


def _floats(name: str, array: Any) -> np.ndarray:
    try:
        return np.asarray(array, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise DataError(f"{name} must hold numbers only: {error}.") from error


def _check_finite(name: str, array: np.ndarray) -> None:
    bad = ~np.isfinite(array)
    if bad.any():
        row, column = np.argwhere(bad)[0]
        raise DataError(
            f"{name} must be finite, {int(bad.sum())} of {array.size} values are not; the first is "
            f"{array[row, column]} at row {row}, column {column}. Fill or drop such rows."
        )


def _check_weights(weights: Any, rows: int) -> np.ndarray:
    weights = _floats("weights", weights)
    if weights.shape != (rows,):
        raise InvalidArgument(f"weights must have shape ({rows},), got {weights.shape}.")
    bad = ~((weights >= 0) & (weights < np.inf))
    if bad.any():
        row = int(np.argmax(bad))
        raise InvalidArgument(f"weights must be finite and >= 0, got {weights[row]} at row {row}.")
    if not weights.any():
        raise InvalidArgument("weights must not all be zero: no row would count.")
    return weights


def _check_prior(prior: Any, shape: tuple[int, int]) -> np.ndarray:
    if prior is None:
        return np.zeros(shape)
    prior = _floats("prior", prior)
    if prior.shape == shape[:1] and shape[1] == 1:
        prior = prior[:, None]
    if prior.shape != shape:
        raise InvalidArgument(f"prior must have the readout's shape {shape}, got {prior.shape}.")
    if not np.isfinite(prior).all():
        raise InvalidArgument("prior must be finite. Likely cause: the network it comes from diverged.")
    return prior
