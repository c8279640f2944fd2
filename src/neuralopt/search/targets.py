"""Rows and targets as a search reads them: checked, brought into one form, predictions decoded."""

import dataclasses
import numbers
from typing import Any

import numpy as np

from neuralopt.core.arrays import read_numbers
from neuralopt.core.errors import DataError, InvalidArgument, did_you_mean
from neuralopt.search.labels import code_labels, sorted_labels
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
        return _coded(y, outputs, loss)
    column = y[:, 0] if y.ndim == 2 and y.shape[1] == 1 else y
    text = _is_text(y)
    if not isinstance(loss, str) and column.ndim == 1 and (text or column.dtype.kind in "iu"):
        return _own(column, outputs)
    if loss == "squared_error" and column.ndim == 1 and (text or outputs > 1):
        coded = _coded(column, outputs, loss)
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


def _coded(y: np.ndarray, outputs: int, loss: str) -> Targets:
    """Return labels as class indices; a readout aims at their one-hot code, or at -1 and 1."""
    codes, classes = code_labels(y, outputs, loss)
    if outputs == 1:
        real = np.where(codes == 1, 1.0, -1.0)[:, None]
    else:
        real = (codes[:, None] == np.arange(outputs)).astype(np.float64)
    return Targets(codes, real, classes, True)


def _own(y: np.ndarray, outputs: int) -> Targets:
    """Return labels for a callable as they are; a readout aims at their one-hot code."""
    found = sorted_labels(y)
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
    coded = _coded(y, outputs, "own")
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
    if found.dtype.kind == "O" and all(isinstance(value, numbers.Real) for value in found.ravel()):
        found = np.array(found.tolist())  # a table's column of numbers
    if np.iscomplexobj(found):
        raise DataError("y must hold real numbers, got complex ones. Give real and imaginary parts.")
    return found


def _is_text(y: np.ndarray) -> bool:
    """Return whether targets are labels whatever they spell: text, bool, or objects that are no numbers."""
    if y.dtype.kind != "O":
        return y.dtype.kind in "USb"
    return any(isinstance(value, str | bytes | bool) for value in y.ravel())


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
