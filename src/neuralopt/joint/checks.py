"""Checks of the rows that joint training is given."""

import warnings
from typing import Any

import numpy as np

from neuralopt.core.errors import DataError, InvalidArgument


def check_inputs(X: Any, name: str, width: int) -> np.ndarray:
    """Return inputs of shape (n, width) in float64, or raise with the place and the cure."""
    X = numbers(X, name)
    if X.ndim != 2:
        raise DataError(f"{name} must have shape (n, {width}), got {X.shape}.")
    if X.shape[1] != width:
        raise DataError(
            f"{name} must have {width} columns (input_dim), got {X.shape[1]}. Likely cause: simulated and "
            "real rows carry different columns. Give both the same ones in the same order."
        )
    return X


def check_targets(y: Any, name: str, rows: int, width: int) -> np.ndarray:
    """Return real targets of shape (rows, width) in float64, or raise."""
    y = numbers(y, name)
    if y.ndim == 1:
        y = y[:, None]
    if y.ndim != 2 or y.shape[1] != width:
        raise DataError(f"{name} must have {width} columns (output_dim), got an array of shape {y.shape}.")
    if len(y) != rows:
        raise DataError(f"{name} must have as many rows as its inputs, {rows}, got {len(y)}.")
    return y


def check_labels(y: Any, name: str, rows: int) -> np.ndarray:
    """Return labels of shape (rows,), or raise."""
    y = np.asarray(y)
    if y.ndim == 2 and y.shape[1] == 1:
        y = y[:, 0]
    if y.shape != (rows,):
        raise DataError(f"{name} must hold one label for each of {rows} rows, got shape {y.shape}.")
    if y.dtype.kind == "f" and not np.isfinite(y).all():
        raise DataError(f"{name} must be finite; row {int(np.argmin(np.isfinite(y)))} is not.")
    return y


def numbers(A: Any, name: str) -> np.ndarray:
    """Return an array of finite float64, or raise with the first place that is not."""
    try:
        A = np.asarray(A, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise DataError(f"{name} must hold numbers only: {error}. Encode text first.") from None
    bad = ~np.isfinite(A)
    if bad.any():
        place = tuple(int(i) for i in np.unravel_index(int(np.argmax(bad)), bad.shape))
        raise DataError(
            f"{name} must be finite, {int(bad.sum())} of {A.size} values are not; the first is {A[place]} "
            f"at {', '.join(map('{} {}'.format, ('row', 'column'), place))}. Fill or drop such rows."
        )
    return A


def check_weights(weights: Any) -> tuple[float, ...]:
    """Return the weights of the loss's terms, or raise."""
    try:
        found = [float(w) for w in weights]
    except (TypeError, ValueError):
        found = []
    if len(found) not in (2, 3) or not all(0 <= w < np.inf for w in found) or not found[0]:
        raise InvalidArgument(
            "loss_weights must be two or three numbers >= 0 (supervised, alignment, neighbours), the first "
            f"above 0, got {weights!r}."
        )
    return tuple(found)


def warn_about(X_sim: np.ndarray, X_real: np.ndarray, Y_real: np.ndarray) -> None:
    """Warn of columns that the simulator never varied, and of real rows that repeat others."""
    if not len(X_real):
        return
    still = (np.ptp(X_sim, axis=0) == 0) & (np.ptp(X_real, axis=0) > 0)
    if still.any():
        warnings.warn(
            f"Input {int(np.argmax(still))} is constant in the simulated rows and varies in the real ones: "
            "the simulator knows nothing of it.",
            UserWarning,
            stacklevel=4,
        )
    repeated = len(X_real) - len(np.unique(np.hstack([X_real, Y_real]), axis=0))
    if repeated:
        warnings.warn(
            f"{repeated} of {len(X_real)} real rows repeat others exactly: errors by leaving one out are "
            "then too small. Drop them, unless they were measured anew.",
            UserWarning,
            stacklevel=4,
        )
