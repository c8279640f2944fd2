"""The ready-made networks: `NeuralNetwork`, `TwoLayerMLP`, `RecursiveMLP`."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from neuralopt.models.network import Network


class NeuralNetwork(Network):
    """A network with one or several hidden layers and a linear output.

    Parameters
    ----------
    input_dim : int >= 1
        Width of the input.
    hidden_dim : int >= 1 or sequence of int
        Width of the hidden layer, or of each of several.
    output_dim : int >= 1
        Width of the output.
    activation : str, default "tanh"
        Of the hidden layers.
    output_activation : str, default "identity"
        Of the output layer.
    seed : int, default 0
        Of the initial parameters.
    dtype : dtype, default float64
        Of the parameters and of what they compute.

    Examples
    --------
    >>> import numpy as np
    >>> net = NeuralNetwork(input_dim=2, hidden_dim=8, output_dim=1)
    >>> X = np.random.default_rng(0).normal(size=(50, 2)); y = X[:, :1] * X[:, 1:]
    >>> first = net.backward(X, y, learning_rate=0.1)
    >>> for _ in range(200): last = net.backward(X, y, learning_rate=0.1)
    >>> last < first / 2
    True
    """

    def __init__(
        self,
        input_dim: int,
        hidden_dim: int | Sequence[int],
        output_dim: int,
        *,
        activation: str = "tanh",
        output_activation: str = "identity",
        seed: int = 0,
        dtype: Any = np.float64,
    ) -> None:
        hidden = list(hidden_dim) if isinstance(hidden_dim, Sequence) else [hidden_dim]
        self._build([input_dim, *hidden, output_dim], activation, output_activation, seed, dtype)


class TwoLayerMLP(Network):
    """One hidden layer, tanh on both layers: scores between -1 and +1.

    Parameters
    ----------
    input_dim, hidden_dim, output_dim : int >= 1
        Widths of the three layers of units.
    activation, output_activation : str, default "tanh"
        Of the hidden layers and of the output.
    seed : int, default 0
        Of the initial parameters.
    dtype : dtype, default float64
        Of the parameters and of what they compute.

    Examples
    --------
    >>> TwoLayerMLP(2049, 64, 1).mlp
    MLP(layer_sizes=(2049, 64, 1), activation='tanh', output_activation='tanh')
    """

    def __init__(
        self,
        input_dim: int,
        hidden_dim: int,
        output_dim: int,
        *,
        activation: str = "tanh",
        output_activation: str = "tanh",
        seed: int = 0,
        dtype: Any = np.float64,
    ) -> None:
        self._build([input_dim, hidden_dim, output_dim], activation, output_activation, seed, dtype)


class RecursiveMLP(Network):
    """Any number of layers, tanh on all: the recursive form of `TwoLayerMLP`.

    Parameters
    ----------
    layer_sizes : sequence of int >= 1
        Units of every layer, input first.
    activation, output_activation : str, default "tanh"
        Of the hidden layers and of the output.
    seed : int, default 0
        Of the initial parameters.
    dtype : dtype, default float64
        Of the parameters and of what they compute.

    Examples
    --------
    >>> RecursiveMLP([10, 32, 16, 1]).mlp.layer_sizes
    (10, 32, 16, 1)
    """

    def __init__(
        self,
        layer_sizes: Sequence[int],
        *,
        activation: str = "tanh",
        output_activation: str = "tanh",
        seed: int = 0,
        dtype: Any = np.float64,
    ) -> None:
        self._build(layer_sizes, activation, output_activation, seed, dtype)
