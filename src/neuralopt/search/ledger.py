"""What a search has found so far: the best network, a row for every sweep, figures for who watches."""

import time
from collections.abc import Callable
from typing import Any

import numpy as np

from neuralopt.engine import History
from neuralopt.models.mlp import Params
from neuralopt.search.net import Net
from neuralopt.search.objectives import Objective
from neuralopt.search.restart import flat, layers
from neuralopt.search.settings import Settings
from neuralopt.search.targets import Targets
from neuralopt.storage.checkpoint import Arrays

_PERFECT = 1e-12
_LEAST = ("01", "f1", "auc", "squared_error", "hinge", "cross_entropy")  # are zero at best
_PARTS = 10  # rows that a budget gives at least, however long a sweep is
_WATCHED = 1.0  # seconds between two figures for who watches

Watch = Callable[[dict[str, float]], None]
"""Called with sweep, loss, accepted and left, the seconds left or infinity."""


class Held:
    """Rows that a search does not look at; they choose among what it found, sweep by sweep.

    Parameters
    ----------
    settings : Settings
        Of the search.
    X : array of shape (n, d)
        The rows.
    targets : Targets
        Theirs.

    Attributes
    ----------
    params : list of (W, b)
        Of the lowest loss on these rows.
    lowest : float
    rows : (X, y)
    """

    params: Params

    def __init__(self, settings: Settings, X: np.ndarray, targets: Targets) -> None:
        self._settings, self._X, self._targets = settings, X, targets
        self.lowest, self.rows = np.inf, (X, targets.y)

    def loss(self, params: Params) -> float:
        """Return the loss of a network, and keep the network where it is the lowest."""
        outputs = Net(self._settings.mlp, params, self._X).outputs
        objective = self._targets.objective(self._settings.loss, outputs)
        value = float(objective.values(outputs[None], self._targets.y)[0])
        if value < self.lowest or not np.isfinite(self.lowest):
            self.lowest, self.params = value, params
        return value


class Ledger:
    """The best network and the history of one search.

    Parameters
    ----------
    settings : Settings
        Of the search.
    targets : Targets
        Of the rows that are searched.
    sweeps : int
        At most for each start.
    watch : callable or None
        Told of every row; see `Watch`.
    held : Held or None
        Rows that choose among what is found.

    Attributes
    ----------
    best : (float, list of (W, b)) or None
        The lowest objective and its network.
    end : float
        The reading of the clock at which a start must end.
    """

    def __init__(
        self, settings: Settings, targets: Targets, sweeps: int, watch: Watch | None, held: Held | None
    ) -> None:
        self._targets, self._watch = targets, watch
        self._total = sweeps * (1 + settings.restarts)
        self._part = np.inf if settings.budget_s is None else settings.budget_s / _PARTS
        self.best: tuple[float, Params] | None = None
        self.end = np.inf
        self._square = np.inf
        squared = settings.loss == "squared_error"
        self._least = _PERFECT * (float(targets.real.var(axis=0).mean()) if squared else 1.0)
        self._rows: dict[str, list[float]] = {"loss": [], "seconds": [], "accepted": []}
        self._held = held
        if held is not None:
            self._rows["validation_loss"] = []
        self._begun = self._rowed = self._shown = time.perf_counter()
        self._sweeps, self._counted = 0, 0

    @property
    def history(self) -> History:
        """The rows so far."""
        return History({name: np.array(column) for name, column in self._rows.items()})

    def keep(self, net: Net, objective: Objective) -> None:
        """Keep the network if it is the best so far; of equals the one of the lower squared error."""
        value = float(objective.values(net.outputs[None], self._targets.y)[0])
        if self.best is None or value <= self.best[0]:
            square = float(np.mean(np.square(net.outputs - self._targets.real)))
            if self.best is None or (value, square) < (self.best[0], self._square):
                self.best, self._square = (value, net.params), square

    def begin_sweep(self) -> None:
        """Count moves and seconds from here."""
        self._rowed, self._counted = time.perf_counter(), 0

    def end_sweep(self, net: Net, objective: Objective, moves: int) -> None:
        """Keep what a sweep gave, and write its row."""
        self.keep(net, objective)
        self._sweeps += 1
        self._write(time.perf_counter(), moves)
        self._show(moves)

    def during_sweep(self, now: float, net: Net, objective: Objective, moves: int) -> None:
        """Write a row, or show figures, where a sweep takes long."""
        row, shown = now - self._rowed >= self._part, now - self._shown >= _WATCHED
        if row or (shown and self._watch is not None):
            self.keep(net, objective)
            if row:
                self._write(now, moves)
            self._show(moves)

    def close(self) -> None:
        """Write a row where time was up before the first."""
        if not self._rows["loss"]:
            self._write(time.perf_counter(), 0)

    def perfect(self, objective: Objective) -> bool:
        """Return whether nothing can be better, but for rounding."""
        return self.best is not None and objective.name in _LEAST and self.best[0] <= self._least

    def packed(self) -> tuple[dict[str, Any], Arrays]:
        """Return all that was found, as plain data and arrays."""
        assert self.best is not None
        content = {"best": self.best[0], "square": self._square, "sweeps": self._sweeps}
        arrays = flat("best", self.best[1])
        arrays |= {f"rows/{name}": np.array(column) for name, column in self._rows.items()}
        if self._held is not None and self._rows["loss"]:
            content["lowest"] = self._held.lowest
            arrays |= flat("held", self._held.params)
        return content, arrays

    def unpack(self, content: dict[str, Any], arrays: Arrays) -> None:
        """Take what `packed` returned, and go on from there."""
        self.best, self._square = (content["best"], layers("best", arrays)), content["square"]
        self._sweeps = content["sweeps"]
        self._rows = {name: arrays[f"rows/{name}"].tolist() for name in self._rows}
        if self._held is not None and "lowest" in content:
            self._held.lowest, self._held.params = content["lowest"], layers("held", arrays)

    def _write(self, now: float, moves: int) -> None:
        assert self.best is not None
        for name, entry in (
            ("loss", self.best[0]),
            ("seconds", now - self._rowed),
            ("accepted", moves - self._counted),
        ):
            self._rows[name].append(entry)
        if self._held is not None:
            self._rows["validation_loss"].append(self._held.loss(self.best[1]))
        self._rowed, self._counted = now, moves

    def _show(self, moves: int) -> None:
        if self._watch is None:
            return
        assert self.best is not None
        now = self._shown = time.perf_counter()
        done = self._sweeps
        left = (now - self._begun) / done * (self._total - done) if done else np.inf
        self._watch(
            {"sweep": done, "loss": self.best[0], "accepted": moves, "left": min(left, self.end - now)}
        )
