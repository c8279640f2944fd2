"""Which candidates for a weight can be the best, by compiled loops in float32 with a bound of their error."""

from types import ModuleType
from typing import Any

import numpy as np

from neuralopt.search.net import Net

CODES = {"tanh": 0, "sigmoid": 1, "relu": 2, "identity": 3}
"""Activations of the loops, by the number that they know them by."""

_MOST = 2048  # multiplications after the unit's layer for each row: above, a matrix product is faster
_UNIT = 6e-8  # half a unit in the last place of float32
_ACTIVATION = 5e-7  # error of an activation of size one
_SUM = 4e-6  # relative error of a sum of squares, block by block


def screenable(net: Net, layer: int) -> bool:
    """Return whether the loops know a hidden layer's activation and are faster than matrix products."""
    if net.activation not in CODES or layer >= net.last:
        return False
    return sum(net.weights[k].size for k in range(layer + 2, net.last + 1)) <= _MOST


def screen(
    loops: ModuleType, net: Net, layer: int, unit: int, a: np.ndarray, y: Any, steps: np.ndarray, now: float
) -> np.ndarray:
    """Return which steps may have the lowest mean squared error, below ``now``: their indices, ascending.

    Parameters
    ----------
    loops : module
        `neuralopt.search.screen_loops`.
    net : Net
    layer, unit : int
        A hidden unit.
    a : array of shape (n,)
        What one unit of step adds to its pre-activations.
    y : array of shape (n, k)
    steps : array of shape (s,)
    now : float
        The mean squared error at step 0.

    Returns
    -------
    array of int
    """
    short, after = np.float32, range(layer + 2, net.last + 1)
    error = _output_error(net, layer, unit, a, steps)
    low = now + _loss_error(now, error)
    sums = loops.sums_of_squares(
        *(
            net.pre[layer][:, unit].copy(),
            np.ascontiguousarray(a),
            net.inputs[layer + 1][:, unit].astype(short),
        ),
        *(net.pre[layer + 1].T.astype(short, order="C"), net.weights[layer + 1][unit].astype(short)),
        _joined([net.weights[k].T for k in after]),
        _joined([net.biases[k] for k in after]),
        np.array([net.weights[k].shape[1] for k in range(layer + 1, net.last + 1)]),
        *(y.T.astype(short, order="C"), steps, CODES[net.activation], low * y.size),
    )
    values = sums / y.size
    errors = _loss_error(values, error)
    return np.flatnonzero(values - errors <= min(low, float((values + errors).min())))


def _joined(arrays: list[np.ndarray]) -> np.ndarray:
    return np.concatenate([np.empty(0), *(array.ravel() for array in arrays)]).astype(np.float32)


def _loss_error(value: Any, error: float) -> Any:
    """Return a bound of the error of a mean square, from that of the outputs."""
    return _SUM * value + 2 * np.sqrt(value) * error + error * error


def _output_error(net: Net, layer: int, unit: int, a: np.ndarray, steps: np.ndarray) -> float:
    """Return a bound of the outputs' error in float32, layer by layer."""
    reach = np.abs(net.pre[layer][:, unit]).max() + np.abs(steps).max() * np.abs(a).max()
    bounded = net.activation in ("tanh", "sigmoid")
    size = 1.0 if bounded else float(reach)
    error = (_ACTIVATION if bounded else 2 * _UNIT) * size
    v = np.abs(net.weights[layer + 1][unit]).max()
    size = float(np.abs(net.pre[layer + 1]).max() + 2 * v * size)
    error = 3 * _UNIT * size + v * error
    for k in range(layer + 2, net.last + 1):
        if bounded:
            size = 1.0
        error += (_ACTIVATION if bounded else 2 * _UNIT) * size
        columns = float(np.abs(net.weights[k]).sum(axis=0).max())
        size = float(np.abs(net.biases[k]).max()) + columns * size
        error = (len(net.weights[k]) + 2) * _UNIT * size + columns * error
    return float(error)
