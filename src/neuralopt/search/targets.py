"""Rows and targets as a search reads them: checked, labels coded, predictions decoded."""

import dataclasses
from typing import Any

import numpy as np

from neuralopt.core.arrays import read_numbers
from neuralopt.core.errors import DataError, InvalidArgument, did_you_mean
from neuralopt.search.objectives import NAMED, Objective, classes_of, own_objective

CLASS_LOSSES = ("01", "cross_entropy", "hinge", "f1", "auc")
_MOST = 1e150  # the square of a larger number is near the end of float64


@dataclasses.dataclass
class Targets:
    """The targets of one search.

    Attributes
    ----------
    y : array
        As the objective takes them: float64 of shape (n, k), or class indices of shape (n,).
    real : float64 array of shape (n, k)
        What a least-squares readout aims at: y itself; of classes one-hot, or -1 and 1 for one output.
    classes : array or None
        The labels, in the order of the outputs.
    one_column : bool
        Whether y had shape (n,).
    """

    y: np.ndarray
    real: np.ndarray
    classes: np.ndarray | None
    one_column: bool

    def objective(self, loss: Any, outputs: np.ndarray) -> Objective:
        """Return the objective of a loss by name or callable, tried on the first outputs."""
        if isinstance(loss, str):
            return NAMED[loss](self.y, 0 if self.classes is None else len(self.classes))
        return own_objective(loss, outputs, self.y)


def check_loss(loss: Any) -> None:
    """Raise unless a loss is a known name or a callable."""
    if callable(loss) or (isinstance(loss, str) and loss in NAMED):
        return
    hint = did_you_mean(loss, NAMED) if isinstance(loss, str) else ""
    raise InvalidArgument(
        f"unknown loss {loss!r}.{hint} Known: {', '.join(NAMED)}, or your own loss(prediction, y)."
    )


def read_inputs(X: Any, width: int) -> np.ndarray:
    """Return inputs of shape (n, width) in float64, or raise with the place and the cure."""
    X = _bounded(read_numbers(X, "X"), "X")
    if X.ndim != 2 or X.shape[1] != width:
        raise DataError(
            f"X must have shape (n, {width}) for input_size={width}, got {X.shape}. "
            "Likely cause: other columns than at training, or one row that is not in brackets."
        )
    if not len(X):
        raise DataError(f"X must have at least one row, got shape {X.shape}.")
    return np.ascontiguousarray(X)


def read_targets(y: Any, rows: int, outputs: int, loss: Any) -> Targets:
    """Return targets for a loss, or raise."""
    y = _array(y)
    if len(y.shape) not in (1, 2) or len(y) != rows:
        raise DataError(f"y must have an entry or a row for each of {rows} rows of X, got shape {y.shape}.")
    if isinstance(loss, str) and loss in CLASS_LOSSES:
        return _labels(y, outputs, loss)
    column = y[:, 0] if y.ndim == 2 and y.shape[1] == 1 else y
    text = _is_text(y)
    if not isinstance(loss, str) and column.ndim == 1 and (text or column.dtype.kind in "iu"):
        return _own(column, outputs)
    if loss == "squared_error" and column.ndim == 1 and (text or outputs > 1):
        coded = _labels(column, outputs, loss)
        return Targets(coded.real, coded.real, coded.classes, True)
    real = _bounded(read_numbers(y, "y"), "y")
    one = real.ndim == 1
    real = real[:, None] if one else real
    if real.shape[1] != outputs:
        raise DataError(
            f"y must have {outputs} columns for output_size={outputs}, got shape {y.shape}. "
            "Give one column for each output, or class labels of shape (n,)."
        )
    return Targets(real, real, None, one)


def decode(outputs: np.ndarray, classes: np.ndarray | None, one_column: bool) -> np.ndarray:
    """Return predictions of the form that y had: labels, or numbers of shape (n,) or (n, k)."""
    if classes is not None:
        return classes[np.minimum(classes_of(outputs), len(classes) - 1)]
    return outputs[:, 0] if one_column else outputs


def _labels(y: np.ndarray, outputs: int, loss: str) -> Targets:
    if y.ndim == 2 and y.shape[1] == 1:
        y = y[:, 0]
    if y.ndim == 2:
        y = _one_hot_labels(y, outputs, loss)
    if y.dtype.kind == "f":
        bad = ~np.isfinite(y) | (y != np.round(y))
        if bad.any():
            raise DataError(
                f"loss {loss!r} takes class labels, y has {float(y[bad][0])!r} in row {int(np.argmax(bad))}. "
                "Likely cause: real targets. Use loss='squared_error', or round them to labels."
            )
    found = _sorted(y)
    room = max(outputs, 2)
    if len(found) > room:
        raise DataError(
            f"loss {loss!r} with output_size={outputs} takes at most {room} classes, y has {len(found)}: "
            f"{', '.join(map(repr, found[:6].tolist()))}{', ...' if len(found) > 6 else ''}. "
            f"Likely cause: real targets, which loss='squared_error' takes{_as_floats(found)}, or too "
            f"few outputs: classes need output_size={len(found)}, which SearchClassifier sets itself."
        )
    if loss == "auc" and len(found) != 2:
        raise DataError(f"loss 'auc' takes rows of two classes, y has {len(found)}: {found.tolist()}.")
    classes = _classes(found, outputs)
    codes = np.searchsorted(classes, y)
    if outputs == 1:
        real = np.where(codes == 1, 1.0, -1.0)[:, None]
    else:
        real = (codes[:, None] == np.arange(outputs)).astype(np.float64)
    return Targets(codes, real, classes, True)


def _classes(found: np.ndarray, outputs: int) -> np.ndarray:
    """Return the label of every output; labels counted from 0 leave room for absent ones."""
    if found.dtype.kind in "iufb" and np.isin(found, np.arange(max(outputs, 2))).all():
        return np.arange(max(outputs, 2)).astype(found.dtype if found.dtype.kind != "b" else np.int64)
    if len(found) == 1 and found.dtype.kind in "iuf":
        return np.sort(np.array([found[0], -found[0]]))
    return found


def _as_floats(found: np.ndarray) -> str:
    """Return how text that spells numbers becomes numbers."""
    try:
        found.astype(np.float64)
    except (TypeError, ValueError):
        return ""
    return " as y.astype(float)" if found.dtype.kind in "OUS" else ""


def _one_hot_labels(y: np.ndarray, outputs: int, loss: str) -> np.ndarray:
    law = f"loss {loss!r} takes labels of shape (n,), or one-hot rows of {outputs} columns"
    if y.shape[1] != outputs:
        raise DataError(
            f"{law}, got shape {y.shape}. Likely cause: another output_size than classes, or several targets."
        )
    wrong = ~(np.isin(y, (0, 1)).all(axis=1) & ((y == 1).sum(axis=1) == 1))
    if wrong.any():
        row = int(np.argmax(wrong))
        raise DataError(
            f"{law}: a single 1 and else 0; row {row} is {y[row].tolist()}. Likely cause: soft labels, "
            "several labels in a row, or none. Give the most likely class: y.argmax(axis=1)."
        )
    return y.argmax(axis=1)


def _own(y: np.ndarray, outputs: int) -> Targets:
    """Return labels for a callable as they are; a readout aims at their one-hot code."""
    found = _sorted(y)
    if (
        y.dtype.kind not in "iu"
        or len(found) > max(outputs, 2)
        or (outputs > 1 and not _counted(found, outputs))
    ):
        if y.dtype.kind in "iu" and outputs == 1:
            return Targets(y, y.astype(np.float64)[:, None], None, True)
        raise DataError(
            f"a loss of one's own takes numbers, or class indices 0..{max(outputs, 2) - 1} for "
            f"output_size={outputs}; y has {found[:6].tolist()}. Code the labels first."
        )
    coded = _labels(y, outputs, "own")
    return Targets(y, coded.real, coded.classes, True)


def _counted(found: np.ndarray, outputs: int) -> bool:
    return bool(np.isin(found, np.arange(outputs)).all())


def _array(y: Any) -> np.ndarray:
    """Return targets as an array; NumPy alone would turn the numbers of a mixed list into text."""
    if y is None:
        raise DataError("y must be an array of targets, got None. Likely cause: it was never assigned.")
    found = np.asarray(y)
    if found.dtype.kind in "US" and not hasattr(y, "dtype"):
        found = np.asarray(y, dtype=object)
        if all(isinstance(label, str) for label in found.ravel()):
            found = np.asarray(y)
    if np.iscomplexobj(found):
        raise DataError("y must hold real numbers, got complex ones. Give real and imaginary parts.")
    return found


def _is_text(y: np.ndarray) -> bool:
    """Return whether targets are labels whatever they spell: text, bool, or objects that are no numbers."""
    if y.dtype.kind != "O":
        return y.dtype.kind in "USb"
    return any(isinstance(value, str | bytes | bool) for value in y.ravel())


def _sorted(y: np.ndarray) -> np.ndarray:
    """Return the different labels in order, or raise where they have none."""
    try:
        return np.unique(y)
    except TypeError:
        kinds = [type(label).__name__ for label in y.ravel()]
        row = next((k for k, kind in enumerate(kinds) if kind != kinds[0]), 0)
        raise DataError(
            f"labels must be all numbers or all text, y has {y[0]!r} in row 0 and {y[row]!r} in row {row}. "
            "Likely cause: missing labels, or a column of mixed types. Drop such rows, or convert all: "
            "y.astype(str)."
        ) from None


def _bounded(A: np.ndarray, name: str) -> np.ndarray:
    """Return an array whose squares float64 can hold, or raise."""
    most = float(np.abs(A).max(initial=0.0))
    if most > _MOST:
        raise DataError(
            f"{name} must be at most {_MOST:g} in size, the largest value is {most:g}: its square is beyond "
            f"float64. Likely cause: a marker of missing values, or another unit. Scale {name}: "
            f"{name} / abs({name}).max()."
        )
    return A
