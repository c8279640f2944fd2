"""Steps of one weight after the other: grids, levels, smooth lines, relu pieces."""

import numpy as np

from neuralopt.search.batch_line import Line, quantile_steps, refine
from neuralopt.search.net import ON_OFF
from neuralopt.search.plan import squared
from neuralopt.search.relu_line import change_at, relu_line
from neuralopt.search.screen import screenable
from neuralopt.search.steps import ROUNDING, Steps

_POINTS = 9  # of a coarse batch
_INTERVALS = 33  # between breakpoints, for metrics of the whole set


class WeightSteps(Steps):
    """Steps of single weights."""

    def search_weights(self, layer: int, unit: int, kind: str) -> None:
        """Set all incoming weights of a unit in turn; ``kind`` is that of the plan."""
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
                self._take(layer, unit, int(j), float(w) + step, step, columns[j], value)

    def _step(
        self, layer: int, unit: int, a: np.ndarray, w: float, kind: str, *, bias: bool
    ) -> tuple[float, float]:
        """Return the best step of one weight, 0 for none, and the objective that it promises."""
        settings, net = self.settings, self.net
        if not a.any():
            return 0.0, self.value
        low, high = settings.bias_range if bias else settings.weight_range
        loops = None
        if squared(self.objective) and screenable(net, layer):
            loops = self.loops("screen_loops")
        line = Line(net, self.objective, self.y, layer, unit, a, loops, self.over)
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
        return (step, self.value - gain) if gain > ROUNDING * self.value else (0.0, self.value)

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
