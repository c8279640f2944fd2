"""One sweep over all weights of a network, by the plan."""

from collections.abc import Callable
from types import ModuleType
from typing import Any

import numpy as np

from neuralopt.search.batch_line import Line, quantile_steps, refine
from neuralopt.search.net import ON_OFF, Net
from neuralopt.search.objectives import Objective, classes_of
from neuralopt.search.on_off import OnOff
from neuralopt.search.plan import Plan
from neuralopt.search.readout import ridge_readouts
from neuralopt.search.relu_line import change_at, relu_line
from neuralopt.search.settings import Settings
from neuralopt.search.step_line import Costs

_RANDOM = 4  # directions drawn for each unit and sweep
_POINTS = 9  # of a coarse batch
_INTERVALS = 33  # between breakpoints, for metrics of the whole set
_ROUNDING = 1e-12
_PENALTY = 5.0  # of a ridge on features that change smoothly
_PARTS = (1.0, 0.1, 0.01, 1e-4)


class Searcher:
    """A network and an objective; ``sweep`` lowers the objective and never raises it.

    Parameters
    ----------
    net : Net
    objective : Objective
    y, real : arrays
        Targets of the objective, and of a least-squares readout.
    plan : Plan
    settings : Settings
    random : numpy.random.Generator
    over : callable
        Returns True when time is up; asked between units.

    Attributes
    ----------
    value : float
        The objective now.
    moves : int
        Accepted in the last sweep.
    """

    def __init__(
        self,
        net: Net,
        objective: Objective,
        y: Any,
        real: np.ndarray,
        plan: Plan,
        settings: Settings,
        random: np.random.Generator,
        over: Callable[[], bool],
    ) -> None:
        self.net, self.objective, self.y, self.real = net, objective, y, real
        self.plan, self.settings, self.random, self.over = plan, settings, random, over
        self.loops: ModuleType | None = None
        self.moves = 0
        self.value = self.measure()

    def measure(self) -> float:
        """Return the objective of the network as it is."""
        return float(self.objective.values(self.net.outputs[None], self.y)[0])

    def sweep(self) -> float:
        """Go over all units once; return the objective."""
        net = self.net
        self.moves = 0
        net.refresh()  # what moves of one unit left of rounding
        self.value = self.measure()
        for layer in self._order_of(range(net.last + 1)):
            kind = self.plan.kinds[layer]
            if layer == net.last:
                self.readout()
                if kind == "ridge":
                    continue
            for unit in self._order_of(range(net.weights[layer].shape[1])):
                if self.over():
                    return self.value
                if kind in ("on-off", "on-off levels", "class"):
                    self._on_off(layer, unit, kind)
                else:
                    self._by_weight(layer, unit, kind)
        return self.value

    def readout(self) -> None:
        """Try the ridge for the output layer; take it where it lowers the objective."""
        if not self.plan.ridge:
            return
        net = self.net
        before = net.weights[-1], net.biases[-1]
        for found in ridge_readouts(net.inputs[net.last], self.real, self._penalties()):
            net.weights[-1], net.biases[-1] = found
            net.refresh(net.last)
            value = self.measure()
            if value < self.value:
                self.value = value
                self.moves += 1
                return
        net.weights[-1], net.biases[-1] = before
        net.refresh(net.last)

    def _penalties(self) -> tuple[float, ...]:
        """Return the penalties of a ridge on searched features, the first that lowers the loss is taken.

        Features that were searched fit the rows by more than their number tells; on/off units do so the
        more, the more weights there are for each row.
        """
        net = self.net
        if net.activation not in ON_OFF or not net.last:
            return (_PENALTY,)
        searched = net.mlp.parameter_count - net.weights[-1].size - net.biases[-1].size
        share = searched / len(self.real)
        first = 2 * min(share, share**3)
        return tuple(first * part for part in _PARTS)

    def _order_of(self, items: range) -> np.ndarray:
        order = np.arange(len(items))
        if self.settings.order == "random" and len(items) > 1 and items.stop != self.net.last + 1:
            return self.random.permutation(order)
        return order

    # on/off units ------------------------------------------------------------------------------------

    def _on_off(self, layer: int, unit: int, kind: str) -> None:
        """Search all incoming weights of an on/off unit, or of an output that wins its class or does not."""
        net = self.net
        costs, z = self._class_costs(unit) if kind == "class" else self._unit_costs(layer, unit)
        size = np.abs(costs.on).sum()
        if size == 0:  # the unit is not heard
            return
        before = z.copy()
        w = np.append(net.weights[layer][:, unit], net.biases[layer][unit])
        found = OnOff(z, w, *net.columns(layer), costs, _ROUNDING * (size + 1.0 / len(z)), self.loops)
        if kind == "on-off levels":
            self._levels(found)
        else:
            self._directions(found, layer)
        if not found.moves:
            return
        scale = 1.0 if kind != "on-off" else self._scale(found.w)
        old = net.pre[layer][:, unit].copy(), net.weights[layer][:, unit].copy(), net.biases[layer][unit]
        z = scale * found.z if kind != "class" else old[0] + (found.z - before)
        net.set_unit(layer, unit, scale * found.w[:-1], scale * found.w[-1], z)
        value = self.measure()
        if value < self.value:
            self.value = value
            self.moves += found.moves
        else:
            net.set_unit(layer, unit, old[1], old[2], old[0])

    def _unit_costs(self, layer: int, unit: int) -> tuple[Costs, np.ndarray]:
        net, objective = self.net, self.objective
        high, low = ON_OFF[net.activation]
        values = net.inputs[layer + 1][:, unit]
        on = (values == high)[:, None]
        here = objective.terms(net.outputs, self.y)
        there = objective.terms(net.through_unit(layer, unit, high + low - values), self.y)
        return _costs(objective, on, here, there), net.pre[layer][:, unit].copy()

    def _class_costs(self, unit: int) -> tuple[Costs, np.ndarray]:
        """Return the costs of winning and losing the class, and the margin over the best other output."""
        outputs = self.net.outputs
        z = outputs[:, unit].copy()
        if outputs.shape[1] > 1:
            z -= np.delete(outputs, unit, axis=1).max(axis=1)
        wins = (classes_of(outputs) == (unit if outputs.shape[1] > 1 else 1))[:, None]
        z = np.where(wins[:, 0], np.maximum(z, 0), np.minimum(z, -1e-300))  # equal scores: the first wins
        changed = outputs.copy()
        far = np.abs(outputs).max() + 1
        changed[:, unit] = np.where(wins[:, 0], -far, far)
        here, there = (self.objective.terms(out, self.y) for out in (outputs, changed))
        return _costs(self.objective, wins, here, there), z

    def _directions(self, found: OnOff, layer: int) -> None:
        settings, d = self.settings, len(found.w)
        low, high = self._bounds(d)
        free = low is None
        if "least_squares" in settings.directions and free:
            found.along(found.least_squares())
        if "weights" in settings.directions:
            found.weights(self._weight_order(found, low, high), low, high)
        if "random" in settings.directions and free:
            for _ in range(_RANDOM):
                found.along(self.random.standard_normal(d) / np.maximum(found.sizes, 1e-9))

    def _levels(self, found: OnOff) -> None:
        settings, d = self.settings, len(found.w)
        levels = settings.levels
        assert levels is not None
        if "least_squares" in settings.directions:
            found.rounded(levels)
        order = self.random.permutation(d - 1)
        found.levels(order, levels)
        found.weights(np.array([d - 1]), *self._bias_bounds(d))

    def _weight_order(self, found: OnOff, low: Any, high: Any) -> np.ndarray:
        d = len(found.w)
        if self.settings.order == "random":
            return self.random.permutation(d)
        if self.settings.order == "greedy":
            return np.argsort(found.gains(low, high), kind="stable")
        return np.arange(d)

    def _bounds(self, d: int) -> tuple[np.ndarray | None, np.ndarray | None]:
        """Return bounds of the weights; None where a positive factor brings any weights into the ranges."""
        ranges = (self.settings.weight_range, self.settings.bias_range)
        if all(low < 0 < high for low, high in ranges):
            return None, None
        (w0, w1), (b0, b1) = ranges
        return np.append(np.full(d - 1, w0), b0), np.append(np.full(d - 1, w1), b1)

    def _bias_bounds(self, d: int) -> tuple[np.ndarray, np.ndarray]:
        return np.full(d, -np.inf), np.full(d, np.inf)

    def _scale(self, w: np.ndarray) -> float:
        """Return the positive factor that gives an on/off unit length one within the ranges."""
        if self._bounds(len(w))[0] is not None:
            return 1.0
        factor = 1.0 / (np.linalg.norm(w) + 1e-300)
        for part, (low, high) in ((w[:-1], self.settings.weight_range), (w[-1:], self.settings.bias_range)):
            top, bottom = part.max(initial=0.0), part.min(initial=0.0)
            factor = min(factor, high / top if top > 0 else np.inf, low / bottom if bottom < 0 else np.inf)
        return float(factor)

    # one weight after the other ----------------------------------------------------------------------

    def _by_weight(self, layer: int, unit: int, kind: str) -> None:
        net = self.net
        columns = net.columns(layer)[0]
        d = len(columns)
        order = self.random.permutation(d) if self.settings.order != "cyclic" else np.arange(d)
        for j in order:
            if self.over():
                return
            w = net.biases[layer][unit] if j == d - 1 else net.weights[layer][j, unit]
            step, value = self._step(layer, unit, columns[j], float(w), kind, bias=j == d - 1)
            if step:
                self._take(layer, unit, j, float(w) + step, step, columns[j], value)

    def _step(
        self, layer: int, unit: int, a: np.ndarray, w: float, kind: str, *, bias: bool
    ) -> tuple[float, float]:
        """Return the best step of one weight, 0 for none, and the objective that it promises."""
        settings, net = self.settings, self.net
        if not a.any():
            return 0.0, self.value
        low, high = settings.bias_range if bias else settings.weight_range
        line = Line(net, self.objective, self.y, layer, unit, a)
        if settings.levels is not None and not bias:
            levels = settings.levels
            return line.best_of(levels[levels != w] - w, self.value)
        if kind == "grid":
            count = settings.bias_range_size if bias else settings.weight_range_size
            return line.best_of(np.linspace(low, high, count) - w, self.value)
        if kind == "relu":
            return self._relu(layer, unit, a, low - w, high - w)
        if kind == "intervals" or (
            settings.levels is not None and net.activation in ON_OFF and layer < net.last
        ):
            return line.best_of(quantile_steps(net.pre[layer][:, unit], a, _INTERVALS), self.value)
        exact = settings.line == "brent"
        ends = min(low - w, 0.0), max(high - w, 0.0)
        return refine(line, self.value, *ends, points=_POINTS, exact=exact)

    def _relu(self, layer: int, unit: int, a: np.ndarray, low: float, high: float) -> tuple[float, float]:
        net = self.net
        v, z = net.weights[layer + 1][unit], net.pre[layer][:, unit]
        base = net.outputs - net.inputs[layer + 1][:, unit, None] * v - self.real
        slope, square = 2 * base @ v, float(v @ v)
        if square == 0:
            return 0.0, self.value
        step, change = relu_line(z, a, slope, square, low, high)
        gain = (change_at(z, slope, square) - change) / base.size
        return (step, self.value - gain) if gain > _ROUNDING * self.value else (0.0, self.value)

    def _take(
        self, layer: int, unit: int, j: int, weight: float, step: float, a: np.ndarray, value: float
    ) -> None:
        """Accept a step where the objective is then lower indeed."""
        net = self.net
        old = (
            net.weights[layer][:, unit].copy(),
            float(net.biases[layer][unit]),
            net.pre[layer][:, unit].copy(),
        )
        w, b = old[0].copy(), old[1]
        if j == len(w):
            b = weight
        else:
            w[j] = weight
        net.set_unit(layer, unit, w, b, old[2] + step * a)
        value = self.measure()
        if value < self.value:
            self.value = value
            self.moves += 1
        else:
            net.set_unit(layer, unit, *old)


def _costs(objective: Objective, on: np.ndarray, here: np.ndarray, there: np.ndarray) -> Costs:
    n = len(here)
    high, low = np.where(on, here, there), np.where(on, there, here)
    return Costs((high - low) / n, low.sum(axis=0) / n, objective.combine)
