"""Checks of the rows that joint training is given."""

import warnings
from typing import Any

import numpy as np

from neuralopt.core.arrays import read_numbers
from neuralopt.core.errors import DataError, InvalidArgument

_TELLING = 5  # rows whose spread says something
_UNITS = 30.0  # a ratio of spreads that other units explain better than an error of the simulator


def check_inputs(X: Any, name: str, width: int) -> np.ndarray:
    """Return inputs of shape (n, width) in float64, or raise with the place and the cure."""
    X = read_numbers(X, name)
    if X.ndim != 2:
        raise DataError(f"{name} must have shape (n, {width}), got {X.shape}.")
    if X.shape[1] != width:
        raise DataError(
            f"{name} must have {width} columns (input_dim), got {X.shape[1]}. Likely cause: simulated and "
            "real rows carry different columns. Give both the same ones in the same order."
        )
    return np.ascontiguousarray(X)  # sums in another order of memory differ in the last digits


def names_of(X: Any) -> list[str] | None:
    """Return the names of a table's columns, or None for what has none."""
    return [str(name) for name in X.columns] if hasattr(X, "columns") else None


def in_order(X: Any, names: list[str] | None, label: str) -> Any:
    """Return a table with its columns in the order of names, or raise where it has others."""
    own = names_of(X)
    if own is None or names is None or own == names:
        return X
    if sorted(own) != sorted(names):
        absent = [name for name in names if name not in own]
        other = [name for name in own if name not in names]
        raise DataError(
            f"{label} must have the columns of X_sim: it lacks {', '.join(absent) or 'none'} and has "
            f"{', '.join(other) or 'one twice'} instead. Give both tables the same columns."
        )
    return X.iloc[:, [own.index(name) for name in names]]


def check_targets(y: Any, name: str, rows: int, width: int) -> np.ndarray:
    """Return real targets of shape (rows, width) in float64, or raise."""
    y = read_numbers(y, name)
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


def check_told(Y_sim: np.ndarray) -> None:
    """Raise where the simulator answers every row alike."""
    still = np.flatnonzero(np.ptp(Y_sim, axis=0) == 0)
    if len(still):
        which = "" if Y_sim.shape[1] == 1 else f" in column {still[0]}"
        raise DataError(
            f"y_sim must vary, but all its values{which} are equal: the simulator says nothing. Look for a "
            "wrong column, or train on the real rows alone, for example by NeuralRegressor."
        )


def warn_about(
    X_sim: np.ndarray, X_real: np.ndarray, Y_real: np.ndarray, names: list[str] | None = None
) -> None:
    """Warn of columns that the simulator never varied, and of real rows that repeat others."""
    named = names or list(range(X_sim.shape[1]))
    still = np.ptp(X_sim, axis=0) == 0
    known = still & np.all(X_real == X_sim[0], axis=0)
    if known.any():
        _warn(f"Input {named[int(np.argmax(known))]} is constant in all rows: it is not used.")
    if (still & ~known).any():
        _warn(
            f"Input {named[int(np.argmax(still & ~known))]} is constant in the simulated rows and differs in "
            "the real ones: the simulator knows nothing of it."
        )
    repeated = len(X_real) - len(np.unique(np.hstack([X_real, Y_real]), axis=0))
    if repeated:
        _warn(
            f"{repeated} of {len(X_real)} real rows repeat others exactly: errors by leaving one out are "
            "then too small. Drop them, unless they were measured anew."
        )


def warn_about_targets(Y_sim: np.ndarray, Y_real: np.ndarray) -> None:
    """Warn of real targets that are all equal, or look as if they were in other units."""
    if len(Y_real) < _TELLING:
        return
    # by quartiles: one outlier is no other unit
    middle, usual = (np.subtract(*np.quantile(Y, [0.75, 0.25], axis=0)) for Y in (Y_real, Y_sim))
    ratio = np.maximum(middle, 1e-300) / np.maximum(usual, 1e-300)
    j = int(np.argmax(np.abs(np.log(ratio))))
    if (still := np.ptp(Y_real, axis=0) == 0).any():
        which = "" if len(still) == 1 else f" in column {int(np.argmax(still))}"
        _warn(
            f"All {len(Y_real)} real targets{which} are equal: errors beside their spread say nothing, and a "
            "constant is all that they can teach."
        )
    elif usual[j] > 0 and middle[j] > 0 and not 1 / _UNITS < ratio[j] < _UNITS:
        _warn(
            f"The real targets have {ratio[j]:.3g} times the spread of the simulated ones. Likely cause: "
            "other units. Convert them."
        )


def _warn(text: str) -> None:
    warnings.warn(text, UserWarning, stacklevel=5)  # the caller of fit
