"""A search from start to end: sweeps, kicks, restarts, budget, the best that was found."""

import dataclasses
import time
from typing import Any

import numpy as np

from neuralopt.core.errors import DataError
from neuralopt.core.results import Status
from neuralopt.engine import History
from neuralopt.engine.interrupt import DeferredInterrupt
from neuralopt.models import CrossEntropy, SquaredError
from neuralopt.models.mlp import Params
from neuralopt.search.kernel import compiled
from neuralopt.search.ledger import Held, Ledger, Watch
from neuralopt.search.net import Net
from neuralopt.search.objectives import Objective, Rows, Tied
from neuralopt.search.plan import Plan, make_plan
from neuralopt.search.restart import Place, set_state, words_of
from neuralopt.search.searcher import Searcher
from neuralopt.search.settings import Settings
from neuralopt.search.start import first_params, kick
from neuralopt.search.targets import Targets
from neuralopt.storage import Slot

_PATIENCE = 2  # sweeps without a real decrease before a kick
_REAL = 1e-3  # a real decrease, relatively


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
    held : Held or None
        Rows that choose among what is found.
    slot : Slot or None
        Where the state is kept between sweeps, and gone on from.
    """

    def __init__(
        self,
        settings: Settings,
        X: np.ndarray,
        targets: Targets,
        begin: Params | None,
        watch: Watch | None,
        held: Held | None = None,
        slot: Slot | None = None,
    ) -> None:
        self._begun = time.perf_counter()
        self.settings, self.X, self.targets, self.begin, self.watch = settings, X, targets, begin, watch
        self.random = np.random.default_rng(settings.seed)
        self.held, self._slot = held, slot
        self._kept: tuple[dict[str, Any], dict[str, np.ndarray]] | None = None
        self._interrupt = DeferredInterrupt()
        self._sweeping: tuple[Net, Objective, Searcher] | None = None
        self.kernel = "NumPy"

    def go(self, sweeps: int) -> Found:
        """Search; at most so many sweeps for each start."""
        settings, starts = self.settings, 1 + self.settings.restarts
        self.ledger = ledger = Ledger(settings, self.targets, sweeps, self.watch, self.held)
        status, plan, place = Status.MAX_EPOCHS, None, self._restored()
        with self._interrupt:
            try:
                for start in range(0 if place is None else place.start, starts):
                    if settings.budget_s is not None:
                        ledger.end = self._begun + settings.budget_s * (start + 1) / starts
                    net = Net(settings.mlp, self._first(start) if place is None else place.params, self.X)
                    objective = self.targets.objective(settings.loss, net.outputs)
                    plan = make_plan(settings, objective)
                    status = self._start(net, objective, plan, sweeps, start, place)
                    place = None
                    if status is Status.INTERRUPTED or ledger.perfect(objective):
                        break
            except KeyboardInterrupt:
                status = Status.INTERRUPTED
        if ledger.best is None or plan is None:
            raise KeyboardInterrupt
        self._keep_end(status)
        ledger.close()
        choice = {**plan.lines(), "kernel": self.kernel}
        value, params = ledger.best
        if self.held is not None:
            params = self.held.params
        return Found(params, value, ledger.history, status, choice)

    def _first(self, start: int) -> Params:
        if start == 0 and self.begin is not None:
            return self.begin
        return first_params(self.settings, self.X, self.random)

    def _start(
        self, net: Net, objective: Objective, plan: Plan, sweeps: int, start: int, place: Place | None
    ) -> Status:
        """Search from one start, or go on with it from a place within."""
        settings, real, ledger = self.settings, self.targets.real, self.ledger
        over, self._sweeping = self._over, None
        main = Searcher(net, objective, self.targets.y, real, plan, settings, self.random, over)
        if not np.isfinite(main.value):
            raise DataError(
                f"loss {objective.name} must be finite, it is {main.value} for the first network. Likely "
                "cause: a logarithm or a division in a loss of one's own, or huge weights to begin with."
            )
        if place is None:
            ledger.keep(net, objective)
            main.readout()
            ledger.keep(net, objective)
        elif place.ended:
            return Status[place.ended]
        tied, guide = None, self._guide(net, objective)
        now = place or Place(start, 0, guide is not None, 0, np.inf, 0.0, [])
        if guide is not None:
            if place is None:
                now.share = 0.1 / len(self.X) / max(guide.value, 1e-9)
            tied = main = self._tied(net, objective, plan, guide, now.share)
        active = guide if now.guided and guide is not None else main
        stalled, reached = now.stalled, now.reached
        for sweep in range(now.sweep, sweeps):
            now = self._keep(now, net, sweep, active is guide, stalled, reached)
            if over():
                break
            active.loops = main.loops = self._loops
            self._sweeping = net, objective, active
            ledger.begin_sweep()
            value = active.sweep()
            self._sweeping = None
            if active is guide:
                main.cut(lambda: ledger.keep(net, objective))
            ledger.end_sweep(net, objective, active.moves)
            if ledger.perfect(objective):
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
            assert ledger.best is not None
            net.assign(ledger.best[1])
            if active is not main:
                active = main
            elif settings.tolerance is not None:
                return Status.CONVERGED
            else:
                kick(net, settings, self.random)
                active = guide or main
            active.value = active.measure()
        else:
            self._keep(now, net, sweeps, active is guide, stalled, reached)
        if self._interrupt.requested:
            return Status.INTERRUPTED
        return Status.BUDGET if over() else Status.MAX_EPOCHS

    def _guide(self, net: Net, objective: Objective) -> Searcher | None:
        """Return a search that leads a flat objective, or None: by squared error, whose readout is solved.

        Where the readout is searched too, as with levels, outputs have a scale of their own, which
        cross-entropy bears and squared error does not. A grid over all weights is the plain search.
        """
        settings, targets = self.settings, self.targets
        plain = settings.readout == "search" and settings.line == "grid"
        if not objective.guide or net.last == 0 or plain:
            return None
        if settings.readout == "search":
            leading, y = Rows("cross_entropy", CrossEntropy(), "class"), targets.y
        else:
            leading, y = Rows("squared_error", SquaredError(), "real"), targets.real
        plan = make_plan(settings, leading)
        return Searcher(net, leading, y, targets.real, plan, settings, self.random, self._over)

    def _tied(self, net: Net, objective: Objective, plan: Plan, guide: Searcher, share: float) -> Searcher:
        """Return the search by the objective itself, ties decided by the guide."""
        tied = Tied(objective, guide.objective, guide.y, share)
        y, real = self.targets.y, self.targets.real
        return Searcher(net, tied, y, real, plan, self.settings, self.random, self._over)

    def _keep(self, now: Place, net: Net, sweep: int, guided: bool, stalled: int, reached: float) -> Place:
        """Hand the state between two sweeps over to the slot; all that a sweep needs follows from it."""
        now = dataclasses.replace(
            now, sweep=sweep, guided=guided, stalled=stalled, reached=float(reached), params=net.params
        )
        if self._slot is not None:
            self._kept = self._packed(now)
            self._slot.hold(*self._kept)
        return now

    def _packed(self, place: Place) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
        (own, networks), (found, arrays) = place.packed(), self.ledger.packed()
        spent = time.perf_counter() - self._begun
        words = {"place": own, "found": found, "random": words_of(self.random), "seconds": spent}
        words["kernel"] = self.kernel
        return words, {**networks, **arrays}

    def _keep_end(self, status: Status) -> None:
        """Write the last state; a sweep that was cut short is made again when the search goes on."""
        if self._slot is None or self._kept is None:
            return
        content, arrays = self._kept
        if status is Status.CONVERGED:
            last = Place.unpacked(content["place"], arrays)
            content, arrays = self._packed(dataclasses.replace(last, ended=status.name))
        self._slot.write_at_end({**content, "seconds": time.perf_counter() - self._begun}, arrays)

    def _restored(self) -> Place | None:
        """Return where an earlier run of this search stopped, with all that it had found."""
        if self._slot is None or not self._slot.found:
            return None
        self._kept = content, arrays = self._slot.read()
        self.ledger.unpack(content["found"], arrays)
        set_state(self.random, content["random"])
        self._begun -= content["seconds"]
        self.kernel = content["kernel"]
        return Place.unpacked(content["place"], arrays)

    def _loops(self, name: str) -> Any:
        """Return compiled loops; with a budget nobody waits for the compiler."""
        loops = compiled(name, wait=self.settings.budget_s is None)
        self.kernel = "NumPy" if loops is None else "compiled"
        return loops

    def _over(self) -> bool:
        """Return whether time is up; asked between units, or weights."""
        now = time.perf_counter()
        if self._sweeping is not None:
            net, objective, active = self._sweeping
            self.ledger.during_sweep(now, net, objective, active.moves)
        return self._interrupt.requested or now >= self.ledger.end
