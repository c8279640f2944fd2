"""Lines evaluated in batches through the part of the network that changes: grids, levels, smooth lines."""

from collections.abc import Callable
from types import ModuleType
from typing import Any

import numpy as np

from neuralopt.search.net import Net
from neuralopt.search.objectives import Objective
from neuralopt.search.screen import screen

_NUMBERS = 1 << 15  # in a temporary: a quarter of a megabyte stays in the cache
_FEW = 4  # candidates between two looks at the clock
_CLOSER, _PARABOLAS = 5, 2
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
    loops : module or None
        Compiled loops that screen candidates under squared error; see `screen`.
    over : callable, optional
        Returns True when time is up: candidates that are left then count as infinitely bad.
    """

    def __init__(
        self,
        net: Net,
        objective: Objective,
        y: Any,
        layer: int,
        unit: int,
        a: np.ndarray,
        loops: ModuleType | None = None,
        over: Callable[[], bool] = lambda: False,
    ) -> None:
        self.net, self.objective, self.y = net, objective, y
        self.layer, self.unit, self.a, self._loops = layer, unit, a, loops
        self.over = over
        widest = max(net.weights[k].shape[1] for k in range(min(layer + 1, net.last), net.last + 1))
        self._chunk = max(1, _NUMBERS // (widest * len(a)))
        if not objective.positive:  # a loss of one's own may take long
            self._chunk = min(self._chunk, _FEW)

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
        if not len(steps):
            return np.zeros(0)
        found = np.full(len(steps), np.inf)
        for k in range(0, len(steps), self._chunk):
            if self.over():
                break
            some = slice(k, k + self._chunk)
            found[some] = self.objective.values(self.outputs(steps[some]), self.y)
        return found

    def value(self, step: float) -> float:
        """Return the objective at one step."""
        return float(self.values(np.array([step]))[0])

    def promising(self, steps: np.ndarray, now: float) -> np.ndarray:
        """Return the indices of steps that may be the best and below ``now``; all without loops."""
        if self._loops is None:
            return np.arange(len(steps))
        return screen(self._loops, self.net, self.layer, self.unit, self.a, self.y, steps, now)

    def best_of(self, steps: np.ndarray, now: float) -> tuple[float, float]:
        """Return the first of the best steps and its objective; 0 and ``now`` where none is lower.

        A candidate whose partial sum over the first rows exceeds ``now`` is given up.
        """
        n = len(self.a)
        if self._loops is not None:
            few = steps[self.promising(steps, now)]
            return _lowest(few, self.values(few), now)
        if not (self.objective.positive and self.objective.additive and n >= 64):
            return _lowest(steps, self.values(steps), now)
        alive, sums, begin = np.arange(len(steps)), np.zeros(len(steps)), 0
        for share in _SHARES:
            rows = slice(begin, int(n * share))
            begin = rows.stop
            chunk = max(1, self._chunk * n // (rows.stop - rows.start))
            for k in range(0, len(alive), chunk):
                if self.over():
                    return 0.0, now
                some = alive[k : k + chunk]
                terms = self.objective.terms(self.outputs(steps[some], rows), self.y[rows])
                sums[some] += terms[..., 0].sum(axis=-1)
            alive = alive[sums[alive] <= n * now]
            if not alive.size:
                return 0.0, now
        return _lowest(steps[alive], sums[alive] / n, now)


def refine(
    line: Line, now: float, low: float, high: float, *, points: int, exact: bool
) -> tuple[float, float]:
    """Search a smooth line: one batch over the whole range and ever closer to t = 0, then parabolas.

    Parameters
    ----------
    line : Line
    now : float
        The objective at t = 0.
    low, high : float
        Where t may be, finite, zero between them.
    points : int >= 3
        Over the whole range.
    exact : bool
        Go on by Brent's method to its end, instead of two parabolas.

    Returns
    -------
    step, value : float
    """
    width = (high - low) / (points - 1)
    near = width * 0.25 ** np.arange(1, _CLOSER + 1)
    steps = np.unique(
        np.clip(np.concatenate([np.linspace(low, high, points), -near, [0.0], near]), low, high)
    )
    values = np.where(steps == 0, now, np.inf)
    known = steps == 0
    _fill(line, steps, values, known, line.promising(steps, now))
    k = int(np.argmin(values))
    around = np.arange(max(k - 1, 0), min(k + 2, len(steps)))
    _fill(line, steps, values, known, around)
    at, of = list(steps[around]), list(values[around])
    if exact and at[0] < at[-1]:
        from scipy.optimize import minimize_scalar

        found = minimize_scalar(line.value, bounds=(at[0], at[-1]), method="bounded")
        at, of = [*at, float(found.x)], [*of, float(found.fun)]
    else:
        for _ in range(_PARABOLAS):
            t = _vertex(at, of)
            if t is None:
                break
            value = line.value(t)
            at, of = _three(at, of, t, value)
    best = int(np.argmin(of))
    return (float(at[best]), float(of[best])) if of[best] < now else (0.0, now)


def _fill(line: Line, steps: np.ndarray, values: np.ndarray, known: np.ndarray, wanted: np.ndarray) -> None:
    """Write the objective at the wanted steps that are not known yet."""
    wanted = wanted[~known[wanted]]
    found = line.values(steps[wanted])
    values[wanted] = np.where(np.isnan(found), np.inf, found)
    known[wanted] = True


def _vertex(at: list[float], of: list[float]) -> float | None:
    """Return the vertex of the parabola through three points, None where it is no new one between them."""
    if len(at) < 3 or not np.isfinite(of).all():
        return None
    (x0, x1, x2), (f0, f1, f2) = at, of
    p, q = (x1 - x0) * (f1 - f2), (x1 - x2) * (f1 - f0)
    if p == q:
        return None
    t = x1 - 0.5 * ((x1 - x0) * p - (x1 - x2) * q) / (p - q)
    apart = 1e-6 * (x2 - x0)
    return t if x0 + apart < t < x2 - apart and abs(t - x1) > apart else None


def _three(at: list[float], of: list[float], t: float, value: float) -> tuple[list[float], list[float]]:
    """Return the lowest of four points and its two neighbours."""
    points = sorted([*zip(at, of, strict=True), (t, value)])
    k = min(range(4), key=lambda i: points[i][1])
    k = min(max(k, 1), 2)
    return [x for x, _ in points[k - 1 : k + 2]], [f for _, f in points[k - 1 : k + 2]]


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
    if not len(steps):
        return 0.0, now
    values = np.where(np.isnan(values), np.inf, values)
    k = int(np.argmin(values))
    return (float(steps[k]), float(values[k])) if values[k] < now else (0.0, now)
