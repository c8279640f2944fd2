"""A loss of one's own: called with arrays that it cannot change, its answer checked, its errors placed."""

from collections.abc import Callable
from typing import Any

import numpy as np

from neuralopt.core.errors import DataError, InvalidArgument, NeuraloptError

Loss = Callable[[Any, Any], Any]


class UnkeptLoss:
    """Stands for a loss of one's own that a file does not hold; whoever calls it is told so.

    Parameters
    ----------
    kind : str
        The class of the model.
    name : str
        What the loss was called.
    """

    def __init__(self, kind: str, name: str) -> None:
        self._kind, self.__name__ = kind, name

    def __call__(self, prediction: Any, y: Any) -> Any:
        """Raise: without the loss there is nothing to lower."""
        raise InvalidArgument(
            f"loss {self.__name__} of this {self._kind} is needed to go on training, and is not there: a "
            f"file does not hold a loss of one's own. Give it again: {self._kind}.load(path, loss=...)."
        )


def name_of(loss: Any) -> str:
    """Return what errors and files call a loss."""
    return str(getattr(loss, "__name__", type(loss).__name__))


def call(loss: Loss, prediction: Any, y: Any) -> Any:
    """Return what a loss answers, for read-only views; what it raises tells what it was called with.

    Raises
    ------
    DataError
        Where the loss writes into what it was given.
    """
    try:
        return loss(_view(prediction), _view(y))
    except NeuraloptError:
        raise
    except Exception as error:
        if isinstance(error, ValueError) and "read-only" in str(error):
            raise DataError(
                f"loss {name_of(loss)} must not change what it is given, prediction and y are read-only "
                f"({error}). Likely cause: an operation in place, such as y -= 1 or y.sort(). "
                "Work on a copy: y = y.copy()."
            ) from error
        error.add_note(
            f"The loss {name_of(loss)} was called with predictions of shape {np.shape(prediction)} and "
            f"targets of shape {np.shape(y)}."
        )
        raise


def check_answer(loss: Loss, found: Any, prediction: Any, y: Any) -> tuple[int, ...]:
    """Return the shape of a loss's answer, (n,) or (), or raise with what is wrong about it.

    Raises
    ------
    DataError
        For no real numbers, or another shape.
    """
    n = len(prediction)
    law = (
        f"loss {name_of(loss)} must return one value for each of {n} rows, shape ({n},), or one number for "
        "the whole set"
    )
    if found is None:
        raise DataError(f"{law}; it returned None. Likely cause: a function without return.")
    if not hasattr(found, "dtype") or not hasattr(found, "shape"):
        try:
            found = np.asarray(found)
        except ValueError:
            raise DataError(f"{law}; it returned a sequence of parts that differ in length.") from None
    kind = np.dtype(found.dtype).kind
    if kind == "c":
        raise DataError(f"{law}; it returned complex numbers. Return their size: abs(...).")
    if kind not in "biufV":  # V: bfloat16
        raise DataError(f"{law}; it returned {np.asarray(found).ravel()[:1].tolist()} of {found.dtype}.")
    if found.shape not in ((n,), ()):
        raise DataError(
            f"{law}; it returned shape {found.shape} for predictions of shape {prediction.shape} and targets "
            f"of shape {np.shape(y)}. {_cause(found.shape, n, prediction.shape[1], np.shape(y))}"
        )
    return tuple(found.shape)


def check_finite(loss: Loss, found: Any, prediction: Any, y: Any) -> None:
    """Raise where the answer for the first network is NaN or infinite.

    Raises
    ------
    DataError
        With the first row, its prediction and its target.
    """
    found = np.asarray(found, np.float64)
    bad = ~np.isfinite(found)
    if not bad.any():
        return
    row = int(np.argmax(bad))
    where = ""
    if found.ndim:
        where = (
            f", in {int(bad.sum())} of {len(bad)} rows; row {row} has prediction {_brief(prediction[row])}"
        )
        where += f" and y {_brief(y[row])}"
    raise DataError(
        f"loss {name_of(loss)} must be finite, it returned {found.ravel()[row]} for the first network"
        f"{where}. Likely cause: the logarithm or root of a number below zero, or a division by zero. Bound "
        "what it takes, for example log(maximum(p, 1e-12))."
    )


def _cause(shape: tuple[int, ...], n: int, outputs: int, targets: tuple[int, ...]) -> str:
    """Return the likely cause of a wrong shape, and its cure."""
    if shape == (n, 1):
        return "Likely cause: the column of one output was kept. Take it: [:, 0]."
    if shape == (n, outputs) and (n != outputs or targets == (n, outputs)):
        return "Likely cause: one value for each output. Reduce them: .sum(axis=1) or .mean(axis=1)."
    if shape == (n, n):
        return (
            "Likely cause: a column of shape (n, 1) met a row of shape (n,), which gives all pairs. "
            "Take columns of both: prediction[:, 0] and y[:, 0]."
        )
    if int(np.prod(shape)) == 1:
        return "Likely cause: one number in brackets. Return it without: [0], or float(...)."
    if len(shape) == 1:
        return "Likely cause: rows were selected or dropped. Return 0 for rows that do not count."
    return "Reduce it to one value for each row, or to one number: .mean()."


def _brief(value: Any) -> str:
    return np.array2string(np.asarray(value), precision=4, threshold=6)


def _view(A: Any) -> Any:
    if not isinstance(A, np.ndarray):
        return A
    A = A.view()
    A.flags.writeable = False
    return A
