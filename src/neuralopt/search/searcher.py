"""One sweep over all weights of a network, by the plan."""

from collections.abc import Callable

import numpy as np

from neuralopt.search.net import ON_OFF
from neuralopt.search.readout import ridge_readouts
from neuralopt.search.unit_steps import UnitSteps
from neuralopt.search.weight_steps import WeightSteps

_PENALTY = 5.0  # of a ridge on features that change smoothly
_PARTS = (1.0, 0.1, 0.01, 1e-4)


class Searcher(UnitSteps, WeightSteps):
    """A network and an objective; ``sweep`` lowers the objective and never raises it. See `Steps`."""

    def sweep(self) -> float:
        """Go over all units once; return the objective."""
        net = self.net
        self.moves = 0
        net.refresh()  # what moves of one unit left of rounding
        self.value = self.measure()
        for layer in self._layers():
            kind = self.plan.kinds[layer]
            if layer == net.last:
                self.readout()
                if kind == "ridge":
                    continue
            for unit in self._order_of(range(net.weights[layer].shape[1])):
                if self.over():
                    return self.value
                if kind in ("on-off", "on-off levels", "class"):
                    self.search_unit(layer, unit, kind)
                else:
                    self.search_weights(layer, unit, kind)
        return self.value

    def cut(self, keep: Callable[[], None]) -> None:
        """Search outputs whose class counts, call ``keep``, and put the outputs back.

        A squared error that leads may leave all rows on one side of the threshold.
        """
        net = self.net
        if self.plan.kinds[-1] != "class":
            return
        before = net.weights[-1].copy(), net.biases[-1].copy()
        self.value = self.measure()
        for unit in range(net.weights[-1].shape[1]):
            self.search_unit(net.last, unit, "class")
        keep()
        net.weights[-1], net.biases[-1] = before
        net.refresh(net.last)

    def _layers(self) -> list[int]:
        """Return the layers in order; outputs whose class counts come first too, which sets their thresholds.

        Else a hidden unit gains most by making every row one class.
        """
        layers = list(range(self.net.last + 1))
        return [layers[-1], *layers] if len(layers) > 1 and self.plan.kinds[-1] == "class" else layers

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
        more, the more weights there are for each row. Where the squared error only leads another loss,
        smaller penalties follow: what counts is then that every row is on its side.
        """
        net = self.net
        if net.activation not in ON_OFF or not net.last:
            return (_PENALTY,)
        searched = net.mlp.parameter_count - net.weights[-1].size - net.biases[-1].size
        share = searched / len(self.real)
        first = 2 * min(share, share**3)
        return (first,) if self.settings.loss == "squared_error" else tuple(first * part for part in _PARTS)

    def _order_of(self, items: range) -> np.ndarray:
        order = np.arange(len(items))
        if self.settings.order == "random" and len(items) > 1:
            return self.random.permutation(order)
        return order
