"""The simulator's network: a trained multi-layer perceptron in scaled units."""

import dataclasses
from typing import Any

import numpy as np

from neuralopt.models import ACTIVATIONS, MLP
from neuralopt.models.mlp import Params


@dataclasses.dataclass(frozen=True)
class Base:
    """A network trained on simulated rows, in the scaled units of `Scales`.

    Attributes
    ----------
    mlp : MLP
        Shapes and activations; the output layer is linear.
    params : list of (W, b)
        NumPy arrays of float64.
    """

    mlp: MLP
    params: Params

    @property
    def weights(self) -> np.ndarray:
        """The readout's weights, of shape (m, k)."""
        return self.params[-1][0]

    @property
    def bias(self) -> np.ndarray:
        """The readout's bias, of shape (k,)."""
        return self.params[-1][1]

    def predict(self, X: np.ndarray) -> np.ndarray:
        """Return the outputs, of shape (n, k): scaled targets, or scores of the classes."""
        return self.mlp.forward(self.params, np.asarray(X, np.float64))

    def features(self, X: np.ndarray) -> np.ndarray:
        """Return what the readout is linear in, of shape (n, m), float64."""
        return self.mlp.hidden(self.params, np.asarray(X, np.float64))

    def with_readout(self, weights: np.ndarray, bias: np.ndarray) -> "Base":
        """Return the same features with another readout."""
        return Base(self.mlp, [*self.params[:-1], (weights, bias)])

    def blind(self, X: np.ndarray) -> "Base":
        """Return the same function of rows like X that no input moves which is constant in all of X.

        Training left the weights of such an input where they began, and another value of it would move the
        answers by chance.
        """
        still = np.ptp(X, axis=0) == 0
        (W, b), *above = self.params
        return Base(self.mlp, [(np.where(still[:, None], 0.0, W), b + X[0, still] @ W[still]), *above])

    def slopes(self, X: np.ndarray) -> np.ndarray:
        """Return the derivatives of the outputs in the inputs, of shape (n, k, d)."""
        pulled = [layers[0] @ self.params[0][0].T for layers in self._pulled(X)[1]]
        return np.stack(pulled, axis=1)

    def tangents(self, X: np.ndarray) -> np.ndarray:
        """Return the derivatives of the outputs in all weights, of shape (n, p k), output by output."""
        below, pulled = self._pulled(X)
        parts = []
        for layers in pulled:
            for a, d in zip(below, layers, strict=True):
                parts += [(a[:, :, None] * d[:, None, :]).reshape(len(a), a.shape[1] * d.shape[1]), d]
        return np.hstack(parts)

    def _pulled(self, X: np.ndarray) -> tuple[list[np.ndarray], list[list[np.ndarray]]]:
        """Return every layer's input, and for every output its derivatives in every layer's z = a W + b."""
        a, below, inside = np.asarray(X, np.float64), [], []
        hidden = ACTIVATIONS[self.mlp.activation]
        for W, b in self.params[:-1]:
            below.append(a)
            z = a @ W + b
            a = hidden.apply(z)
            inside.append((z, a))
        below.append(a)
        outputs = self.weights.shape[1]
        return below, [self._pull(np.eye(outputs)[k], inside, len(a)) for k in range(outputs)]

    def _pull(self, output: np.ndarray, inside: list[Any], rows: int) -> list[np.ndarray]:
        hidden = ACTIVATIONS[self.mlp.activation]
        layers = [np.broadcast_to(output, (rows, len(output)))]
        for (W, _), (z, a) in zip(reversed(self.params[1:]), reversed(inside), strict=True):
            layers.insert(0, hidden.pull(layers[0] @ W.T, z, a))
        return layers
