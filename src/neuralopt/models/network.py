"""A multi-layer perceptron together with its parameters."""

import copy
from collections.abc import Sequence
from typing import Any

import numpy as np

from neuralopt.core.errors import InvalidArgument
from neuralopt.models.losses import Loss, SquaredError
from neuralopt.models.mlp import MLP, Params


class Network:
    """A multi-layer perceptron together with its parameters, in plain NumPy.

    Attributes
    ----------
    mlp : MLP
        Shapes and activations.
    params : list of (W, b)
        NumPy arrays, W of shape (fan_in, fan_out). The engine trains them by
        ``neuralopt.train(network, ...)``, which leaves this object as it was.
    """

    mlp: MLP
    params: Params

    def _build(
        self, sizes: Sequence[int], activation: str, output_activation: str, seed: int, dtype: Any
    ) -> None:
        self.mlp = MLP(tuple(sizes), activation, output_activation)
        self.params = self.mlp.init(seed, dtype)

    @classmethod
    def of(cls, mlp: MLP, params: Params) -> "Network":
        """Return a network of the given shapes and parameters.

        Parameters
        ----------
        mlp : MLP
        params : list of (W, b)

        Returns
        -------
        Network

        Examples
        --------
        >>> mlp = MLP((2, 1))
        >>> Network.of(mlp, mlp.init(0))
        Network(MLP(layer_sizes=(2, 1), activation='tanh', output_activation='identity'), 3 parameters)
        """
        network = Network()
        network.mlp = mlp
        return network.with_params(params)

    def with_params(self, params: Params) -> "Network":
        """Return a copy of this network that carries other parameters.

        Parameters
        ----------
        params : list of (W, b)
            Of the same shapes.

        Returns
        -------
        Network
            Of the same class.
        """
        other = copy.copy(self)
        other.params = [(np.asarray(W), np.asarray(b)) for W, b in params]
        return other

    def forward(self, X: Any) -> np.ndarray:
        """Return the outputs for inputs.

        Parameters
        ----------
        X : array of shape (n, input size)

        Returns
        -------
        array of shape (n, output size)

        Raises
        ------
        InvalidArgument
            When X has another shape.
        """
        return self.mlp.forward(self.params, self._inputs(X))

    def hidden(self, X: Any) -> np.ndarray:
        """Return the last hidden layer's outputs: the features that the output layer is linear in.

        Parameters
        ----------
        X : array of shape (n, input size)

        Returns
        -------
        array of shape (n, last hidden size)

        Raises
        ------
        InvalidArgument
            When X has another shape.
        """
        return self.mlp.hidden(self.params, self._inputs(X))

    def gradients(self, X: Any, y: Any, loss: Loss | None = None) -> tuple[float, Params]:
        """Return the loss and its gradient in the parameters.

        Parameters
        ----------
        X : array of shape (n, input size)
        y : array of shape (n, output size) or (n,)
        loss : Loss, default SquaredError()

        Returns
        -------
        value : float
        grads : list of (dW, db)
        """
        loss = loss or SquaredError()
        X = self._inputs(X)
        if not len(X):
            raise InvalidArgument("a gradient needs rows: X has none.")
        value, grads = self.mlp.value_and_grad(self.params, X, self._targets(y, len(X), loss), loss)
        return float(value), grads

    def backward(self, X: Any, y: Any, learning_rate: float) -> float:
        """Take one step of gradient descent on the mean squared error, changing ``params``.

        Parameters
        ----------
        X : array of shape (n, input size)
        y : array of shape (n, output size) or (n,)
        learning_rate : float >= 0
            Step size.

        Returns
        -------
        float
            The loss before the step.

        Raises
        ------
        InvalidArgument
            For a learning rate that is negative or not finite, data of other shapes or without rows, and a
            loss that is not finite.
        """
        if not 0 <= learning_rate < np.inf:
            raise InvalidArgument(f"learning_rate must be finite and >= 0, got {learning_rate!r}.")
        value, grads = self.gradients(X, y)
        if not np.isfinite(value):
            raise InvalidArgument(
                f"the loss is {value}, and a step would spoil the parameters, which are as they were. Likely "
                "cause: NaN or infinity in X or y, or a learning rate that is too large."
            )
        self.params = [
            (W - learning_rate * dW, b - learning_rate * db)
            for (W, b), (dW, db) in zip(self.params, grads, strict=True)
        ]
        return value

    def _inputs(self, X: Any) -> np.ndarray:
        X, width = self._numbers(X, "X"), self.mlp.layer_sizes[0]
        if X.ndim != 2 or X.shape[1] != width:
            raise InvalidArgument(f"X must have shape (n, {width}), got {X.shape}.")
        return X

    def _numbers(self, values: Any, name: str) -> np.ndarray:
        try:
            return np.asarray(values, dtype=self.params[0][0].dtype)
        except (TypeError, ValueError):
            shown = repr(values)[:80]
            raise InvalidArgument(f"{name} must be numbers in rows of one length, got {shown}.") from None

    def _targets(self, y: Any, rows: int, loss: Loss) -> np.ndarray:
        if loss.targets == "class":
            return np.asarray(y)
        y = self._numbers(y, "y")
        width = self.mlp.layer_sizes[-1]
        if y.shape not in ((rows, width), (rows,)) or (y.ndim == 1 and width != 1):
            raise InvalidArgument(f"y must have shape ({rows}, {width}), got {y.shape}.")
        return y.reshape(rows, width)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.mlp}, {self.mlp.parameter_count} parameters)"
