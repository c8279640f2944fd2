"""Losses with hand-written gradients, once for every array namespace.

A loss is defined row by row; the batch loss is the weighted sum of its rows.
The engine passes weights that sum to one over the rows that count, so that a
padded last batch is the mean over its real rows.
"""

import abc
import dataclasses
from collections.abc import Callable
from typing import Any

from neuralopt.core.errors import InvalidArgument, did_you_mean
from neuralopt.core.namespace import namespace


class Loss(abc.ABC):
    """A loss of predictions and targets.

    Attributes
    ----------
    title : str
        What tables and plots call it.
    targets : {"real", "class"}
        What the targets are: real numbers of shape (n, k), or class indices of shape (n,).
    """

    title: str
    targets: str

    @abc.abstractmethod
    def rows(self, prediction: Any, target: Any) -> Any:
        """Return the loss of every row, shape (n,), from predictions of shape (n, k)."""

    @abc.abstractmethod
    def row_gradients(self, prediction: Any, target: Any) -> Any:
        """Return the gradient of every row's loss in its prediction, shape (n, k)."""

    def value(self, prediction: Any, target: Any, weights: Any = None) -> Any:
        """Return the weighted sum of the rows' losses, or their mean without weights.

        Parameters
        ----------
        prediction : array of shape (n, k)
        target : array of shape (n, k) or (n,)
        weights : array of shape (n,), optional

        Returns
        -------
        array of shape ()
        """
        rows = self.rows(prediction, target)
        xp = namespace(rows)
        return xp.mean(rows) if weights is None else xp.sum(weights * rows)

    def value_and_gradient(self, prediction: Any, target: Any, weights: Any = None) -> tuple[Any, Any]:
        """Return `value` and its gradient in the predictions, shape (n, k)."""
        gradients = self.row_gradients(prediction, target)
        if weights is None:
            return self.value(prediction, target), gradients * (1 / prediction.shape[0])
        return self.value(prediction, target, weights), gradients * weights[:, None]


@dataclasses.dataclass(frozen=True)
class SquaredError(Loss):
    """The mean over outputs of the squared error.

    Examples
    --------
    >>> import numpy as np
    >>> float(SquaredError().value(np.array([[1.0], [3.0]]), np.array([[0.0], [0.0]])))
    5.0
    """

    title = "mean squared error"
    targets = "real"

    def rows(self, prediction: Any, target: Any) -> Any:
        """Return the mean squared error of every row; see `Loss.rows`."""
        error = prediction - target
        return namespace(error).sum(error * error, axis=1) * (1 / prediction.shape[1])

    def row_gradients(self, prediction: Any, target: Any) -> Any:
        """Return ``2 (prediction - target) / k``; see `Loss.row_gradients`."""
        return (prediction - target) * (2 / prediction.shape[1])


@dataclasses.dataclass(frozen=True)
class CrossEntropy(Loss):
    """The negative log-likelihood of the true class under the softmax of the outputs.

    Examples
    --------
    >>> import numpy as np
    >>> round(float(CrossEntropy().value(np.zeros((1, 4)), np.array([2]))), 6)  # log 4
    1.386294
    """

    title = "cross-entropy"
    targets = "class"

    def rows(self, prediction: Any, target: Any) -> Any:
        """Return ``logsumexp(z) - z[target]`` of every row; see `Loss.rows`."""
        xp = namespace(prediction)
        shifted = prediction - xp.max(prediction, axis=1, keepdims=True)
        true = xp.sum(shifted * _one_hot(target, prediction), axis=1)
        return xp.log(xp.sum(xp.exp(shifted), axis=1)) - true

    def row_gradients(self, prediction: Any, target: Any) -> Any:
        """Return ``softmax(z) - onehot(target)``; see `Loss.row_gradients`."""
        return softmax(prediction) - _one_hot(target, prediction)


@dataclasses.dataclass(frozen=True)
class Hinge(Loss):
    """The multi-class hinge: how far the best wrong class comes within a margin of 1 of the true one.

    References
    ----------
    Crammer and Singer, 2001, JMLR 2, equation 5.

    Examples
    --------
    >>> import numpy as np
    >>> float(Hinge().value(np.array([[0.2, 0.5]]), np.array([0])))
    1.3
    """

    title = "hinge"
    targets = "class"

    def _violation(self, prediction: Any, target: Any) -> tuple[Any, Any, Any]:
        xp = namespace(prediction)
        true = _one_hot(target, prediction)
        margins = 1 - true + prediction - xp.sum(prediction * true, axis=1, keepdims=True)
        return xp.max(margins, axis=1), margins, true

    def rows(self, prediction: Any, target: Any) -> Any:
        """Return ``max_j(1[j != y] + z_j) - z_y`` of every row; see `Loss.rows`."""
        return self._violation(prediction, target)[0]

    def row_gradients(self, prediction: Any, target: Any) -> Any:
        """Return a subgradient: the worst class up, the true one down; see `Loss.row_gradients`."""
        xp = namespace(prediction)
        _, margins, true = self._violation(prediction, target)
        return _one_hot(xp.argmax(margins, axis=1), prediction) - true


def _one_hot(target: Any, prediction: Any) -> Any:
    xp = namespace(prediction)
    classes = xp.arange(prediction.shape[1], dtype=target.dtype)
    return xp.astype(target[:, None] == classes[None, :], prediction.dtype)


def softmax(scores: Any) -> Any:
    """Return the softmax of every row.

    Parameters
    ----------
    scores : array of shape (n, k)
        Any real numbers.

    Returns
    -------
    array of shape (n, k)
        Shares that sum to one in every row.

    Examples
    --------
    >>> import numpy as np
    >>> softmax(np.array([[0.0, 0.0]]))
    array([[0.5, 0.5]])
    """
    xp = namespace(scores)
    weights = xp.exp(scores - xp.max(scores, axis=1, keepdims=True))
    return weights / xp.sum(weights, axis=1, keepdims=True)


LOSSES: dict[str, Loss] = {
    "squared_error": SquaredError(),
    "cross_entropy": CrossEntropy(),
    "hinge": Hinge(),
}


def get_loss(loss: str | Loss | Callable[..., Any]) -> Any:
    """Return a loss by name, or a `Loss` or callable as it is.

    Parameters
    ----------
    loss : {"squared_error", "cross_entropy", "hinge"}, Loss or callable
        A callable ``loss(prediction, target)`` gives a scalar or one value for each row.

    Returns
    -------
    Loss or callable
        Ready for `train`.

    Raises
    ------
    InvalidArgument
        For an unknown name, with the nearest known one.

    Examples
    --------
    >>> get_loss("hinge")
    Hinge()
    """
    if isinstance(loss, Loss) or callable(loss):
        return loss
    if not isinstance(loss, str) or loss not in LOSSES:
        hint = did_you_mean(loss, LOSSES) if isinstance(loss, str) else ""
        raise InvalidArgument(f"unknown loss {loss!r}.{hint} Known: {', '.join(LOSSES)}, or your own.")
    return LOSSES[loss]
