"""The loss at many points of weight space at once."""

import itertools
from collections.abc import Callable
from typing import Any

import numpy as np

from neuralopt.models import MLP, Loss
from neuralopt.models.activations import ACTIVATIONS

_BYTES = 32 * 2**20


class Landscape:
    """The loss of an MLP on given rows, at combinations of a few points of weight space.

    Where the first layer is wide this is far cheaper than one forward pass for each combination: its
    inputs times the weights are computed once for each of the few points and then combined.

    Parameters
    ----------
    mlp : MLP
        The network.
    X : array of shape (n, layer_sizes[0])
        Inputs.
    y : array
        Targets, as ``loss`` takes them.
    loss : Loss
        The mean over rows is taken.

    Examples
    --------
    >>> from neuralopt.models import SquaredError
    >>> net = MLP((2, 1))
    >>> landscape = Landscape(net, np.eye(2), np.zeros((2, 1)), SquaredError())
    >>> points = np.array([[0.0, 0, 0], [1, 1, 0]])  # W, then b
    >>> landscape(points, np.array([[1.0, 0], [0, 1], [0, 2]])).tolist()
    [0.0, 1.0, 4.0]
    """

    def __init__(self, mlp: MLP, X: np.ndarray, y: np.ndarray, loss: Loss) -> None:
        self._mlp, self._loss = mlp, loss
        self._X, self._y = np.asarray(X), np.asarray(y)

    def __call__(self, points: np.ndarray, weights: np.ndarray) -> np.ndarray:
        """Return the losses at ``weights @ points``.

        Parameters
        ----------
        points : array of shape (k, parameters)
            Parameters as vectors, leaf after leaf: W and b of the first layer, and so on.
        weights : array of shape (m, k)
            One combination a row.

        Returns
        -------
        float array of shape (m,)
            Infinite where it overflows.
        """
        sizes = self._mlp.layer_sizes
        layers, start = [], 0
        for n, m in itertools.pairwise(sizes):
            W = points[:, start : start + n * m].reshape(-1, n, m)
            layers.append((W, points[:, start + n * m : start + (n + 1) * m]))
            start += (n + 1) * m
        first = self._X @ layers[0][0] + layers[0][1][:, None, :]  # (k, n, units)
        rows = max(1, _BYTES // max(first[0].nbytes, 8 * max(W[0].size for W, _ in layers[1:] or layers)))
        weights, values = np.asarray(weights, first.dtype), []
        with np.errstate(all="ignore"):  # far away from a minimum losses may overflow
            for begin in range(0, len(weights), rows):
                values.append(self._losses(first, layers, weights[begin : begin + rows]))
        found = np.concatenate(values)
        return np.where(np.isfinite(found), found, np.inf)

    def _losses(self, first: np.ndarray, layers: list[Any], weights: np.ndarray) -> np.ndarray:
        hidden, output = self._mlp.activation, self._mlp.output_activation
        a = np.tensordot(weights, first, axes=1)
        for k, (W, b) in enumerate(layers):
            if k:
                a = a @ np.tensordot(weights, W, axes=1) + (weights @ b)[:, None, :]
            a = ACTIVATIONS[output if k == len(layers) - 1 else hidden].apply(a)
        combinations, rows, outputs = a.shape
        y = np.tile(self._y, (combinations, *[1] * (self._y.ndim - 1)))
        losses = self._loss.rows(a.reshape(-1, outputs), y)
        return losses.reshape(combinations, rows).mean(axis=1)


Losses = Landscape | Callable[[np.ndarray, np.ndarray], Any]
"""``losses(points, weights)``: the losses at ``weights @ points``; a `Landscape`, or your own."""


def grid(losses: Losses, origin: np.ndarray, axes: np.ndarray, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Return the losses on a plane through weight space.

    Parameters
    ----------
    losses : Landscape or callable
        ``losses(points, weights)`` gives the losses at ``weights @ points``.
    origin : array of shape (parameters,)
        Where both coordinates are 0.
    axes : array of shape (2, parameters)
        Along which they grow.
    x, y : array of shape (m,), array of shape (n,)
        The coordinates of the grid.

    Returns
    -------
    array of shape (n, m)
        Row i has the losses at ``y[i]``.

    Examples
    --------
    >>> def squares(points, weights):
    ...     return ((weights @ points) ** 2).sum(axis=1)
    >>> grid(squares, np.zeros(2), np.eye(2), np.array([0.0, 1.0]), np.array([0.0, 2.0])).tolist()
    [[0.0, 1.0], [4.0, 5.0]]
    """
    across, up = np.meshgrid(x, y)
    weights = np.stack([np.ones(across.size), across.ravel(), up.ravel()], axis=1)
    points = np.stack([origin, *axes])
    return np.asarray(losses(points, weights)).reshape(across.shape)
