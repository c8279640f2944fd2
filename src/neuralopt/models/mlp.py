"""The multi-layer perceptron: any depth, by recursion, with hand-written backpropagation."""

import dataclasses
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from neuralopt.core.errors import InvalidArgument
from neuralopt.core.namespace import namespace
from neuralopt.core.scalars import check_count
from neuralopt.models.activations import ACTIVATIONS, check_activation
from neuralopt.models.losses import Loss

Params = list[tuple[Any, Any]]


@dataclasses.dataclass(frozen=True)
class MLP:
    r"""A multi-layer perceptron as a value: shapes and activations, no parameters.

    .. math:: a_0 = X, \qquad a_l = f_l(a_{l-1} W_l + b_l)

    Parameters
    ----------
    layer_sizes : sequence of int >= 1
        Units of every layer, input first, output last; two or more.
    activation : str, default "tanh"
        Of the hidden layers: tanh, relu, gelu, sigmoid, identity, step or sign.
    output_activation : str, default "identity"
        Of the output layer.

    Raises
    ------
    InvalidArgument
        For fewer than two layers, sizes that are not positive whole numbers, unknown activations.

    Notes
    -----
    Parameters are a list of ``(W, b)`` pairs, W of shape (fan_in, fan_out), b of shape (fan_out,).

    Examples
    --------
    >>> import numpy as np
    >>> net = MLP((3, 5, 2))
    >>> params = net.init(seed=0)
    >>> [W.shape for W, b in params]
    [(3, 5), (5, 2)]
    >>> net.forward(params, np.ones((4, 3))).shape
    (4, 2)
    """

    layer_sizes: tuple[int, ...]
    activation: str = "tanh"
    output_activation: str = "identity"

    def __post_init__(self) -> None:
        sizes = tuple(check_count("every layer size", size) for size in self.layer_sizes)
        if len(sizes) < 2:
            raise InvalidArgument(
                "layer_sizes needs an input and an output size, "
                f"got {self.layer_sizes!r}. Give at least two widths, such as (10, 64, 1)."
            )
        object.__setattr__(self, "layer_sizes", sizes)
        check_activation(self.activation)
        check_activation(self.output_activation)

    @property
    def parameter_count(self) -> int:
        """The number of weights and biases."""
        return sum((n + 1) * m for n, m in zip(self.layer_sizes[:-1], self.layer_sizes[1:], strict=True))

    def init(self, seed: int | np.random.Generator = 0, dtype: Any = np.float64) -> Params:
        """Return random parameters: Glorot's uniform, or He's for relu and gelu; biases zero.

        Parameters
        ----------
        seed : int or numpy.random.Generator, default 0
            Where the numbers come from.
        dtype : dtype, default float64
            Drawn in float64, then rounded, so that float32 and float64 runs start together.

        Returns
        -------
        list of (W, b)
            NumPy arrays.

        References
        ----------
        Glorot and Bengio, 2010, equation 16; He et al., 2015, arXiv:1502.01852, equation 10.
        """
        random = np.random.default_rng(seed)
        params = []
        for layer, (fan_in, fan_out) in enumerate(
            zip(self.layer_sizes[:-1], self.layer_sizes[1:], strict=True)
        ):
            rectified = self._name(layer) in ("relu", "gelu")
            limit = np.sqrt(6 / fan_in) if rectified else np.sqrt(6 / (fan_in + fan_out))
            W = random.uniform(-limit, limit, (fan_in, fan_out))
            params.append((W.astype(dtype), np.zeros(fan_out, dtype)))
        return params

    def _name(self, layer: int) -> str:
        return self.output_activation if layer == len(self.layer_sizes) - 2 else self.activation

    def forward(self, params: Params, X: Any, masks: Sequence[Any] = ()) -> Any:
        """Return the outputs for inputs.

        Parameters
        ----------
        params : list of (W, b)
            NumPy or JAX arrays.
        X : array of shape (n, layer_sizes[0])
        masks : sequence of arrays, default ()
            Dropout, in training only: what the activations of each hidden layer are multiplied by,
            of shape (n, units), 0 or 1 / (1 - rate). Drawn by the caller; empty means none.

        Returns
        -------
        array of shape (n, layer_sizes[-1])
        """
        return self._forward(params, _inputs(params, X), 0, masks)

    def hidden(self, params: Params, X: Any) -> Any:
        """Return the last hidden layer's outputs, which the output layer takes.

        Parameters
        ----------
        params : list of (W, b)
            NumPy or JAX arrays.
        X : array of shape (n, layer_sizes[0])

        Returns
        -------
        array of shape (n, layer_sizes[-2])
            X itself where there is no hidden layer.
        """
        return self._forward(params[:-1], _inputs(params, X), 0, ())

    def _forward(self, params: Params, a: Any, layer: int, masks: Sequence[Any]) -> Any:
        if not params:
            return a
        (W, b), *rest = params
        out = ACTIVATIONS[self._name(layer)].apply(a @ W + b[None, :])
        return self._forward(rest, _masked(out, masks), layer + 1, masks[1:])

    def value_and_grad(
        self, params: Params, X: Any, y: Any, loss: Loss, weights: Any = None, masks: Sequence[Any] = ()
    ) -> tuple[Any, Params]:
        """Return the loss and its gradient in the parameters, by hand-written backpropagation.

        Parameters
        ----------
        params : list of (W, b)
        X : array of shape (n, layer_sizes[0])
        y : array of shape (n, k) or (n,)
            What ``loss`` takes as targets.
        loss : Loss
        weights : array of shape (n,), optional
            Weights of the rows; without them the loss is the mean.
        masks : sequence of arrays, default ()
            Dropout, as for `forward`.

        Returns
        -------
        value : array of shape ()
        grads : list of (dW, db)
            Of the structure of ``params``.
        """

        def top(output: Any) -> tuple[Any, Any]:
            return loss.value_and_gradient(output, y, weights)

        value, _, grads = self._backward(params, _inputs(params, X), 0, top, masks)
        return value, grads

    def _backward(
        self,
        params: Params,
        a: Any,
        layer: int,
        top: Callable[[Any], tuple[Any, Any]],
        masks: Sequence[Any],
    ) -> tuple[Any, Any, Params]:
        """Return the loss, its gradient in this layer's input, and the gradients from this layer up."""
        if not params:
            value, gradient = top(a)
            return value, gradient, []
        (W, b), *rest = params
        activation = ACTIVATIONS[self._name(layer)]
        z = a @ W + b[None, :]
        out = activation.apply(z)
        value, d_out, above = self._backward(rest, _masked(out, masks), layer + 1, top, masks[1:])
        d_out = _masked(d_out, masks)
        d_z = activation.pull(d_out, z, out)  # chain rule through the activation
        # dL/dW = a' dL/dz, dL/db = sum of rows of dL/dz; XLA copies a transposed left factor of a product of
        # this shape, but takes a transposed result for nothing
        own = ((d_z.T @ a).T, namespace(d_z).sum(d_z, axis=0))
        below = d_z @ W.T if layer else None  # nobody asks for the gradient in the data
        return value, below, [own, *above]


def _masked(a: Any, masks: Sequence[Any]) -> Any:
    """Return activations, or their gradient, times their layer's mask, if there is one."""
    return a * masks[0] if masks else a


def _inputs(params: Params, X: Any) -> Any:
    """Return X in the dtype of the parameters: integers and wider floats do not widen the network."""
    return namespace(X).astype(X, params[0][0].dtype, copy=False)
