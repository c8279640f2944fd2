"""The network while it is searched: parameters, pre-activations and outputs, kept in step."""

from typing import Any

import numpy as np

from neuralopt.models import MLP
from neuralopt.models.activations import ACTIVATIONS
from neuralopt.models.mlp import Params

ON_OFF = {"step": (1.0, 0.0), "sign": (1.0, -1.0)}
"""Activations that know two values: on, where z >= 0, and off."""


class Net:
    """A multi-layer perceptron on fixed rows; layer l takes ``inputs[l]`` to ``pre[l]``.

    Parameters
    ----------
    mlp : MLP
        Shapes and activation; the output layer is linear.
    params : list of (W, b)
        Copied.
    X : float64 array of shape (n, d)
        The rows.

    Attributes
    ----------
    weights, biases : list of float64 arrays
    inputs, pre : list of float64 arrays of shape (n, units)
    outputs : float64 array of shape (n, k)
        ``pre[-1]``.
    version : int
        Grows with every change.
    """

    def __init__(self, mlp: MLP, params: Params, X: np.ndarray) -> None:
        self.mlp = mlp
        self.activation = mlp.activation
        self.act = ACTIVATIONS[mlp.activation].apply
        self.weights = [np.array(W, np.float64) for W, _ in params]
        self.biases = [np.array(b, np.float64) for _, b in params]
        self.inputs, self.pre = [X], []
        self._columns: dict[int, Any] = {}
        self.version = 0
        self.refresh()

    @property
    def params(self) -> Params:
        """The parameters, copied."""
        return [(W.copy(), b.copy()) for W, b in zip(self.weights, self.biases, strict=True)]

    @property
    def outputs(self) -> np.ndarray:
        """The outputs of all rows."""
        return self.pre[-1]

    @property
    def last(self) -> int:
        """The index of the output layer."""
        return len(self.weights) - 1

    def assign(self, params: Params) -> None:
        """Take other parameters of the same shapes."""
        self.weights = [np.array(W, np.float64) for W, _ in params]
        self.biases = [np.array(b, np.float64) for _, b in params]
        self.refresh()

    def refresh(self, layer: int = 0) -> None:
        """Compute pre-activations anew from a layer on."""
        self.version += 1
        for k in range(layer, len(self.weights)):
            z = self.inputs[k] @ self.weights[k] + self.biases[k][None, :]
            self.pre[k : k + 1] = [z]
            if k < self.last:
                self._set_input(k + 1, self.act(z))

    def downstream(self, layer: int, z: np.ndarray) -> np.ndarray:
        """Return the outputs for pre-activations of a layer, of shape (..., n, units)."""
        for k in range(layer, self.last):
            z = self.act(z) @ self.weights[k + 1] + self.biases[k + 1]
        return z

    def through_unit(self, layer: int, unit: int, values: np.ndarray) -> np.ndarray:
        """Return the outputs when one hidden unit puts out other values, of shape (..., n)."""
        off = values - self.inputs[layer + 1][:, unit]
        return self.downstream(
            layer + 1, self.pre[layer + 1] + off[..., None] * self.weights[layer + 1][unit]
        )

    def set_unit(self, layer: int, unit: int, weights: np.ndarray, bias: float, z: np.ndarray) -> None:
        """Change a unit's incoming weights; z, its pre-activations of shape (n,), belong to them."""
        self.version += 1
        self.weights[layer][:, unit] = weights
        self.biases[layer][unit] = bias
        self.pre[layer][:, unit] = z
        if layer == self.last:
            return
        values = self.act(z)
        found = np.flatnonzero(values != self.inputs[layer + 1][:, unit])
        if not found.size:
            return
        changed = found if 2 * found.size < len(values) else slice(None)  # all at once is faster than most
        off = values[changed] - self.inputs[layer + 1][changed, unit]
        self.pre[layer + 1][changed] += off[:, None] * self.weights[layer + 1][unit]
        self.inputs[layer + 1][:, unit] = values
        self._columns.pop(layer + 1, None)
        for k in range(layer + 1, self.last):
            after = self.act(self.pre[k][changed])
            self.inputs[k + 1][changed] = after
            self._columns.pop(k + 1, None)
            self.pre[k + 1][changed] = after @ self.weights[k + 1] + self.biases[k + 1]

    def columns(self, layer: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Return what a layer's weights act on, column by column, the bias's ones last.

        Parameters
        ----------
        layer : int
            Counted from 0.

        Returns
        -------
        columns, inverses : arrays of shape (d + 1, n)
            The inverse of a zero is zero.
        sizes : array of shape (d + 1,)
            Mean absolute values.
        """
        found = self._columns.get(layer)
        if found is None:
            X = self.inputs[layer]
            columns = np.empty((X.shape[1] + 1, X.shape[0]))
            columns[:-1] = X.T
            columns[-1] = 1.0
            inverses = np.zeros_like(columns)
            np.divide(1.0, columns, out=inverses, where=np.abs(columns) > 1e-300)
            found = self._columns[layer] = (columns, inverses, np.abs(columns).mean(axis=1))
        return found

    def _set_input(self, layer: int, values: np.ndarray) -> None:
        self.inputs[layer : layer + 1] = [values]
        self._columns.pop(layer, None)
