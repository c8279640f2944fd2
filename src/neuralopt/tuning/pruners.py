"""When a trial is not worth going on with: decisions from the reports so far, and from nothing else."""

import abc
import dataclasses
import math
from typing import Any, ClassVar

import numpy as np

from neuralopt.core.errors import InvalidArgument, did_you_mean, raise_problems
from neuralopt.core.scalars import check_count
from neuralopt.tuning.pareto import crowding, nondominated_ranks
from neuralopt.tuning.trials import TrialRecord, Trials


@dataclasses.dataclass(frozen=True)
class Pruner(abc.ABC):
    """Decides at every report whether a trial ends. The same reports give the same decision."""

    name: ClassVar[str]

    @abc.abstractmethod
    def ends(self, trials: Trials, trial: TrialRecord, before: int) -> bool:
        """Return whether a trial ends.

        Parameters
        ----------
        trials : Trials
            All of the study, with the reports so far.
        trial : TrialRecord
            The one that has just reported.
        before : int
            Its last step before that, -1 for none.

        Returns
        -------
        bool
        """

    def steps(self, total: int) -> list[int]:
        """Return the steps, up to a total, at which it can decide anything."""
        return list(range(1, total + 1))


@dataclasses.dataclass(frozen=True)
class NoPruner(Pruner):
    """Every trial runs to its end."""

    name: ClassVar[str] = "none"

    def ends(self, trials: Trials, trial: TrialRecord, before: int) -> bool:
        """See `Pruner.ends`."""
        return False

    def steps(self, total: int) -> list[int]:
        """See `Pruner.steps`."""
        return []


@dataclasses.dataclass(frozen=True)
class MedianPruner(Pruner):
    """End a trial whose best report so far is worse than the median of the others' at that step.

    Parameters
    ----------
    startup : int >= 0, default 5
        Trials that must have come as far before any is ended.
    warmup : int >= 0, default 0
        Steps before which none is ended.
    """

    startup: int = 5
    warmup: int = 0

    name: ClassVar[str] = "median"

    def __post_init__(self) -> None:
        check_count("startup", self.startup, low=0)
        check_count("warmup", self.warmup, low=0)

    def ends(self, trials: Trials, trial: TrialRecord, before: int) -> bool:
        """See `Pruner.ends`."""
        _single(trials, self.name)
        step = max(trial.reports)
        if step <= self.warmup:
            return False
        others = [_reached(trials, t, step) for t in trials.all if t is not trial]
        there = [loss[0] for loss in others if loss is not None]
        if len(there) < max(1, self.startup):
            return False
        own = _reached(trials, trial, step)
        return own is not None and own[0] > float(np.median(there))


@dataclasses.dataclass(frozen=True)
class ASHA(Pruner):
    """Asynchronous successive halving: at every rung only the best share of those who reached it goes on.

    Rungs lie at ``min_steps * reduction ** k``. With several objectives trials are compared by their
    non-dominated rank, then by how crowded their part of the front is.

    Parameters
    ----------
    min_steps : int >= 1, default 1
        The first rung.
    reduction : int >= 2, default 3
        One in so many goes on.

    References
    ----------
    Li et al., 2018, arXiv:1810.05934; Schmucker et al., 2021, arXiv:2106.12639, for several objectives.
    """

    min_steps: int = 1
    reduction: int = 3

    name: ClassVar[str] = "asha"

    def __post_init__(self) -> None:
        check_count("min_steps", self.min_steps)
        check_count("reduction", self.reduction, low=2)

    def ends(self, trials: Trials, trial: TrialRecord, before: int) -> bool:
        """See `Pruner.ends`."""
        return self.ends_among(trials, trials.all, trial, before, self.min_steps)

    def ends_among(
        self, trials: Trials, rivals: list[TrialRecord], trial: TrialRecord, before: int, first: int
    ) -> bool:
        """Return whether a trial ends at the last rung that its report passed, among these rivals."""
        passed = [r for r in _rungs(first, self.reduction, max(trial.reports)) if r > before]
        if not passed:
            return False
        own = _reached(trials, trial, passed[-1])
        others = [_reached(trials, t, passed[-1]) for t in rivals if t is not trial]
        there = [own, *(loss for loss in others if loss is not None)]
        better = _better(np.array(there, float))
        return bool(better >= max(1, len(there) // self.reduction))

    def steps(self, total: int) -> list[int]:
        """See `Pruner.steps`."""
        return _rungs(self.min_steps, self.reduction, total)


@dataclasses.dataclass(frozen=True)
class Hyperband(Pruner):
    """Several `ASHA` side by side that begin to end trials at different rungs.

    A trial's bracket follows from its number, in shares that give every bracket about the same number of
    steps. Where early reports mislead, the brackets that begin late are right.

    Parameters
    ----------
    min_steps : int >= 1, default 1
        The first rung of the most eager bracket.
    max_steps : int >= 1, default 27
        Steps of a whole trial.
    reduction : int >= 2, default 3
        One in so many goes on.

    References
    ----------
    Li et al., 2017, arXiv:1603.06560.
    """

    min_steps: int = 1
    max_steps: int = 27
    reduction: int = 3

    name: ClassVar[str] = "hyperband"

    def __post_init__(self) -> None:
        check_count("min_steps", self.min_steps)
        check_count("max_steps", self.max_steps, low=self.min_steps)
        check_count("reduction", self.reduction, low=2)

    @property
    def brackets(self) -> int:
        """How many brackets there are."""
        return len(_rungs(self.min_steps, self.reduction, self.max_steps))

    def bracket(self, number: int) -> int:
        """Return the bracket of a trial by its number; 0 is the most eager one."""
        shares = np.array([self.reduction**s / (s + 1) for s in range(self.brackets - 1, -1, -1)])
        # a sequence of low discrepancy, so that every stretch of numbers has all brackets in their shares
        place = (number * (math.sqrt(5) - 1) / 2 + 0.5) % 1.0
        return int(np.searchsorted(np.cumsum(shares / shares.sum()), place, side="right"))

    def ends(self, trials: Trials, trial: TrialRecord, before: int) -> bool:
        """See `Pruner.ends`."""
        own = self.bracket(trial.number)
        rivals = [t for t in trials.all if self.bracket(t.number) == own]
        halving = ASHA(self.min_steps, self.reduction)
        return halving.ends_among(trials, rivals, trial, before, self.min_steps * self.reduction**own)

    def steps(self, total: int) -> list[int]:
        """See `Pruner.steps`."""
        return _rungs(self.min_steps, self.reduction, total)


_PRUNERS: dict[str, type[Pruner]] = {p.name: p for p in (NoPruner, MedianPruner, ASHA, Hyperband)}


def make_pruner(pruner: Any, steps: int | None) -> Pruner:
    """Return a pruner by name, or the given one; None is none.

    Parameters
    ----------
    pruner : str, Pruner or None
        "asha" (of a known length from a ninth of it on), "hyperband", "median" or "none".
    steps : int or None
        Steps of a whole trial, where they are known.

    Returns
    -------
    Pruner
    """
    if pruner is None:
        return NoPruner()
    if isinstance(pruner, Pruner):
        return pruner
    if not isinstance(pruner, str) or pruner not in _PRUNERS:
        hint = did_you_mean(pruner, _PRUNERS) if isinstance(pruner, str) else ""
        raise InvalidArgument(
            f"pruner must be one of {', '.join(_PRUNERS)}, a Pruner or None, got {pruner!r}.{hint}"
        )
    if pruner == "hyperband" and steps is not None:
        return Hyperband(max_steps=steps)
    if pruner == "asha" and steps is not None:  # before a ninth of a training its loss says little of its end
        return ASHA(min_steps=max(1, steps // 9))
    return _PRUNERS[pruner]()


def stopped_improving(trials: Trials, trial: TrialRecord, patience: int) -> bool:
    """Return whether a trial's first objective has not improved for so many steps."""
    best, at = math.inf, 0
    for step in sorted(trial.reports):
        loss = trials.losses(trial.reports[step])[0]
        if loss < best:
            best, at = loss, step
    return max(trial.reports) - at >= patience


def _rungs(first: int, reduction: int, total: int) -> list[int]:
    rungs = []
    while first <= total:
        rungs.append(first)
        first *= reduction
    return rungs


def _reached(trials: Trials, trial: TrialRecord, step: int) -> tuple[float, ...] | None:
    """Return a trial's losses at a step: of one objective the best so far; None before it came there."""
    if step in trial.reached:
        return trial.reached[step]
    if not trial.reports or max(trial.reports) < step:
        return None
    until = min(s for s in trial.reports if s >= step)
    losses = [trials.losses(values) for s, values in sorted(trial.reports.items()) if s <= until]
    found = losses[-1] if len(trials.signs) > 1 else (min(math.inf, *(x for (x,) in losses), math.inf),)
    trial.reached[step] = tuple(math.inf if math.isnan(x) else x for x in found)
    return trial.reached[step]


def _better(losses: np.ndarray) -> int:
    """Return how many rows are better than the first."""
    if losses.shape[1] == 1:
        if not math.isfinite(losses[0, 0]):
            return len(losses)
        return int((losses[:, 0] < losses[0, 0]).sum())
    ranks = nondominated_ranks(losses)
    front = losses[ranks == ranks[0]]
    near = crowding(front)
    return int((ranks < ranks[0]).sum() + (near > near[0]).sum())


def _single(trials: Trials, name: str) -> None:
    problems = []
    if len(trials.signs) > 1:
        problems.append(
            f"pruner {name!r} compares one objective, got {len(trials.signs)}. Take 'asha' or 'hyperband'."
        )
    raise_problems(problems)
