"""Steps of on/off units: all incoming weights of one, by what on and off cost each row."""

from typing import Any

import numpy as np

from neuralopt.search.net import ON_OFF
from neuralopt.search.objectives import Objective, classes_of
from neuralopt.search.on_off import OnOff
from neuralopt.search.step_line import Costs
from neuralopt.search.steps import ROUNDING, Steps

_RANDOM = 4  # directions drawn for each unit and sweep


class UnitSteps(Steps):
    """Steps of on/off units, and of outputs that win their class or lose it."""

    def search_unit(self, layer: int, unit: int, kind: str) -> None:
        """Search all incoming weights of an on/off unit, or of an output that wins its class or does not."""
        net = self.net
        costs, z = self._class_costs(unit) if kind == "class" else self._unit_costs(layer, unit)
        size = np.abs(costs.on).sum()
        if size == 0:  # the unit is not heard
            if kind == "on-off levels" and layer == net.last - 1 and self.plan.kinds[-1] == "levels":
                self._recruit(layer, unit)
            return
        before = z.copy()
        w = np.append(net.weights[layer][:, unit], net.biases[layer][unit])
        found = OnOff(
            z, w, *net.columns(layer), costs, ROUNDING * (size + abs(self.value)), self.loops("loops")
        )
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

    def _recruit(self, layer: int, unit: int) -> None:
        """Give a silent unit one outgoing weight, drawn from the levels, and search its incoming ones for it.

        Neither side helps alone: a unit that is not heard costs nothing, and a random one harms.
        """
        net, levels = self.net, self.settings.levels
        assert levels is not None
        old = net.pre[layer][:, unit].copy(), net.weights[layer][:, unit].copy(), net.biases[layer][unit]
        heard, silent = self.random.integers(net.outputs.shape[1]), net.weights[-1][unit].copy()
        net.weights[-1][unit, heard] = self.random.choice(levels[levels != 0])
        net.refresh(net.last)
        costs, z = self._unit_costs(layer, unit)
        w = np.append(old[1], old[2])
        found = OnOff(z, w, *net.columns(layer), costs, ROUNDING, self.loops("loops"))
        self._levels(found)
        net.set_unit(layer, unit, found.w[:-1], found.w[-1], found.z)
        value = self.measure()
        if value < self.value:
            self.value = value
            self.moves += found.moves + 1
            return
        net.weights[-1][unit] = silent
        net.set_unit(layer, unit, old[1], old[2], old[0])
        net.refresh(net.last)

    def _unit_costs(self, layer: int, unit: int) -> tuple[Costs, np.ndarray]:
        net, objective = self.net, self.objective
        high, low = ON_OFF[net.activation]
        values = net.inputs[layer + 1][:, unit]
        on = (values == high)[:, None]
        here = self.terms()
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
        there = self.objective.terms(changed, self.y)
        return _costs(self.objective, wins, self.terms(), there), z

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


def _costs(objective: Objective, on: np.ndarray, here: np.ndarray, there: np.ndarray) -> Costs:
    n = len(here)
    high, low = np.where(on, here, there), np.where(on, there, here)
    return Costs((high - low) / n, low.sum(axis=0) / n, objective.combine)
