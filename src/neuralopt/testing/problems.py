"""Small losses that every optimizer must be able to lower, and a fixed stream of gradients."""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from neuralopt.core import tree
from neuralopt.core.namespace import namespace


class Problem(NamedTuple):
    """A loss, where to start, and how far it must come down."""

    name: str
    loss: Callable[[Any], Any]
    start: Any  # tree of float64 NumPy arrays
    steps: int
    fall: float  # the final loss must be below this part of the first


def quadratic(params: Any) -> Any:
    """Return half the squared length of the parameters, one axis of each array ten times as steep."""
    total: Any = 0.0
    for leaf in tree.leaves(params):
        xp = namespace(leaf)
        total = total + 0.5 * xp.sum(leaf * leaf) + 4.5 * xp.sum(leaf[..., 0] * leaf[..., 0])
    return total


def rosenbrock(params: Any) -> Any:
    """Return Rosenbrock's function, divided by 500 so that its curvature at the start is near 1."""
    x, y = params["x"], params["y"]
    return ((1 - x) ** 2 + 100 * (y - x**2) ** 2) / 500


def network(params: Any) -> Any:
    """Return the mean squared error of a 2-4-1 tanh network without biases on a fixed odd target."""
    first, second = params
    xp = namespace(first)
    grid = np.linspace(-1.0, 1.0, 4)
    inputs = np.stack(np.meshgrid(grid, grid), axis=-1).reshape(-1, 2)
    target = np.sin(2 * inputs[:, :1]) - inputs[:, 1:] ** 3
    inputs, target = (xp.asarray(a, dtype=first.dtype) for a in (inputs, target))
    return xp.mean((xp.tanh(inputs @ first) @ second - target) ** 2)


def problems() -> list[Problem]:
    """Return the problems of the contract.

    Returns
    -------
    list of Problem
        A convex quadratic, Rosenbrock's valley and a small network.

    Examples
    --------
    >>> [problem.name for problem in problems()]
    ['quadratic', 'rosenbrock', 'network']
    """
    draw = np.random.default_rng(7).normal
    start = [draw(size=(2, 4)), draw(size=(4, 1)) / 2]
    valley = {"x": np.asarray(-1.2), "y": np.asarray(1.0)}
    return [
        Problem("quadratic", quadratic, example_params(), steps=150, fall=0.2),
        Problem("rosenbrock", rosenbrock, valley, steps=150, fall=0.5),
        Problem("network", network, start, steps=150, fall=0.7),
    ]


def example_params(dtype: Any = np.float64) -> Any:
    """Return parameters that decay and such that do not, every entry between 1 and 2 in size.

    Parameters
    ----------
    dtype : dtype, default float64
        Any NumPy float.

    Returns
    -------
    dict of ndarray
        A convolution kernel and a bias.

    Examples
    --------
    >>> {name: leaf.shape for name, leaf in example_params().items()}
    {'bias': (3,), 'kernel': (2, 2, 1, 3)}
    """
    rng = np.random.default_rng(0)
    shapes = {"bias": (3,), "kernel": (2, 2, 1, 3)}
    return {
        name: (rng.uniform(1, 2, shape) * rng.choice([-1.0, 1.0], shape)).astype(dtype)
        for name, shape in shapes.items()
    }


def example_grads(count: int, dtype: Any = np.float64) -> list[Any]:
    """Return a fixed stream of gradients for `example_params`.

    Parameters
    ----------
    count : int
        How many.
    dtype : dtype, default float64
        Any NumPy float.

    Returns
    -------
    list of dict of ndarray
        Standard normal entries.

    Examples
    --------
    >>> len(example_grads(3)), sorted(example_grads(1)[0])
    (3, ['bias', 'kernel'])
    """
    rng = np.random.default_rng(1)
    return [
        {name: rng.normal(size=leaf.shape).astype(dtype) for name, leaf in example_params().items()}
        for _ in range(count)
    ]
