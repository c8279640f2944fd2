"""A search from start to end: sweeps, kicks, restarts, budget, the best that was found."""

import dataclasses
import time
from collections.abc import Callable
from typing import Any

import numpy as np

from neuralopt.core.errors import DataError
from neuralopt.core.results import Status
from neuralopt.engine import History
from neuralopt.engine.interrupt import DeferredInterrupt
from neuralopt.models import SquaredError
from neuralopt.models.mlp import Params
from neuralopt.search.kernel import compiled
from neuralopt.search.net import ON_OFF, Net
from neuralopt.search.objectives import Objective, Rows, Tied
from neuralopt.search.plan import Plan, make_plan
from neuralopt.search.searcher import Searcher
from neuralopt.search.settings import Settings
from neuralopt.search.start import first_params, kick
from neuralopt.search.targets import Targets

_PATIENCE = 2  # sweeps without a real decrease before a kick
_REAL = 1e-3  # a real decrease, relatively
_PERFECT = 1e-12

Watch = Callable[[dict[str, float]], None]
"""Called after every sweep with sweep, loss, accepted and left, the seconds left or NaN."""


@dataclasses.dataclass
class Found:
    """What a search gave.

    Attributes
    ----------
    params : list of (W, b)
    value : float
    history : History
    status : Status
    choice : dict
        What was chosen, in words.
    """

    params: Params
    value: float
    history: History
    status: Status
    choice: dict[str, str]


class Run:
    """One call of ``search``.

    Parameters
    ----------
    settings : Settings
    X : array of shape (n, d)
    targets : Targets
    begin : list of (W, b) or None
        Where the first start begins; drawn where None.
    watch : callable or None
    """

    def __init__(
        self,
        settings: Settings,
        X: np.ndarray,
        targets: Targets,
        begin: Params | None,
        watch: Watch | None,
    ) -> None:
        self._begun = time.perf_counter()
        self.settings, self.X, self.targets, self.begin, self.watch = settings, X, targets, begin, watch
        self.random = np.random.default_rng(settings.seed)
        self.best: tuple[float, Params] | None = None
        self._rows: dict[str, list[float]] = {"loss": [], "seconds": [], "accepted": []}
        self._interrupt = DeferredInterrupt()
        self._end, self._square = np.inf, np.inf
        self.kernel = "NumPy"

    def go(self, sweeps: int) -> Found:
        """Search; at most so many sweeps for each start."""
        settings, starts = self.settings, 1 + self.settings.restarts
        status, plan = Status.MAX_EPOCHS, None
        with self._interrupt:
            try:
                for start in range(starts):
                    if settings.budget_s is not None:
                        self._end = self._begun + settings.budget_s * (start + 1) / starts
                    net = Net(settings.mlp, self._first(start), self.X)
                    objective = self.targets.objective(settings.loss, net.outputs)
                    plan = make_plan(settings, objective)
                    status = self._start(net, objective, plan, sweeps)
                    if status is Status.INTERRUPTED or self._perfect(objective):
                        break
            except KeyboardInterrupt:
                status = Status.INTERRUPTED
        if self.best is None or plan is None:
            raise KeyboardInterrupt
        choice = {**plan.lines(), "kernel": self.kernel}
        value, params = self.best
        history = History({name: np.array(column) for name, column in self._rows.items()})
        return Found(params, value, history, status, choice)

    def _first(self, start: int) -> Params:
        if start == 0 and self.begin is not None:
            return self.begin
        return first_params(self.settings, self.X, self.random)

    def _start(self, net: Net, objective: Objective, plan: Plan, sweeps: int) -> Status:
        """Search from one start."""
        settings, real = self.settings, self.targets.real
        over = self._over
        main = Searcher(net, objective, self.targets.y, real, plan, settings, self.random, over)
        if not np.isfinite(main.value):
            raise DataError(
                f"loss {objective.name} must be finite, it is {main.value} for the first network. "
                "Likely cause: a logarithm or a division in a loss of one's own."
            )
        self._keep(main.value, net)
        main.readout()
        self._keep(main.value, net)
        active, tied, guide = main, None, self._guide(net, objective)
        if guide is not None:
            tied = main = self._tied(net, objective, plan, guide)
            active = guide
        stalled, reached = 0, np.inf
        for _ in range(sweeps):
            if over():
                break
            begun = time.perf_counter()
            active.loops = lambda: self._loops(net)
            value = active.sweep()
            self._keep(float(objective.values(net.outputs[None], self.targets.y)[0]), net)
            self._note(begun, active.moves, sweeps)
            if self._perfect(objective):
                return Status.CONVERGED
            if settings.tolerance is None:
                least = _REAL * abs(reached) if np.isfinite(reached) else 0.0
            else:
                least = settings.tolerance
            stalled = stalled + 1 if reached - value <= least else 0
            reached = value
            if stalled < (_PATIENCE if settings.tolerance is None and active is not tied else 1):
                continue
            stalled, reached = 0, np.inf
            assert self.best is not None
            net.assign(self.best[1])
            if active is not main:
                active = main
            elif settings.tolerance is not None:
                return Status.CONVERGED
            else:
                kick(net, settings, self.random)
                active = guide or main
            active.value = active.measure()
        if self._interrupt.requested:
            return Status.INTERRUPTED
        return Status.BUDGET if over() else Status.MAX_EPOCHS

    def _guide(self, net: Net, objective: Objective) -> Searcher | None:
        """Return a search by squared error that leads a flat objective, or None."""
        if not objective.guide or net.last == 0 or self.settings.readout == "search":
            return None
        real, settings = self.targets.real, self.settings
        squared = Rows("squared_error", SquaredError(), "real")
        plan = make_plan(settings, squared)
        return Searcher(net, squared, real, real, plan, settings, self.random, self._over)

    def _tied(self, net: Net, objective: Objective, plan: Plan, guide: Searcher) -> Searcher:
        """Return the search by the objective itself, ties decided by the guide."""
        share = 0.1 / len(self.X) / max(guide.value, 1e-9)
        tied = Tied(objective, guide.objective, self.targets.real, share)
        y, real = self.targets.y, self.targets.real
        return Searcher(net, tied, y, real, plan, self.settings, self.random, self._over)

    def _loops(self, net: Net) -> Any:
        """Return compiled loops; with a budget nobody waits for the compiler."""
        if net.activation not in ON_OFF and net.last:
            return None
        loops = compiled(wait=self.settings.budget_s is None)
        self.kernel = "NumPy" if loops is None else "compiled"
        return loops

    def _keep(self, value: float, net: Net) -> None:
        """Keep the network if it is the best so far; of equals the one of the lower squared error."""
        if self.best is None or value <= self.best[0]:
            square = float(np.mean(np.square(net.outputs - self.targets.real)))
            if self.best is None or (value, square) < (self.best[0], self._square):
                self.best, self._square = (value, net.params), square

    def _note(self, begun: float, moves: int, sweeps: int) -> None:
        assert self.best is not None
        now = time.perf_counter()
        for name, entry in (("loss", self.best[0]), ("seconds", now - begun), ("accepted", moves)):
            self._rows[name].append(entry)
        if self.watch is not None:
            done = len(self._rows["loss"])
            left = (now - self._begun) / done * (sweeps * (1 + self.settings.restarts) - done)
            self.watch(
                {"sweep": done, "loss": self.best[0], "accepted": moves, "left": min(left, self._end - now)}
            )

    def _perfect(self, objective: Objective) -> bool:
        return self.best is not None and objective.name in _LEAST and self.best[0] <= _PERFECT

    def _over(self) -> bool:
        return self._interrupt.requested or time.perf_counter() >= self._end


_LEAST = ("01", "f1", "auc", "squared_error", "hinge", "cross_entropy")
