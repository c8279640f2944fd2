"""Lines evaluated as one batch through the part of the network that changes: grids, levels, Brent."""

from typing import Any

import numpy as np

from neuralopt.search.net import Net
from neuralopt.search.objectives import Objective

_NUMBERS = 1 << 17  # in a temporary: one megabyte stays in the cache
_SHARES = (0.125, 0.25, 0.5, 1.0)  # of the rows after which hopeless candidates are given up


class Line:
    """The objective along ``z + t a`` of one unit's pre-activations.

    Parameters
    ----------
    net : Net
    objective : Objective
    y : array
        Coded targets.
    layer, unit : int
    a : array of shape (n,)
        What one unit of t adds to the pre-activations.
    """

    def __init__(self, net: Net, objective: Objective, y: Any, layer: int, unit: int, a: np.ndarray) -> None:
        self.net, self.objective, self.y = net, objective, y
        self.layer, self.unit, self.a = layer, unit, a
        widest = max(net.weights[k].shape[1] for k in range(min(layer + 1, net.last), net.last + 1))
        self._chunk = max(1, _NUMBERS // (widest * len(a)))

    def outputs(self, steps: np.ndarray, rows: slice = slice(None)) -> np.ndarray:
        """Return the outputs at some steps, shape (steps, rows, k)."""
        net, layer, unit = self.net, self.layer, self.unit
        z = net.pre[layer][rows, unit] + steps[:, None] * self.a[rows]
        if layer == net.last:
            out = np.repeat(net.outputs[None, rows], len(steps), axis=0)
            out[..., unit] = z
            return out
        off = net.act(z) - net.inputs[layer + 1][rows, unit]
        after = net.pre[layer + 1][rows] + off[..., None] * net.weights[layer + 1][unit]
        return net.downstream(layer + 1, after)

    def values(self, steps: np.ndarray) -> np.ndarray:
        """Return the objective at some steps."""
        parts = [
            self.objective.values(self.outputs(steps[k : k + self._chunk]), self.y)
            for k in range(0, len(steps), self._chunk)
        ]
        return np.concatenate(parts)

    def value(self, step: float) -> float:
        """Return the objective at one step."""
        return float(self.values(np.array([step]))[0])

    def best_of(self, steps: np.ndarray, now: float) -> tuple[float, float]:
        """Return the first of the best steps and its objective; 0 and ``now`` where none is lower.

        A candidate whose partial sum over the first rows exceeds ``now`` is given up.
        """
        n = len(self.a)
        if not (self.objective.positive and self.objective.additive and n >= 64):
            return _lowest(steps, self.values(steps), now)
        alive, sums, begin = np.arange(len(steps)), np.zeros(len(steps)), 0
        for share in _SHARES:
            rows = slice(begin, int(n * share))
            begin = rows.stop
            chunk = max(1, self._chunk * n // (rows.stop - rows.start))
            for k in range(0, len(alive), chunk):
                some = alive[k : k + chunk]
                terms = self.objective.terms(self.outputs(steps[some], rows), self.y[rows])
                sums[some] += terms[..., 0].sum(axis=-1)
            alive = alive[sums[alive] <= n * now]
            if not alive.size:
                return 0.0, now
        return _lowest(steps[alive], sums[alive] / n, now)


def brent(line: Line, now: float, low: float, high: float, points: int) -> tuple[float, float]:
    """Search a line coarse to fine: a batch over the whole range, another around its best, then Brent.

    Parameters
    ----------
    line : Line
    now : float
        The objective at t = 0.
    low, high : float
        Where t may be, finite.
    points : int >= 3
        Of each batch.

    Returns
    -------
    step, value : float
    """
    from scipy.optimize import minimize_scalar

    steps = np.linspace(low, high, points)
    step, value = _lowest(steps, line.values(steps), now)
    width = (high - low) / (points - 1)
    near = np.clip(step + width * np.linspace(-1, 1, points + 2)[1:-1], low, high)
    step, value = _lowest_of(near, line.values(near), step, value)
    width = 2 * width / (points + 1)
    bounds = (max(low, step - width), min(high, step + width))
    if bounds[0] < bounds[1]:
        found = minimize_scalar(line.value, bounds=bounds, method="bounded", options={"maxiter": 8})
        if found.fun < value:
            step, value = float(found.x), float(found.fun)
    return (step, value) if value < now else (0.0, now)


def quantile_steps(z: np.ndarray, a: np.ndarray, count: int) -> np.ndarray:
    """Return steps between breakpoints of an on/off unit, evenly over their ranks."""
    moving = a != 0
    t = np.unique(-z[moving] / a[moving])
    if not t.size:
        return np.zeros(0)
    wide = float(np.abs(z).mean() / np.abs(a).mean()) or 1.0
    middles = np.concatenate([[t[0] - wide], (t[:-1] + t[1:]) / 2, [t[-1] + wide]])
    return middles[np.unique(np.linspace(0, len(middles) - 1, count).round().astype(int))]


def _lowest(steps: np.ndarray, values: np.ndarray, now: float) -> tuple[float, float]:
    return _lowest_of(steps, values, 0.0, now)


def _lowest_of(steps: np.ndarray, values: np.ndarray, step: float, now: float) -> tuple[float, float]:
    if not len(steps):
        return step, now
    values = np.where(np.isnan(values), np.inf, values)
    k = int(np.argmin(values))
    return (float(steps[k]), float(values[k])) if values[k] < now else (step, now)
