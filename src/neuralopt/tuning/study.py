"""A study: it asks, it is told, and every word of that stands in its journal."""

import math
import numbers
from collections.abc import Sequence
from typing import Any

import neuralopt
from neuralopt.core.errors import InvalidArgument
from neuralopt.core.scalars import check_count
from neuralopt.storage import Journal, dumps, loads
from neuralopt.tuning.journals import VERSION, read_events
from neuralopt.tuning.pruners import Pruner, make_pruner, stopped_improving
from neuralopt.tuning.samplers import Observation, Sampler
from neuralopt.tuning.space import Space
from neuralopt.tuning.trials import Event, Outcome, TrialRecord, Trials, TrialState

_SIGNS = {"minimize": 1, "maximize": -1}


class Study:
    """Proposes configurations and keeps what came of them, by ask and tell.

    What it proposes and which trials it ends are functions of the seed and of the events before, in their
    order. The journal has that order, so that a study can be made again bit for bit; see `replay`.

    Parameters
    ----------
    space : Space
        What the hyperparameters may be.
    sampler : Sampler
        Where configurations come from.
    directions : sequence of {"minimize", "maximize"}, default ("minimize",)
        One for each objective.
    pruner : Pruner, optional
        Which trials end early.
    patience : int, optional
        End a trial whose first objective has not improved for so many steps.
    steps : int, optional
        The last step of a whole trial, where it is known: none is ended there.
    seed : int >= 0, default 0
        Of all that is drawn.
    journal : Journal, optional
        Where events are kept; by default in memory.
    facts : dict
        Plain data that belong to the study's first line and must be the same when it is resumed.
    resume : bool, default False
        Go on with the events of the journal.

    Raises
    ------
    InvalidArgument
        When the journal belongs to another study, or has begun and ``resume`` is False.

    Examples
    --------
    >>> from neuralopt.tuning.samplers import RandomSampler
    >>> study = Study(Space({"x": ("uniform", -1, 1)}), RandomSampler())
    >>> for trial in study.ask(3):
    ...     study.tell(trial.number, trial.params["x"] ** 2)
    >>> study.trials.best().value == min(t.value for t in study.trials.all)
    True
    """

    def __init__(
        self,
        space: Space,
        sampler: Sampler,
        *,
        directions: Sequence[str] = ("minimize",),
        pruner: Pruner | None = None,
        patience: int | None = None,
        steps: int | None = None,
        seed: int = 0,
        journal: Journal | None = None,
        facts: dict[str, Any] | None = None,
        resume: bool = False,
    ) -> None:
        self.space, self.sampler, self.directions = space, sampler, check_directions(directions)
        self.pruner = pruner or make_pruner(None, None)
        self.patience = None if patience is None else check_count("patience", patience)
        self._steps = steps
        self.seed, self._journal = check_count("seed", seed, low=0), journal
        self.trials = Trials(tuple(_SIGNS[d] for d in self.directions))
        self.events: list[Event] = []
        first: Event = {
            "event": "study",
            "version": VERSION,
            "neuralopt": neuralopt.__version__,
            "space": space.describe(),
            "method": sampler.name,
            "directions": list(self.directions),
            "pruner": repr(self.pruner),
            "patience": self.patience,
            "seed": self.seed,
            "facts": facts or {},
        }
        kept = [] if journal is None else read_events(journal)
        if kept and not resume:
            raise InvalidArgument(
                f"'{getattr(journal, 'path', '')}' holds a study already. Go on with it by resume=True, or "
                "give another place."
            )
        if kept:
            _check_same(first, kept[0], getattr(journal, "path", ""))
            for event in kept:
                self._take(event)
        else:
            self._write([first])

    def _take(self, event: Event) -> None:
        if event["event"] == "ask":
            event = event | {"params": [self.space.check(params) for params in event["params"]]}
        self.trials.apply(event)
        self.events.append(event)

    def _write(self, events: list[Event]) -> None:
        """Keep events, and take them in as a reader of the journal would."""
        if self._journal is not None:
            self._journal.extend(events)
        for event in events:
            self._take(loads(dumps(event)))

    def ask(self, count: int = 1) -> list[TrialRecord]:
        """Return new trials, to be evaluated together.

        Parameters
        ----------
        count : int >= 1, default 1
            How many.

        Returns
        -------
        list of TrialRecord
        """
        first, proposed = len(self.trials.all), []
        known = [self._observation(t) for t in self.trials.ended]
        pending = [t.params for t in self.trials.running]
        for number in range(first, first + count):
            params = self.sampler.propose(self.space, self.seed, number, known, [*pending, *proposed])
            proposed.append(params)
        # one line for all of them: after a kill all are there, or none
        self._write([{"event": "ask", "trial": first, "params": proposed}])
        return self.trials.all[first:]

    def _observation(self, trial: TrialRecord) -> Observation:
        values = trial.values
        if trial.state is TrialState.FAILED or values is None:
            losses = (math.inf,) * len(self.directions)
        else:
            losses = self.trials.losses(values)
        return Observation(trial.number, trial.params, losses, trial.state is TrialState.PRUNED)

    def report(self, reports: Sequence[tuple[int, Sequence[int], Sequence[Any]]]) -> list[bool]:
        """Take in intermediate values of trials that are evaluated together; return which of them end.

        Parameters
        ----------
        reports : sequence of (number, steps, values)
            Whole steps >= 0 that rise, and as many values: a number each, or a tuple of one for each
            objective.

        Returns
        -------
        list of bool
            For each of them whether it ends.
        """
        before = [max(self.trials.all[number].reports, default=-1) for number, _, _ in reports]
        rows = [[list(as_numbers(v, len(self.directions))) for v in values] for _, _, values in reports]
        event: Event = {
            "event": "report",
            "trials": [number for number, _, _ in reports],
            "steps": [list(steps) for _, steps, _ in reports],
            "values": rows,
        }
        self.trials.apply(event | {"prune": [False] * len(reports)})
        ends = [
            self._ends(self.trials.all[number], last)
            for (number, _, _), last in zip(reports, before, strict=True)
        ]
        self._write([event | {"prune": ends}])
        return ends

    def _ends(self, trial: TrialRecord, before: int) -> bool:
        if self._steps is not None and max(trial.reports) >= self._steps:
            return False
        if self.patience is not None and stopped_improving(self.trials, trial, self.patience):
            return True
        return self.pruner.ends(self.trials, trial, before)

    def tell(self, number: int, result: Any) -> None:
        """Take in how a trial ended.

        Parameters
        ----------
        number : int
            Of the trial.
        result : Outcome, number or tuple of numbers
            Numbers are those of a complete trial.
        """
        self.finish([(number, result)])

    def finish(self, results: Sequence[tuple[int, Any]]) -> None:
        """Take in how several trials ended, in this order."""
        events = []
        for number, result in results:
            found = result if isinstance(result, Outcome) else outcome_of(result, len(self.directions))
            events.append(
                {
                    "event": "tell",
                    "trial": number,
                    "state": found.state.name,
                    "values": None if found.values is None else list(found.values),
                    "error": found.error,
                    "seconds": found.seconds,
                    "notes": found.notes,
                }
            )
        self._write(events)


def outcome_of(result: Any, objectives: int, **rest: Any) -> Outcome:
    """Return the outcome of what an objective returned: COMPLETE, or FAILED with the reason."""
    try:
        values = as_numbers(result, objectives)
    except InvalidArgument as error:
        return Outcome(TrialState.FAILED, error=str(error), **rest)
    return Outcome(TrialState.COMPLETE, values, **rest)


def as_numbers(result: Any, objectives: int) -> tuple[float, ...]:
    """Return what an objective returned or reported as numbers, one for each objective, or raise."""
    several = isinstance(result, tuple | list) or getattr(result, "ndim", 0) == 1
    values: list[Any] = list(result) if several else [result]
    wanted = "a number" if objectives == 1 else f"{objectives} numbers"
    if len(values) != objectives:
        raise InvalidArgument(
            f"the objective must return {wanted}, got {result!r}. Give one direction for each number: "
            "directions=('minimize', 'minimize')."
        )
    found = []
    for value in values:
        if getattr(value, "shape", None) in ((), (1,)):  # of an array library
            value = value.item()
        if isinstance(value, bool) or not isinstance(value, numbers.Real):
            hint = " Likely cause: a missing return." if value is None else ""
            raise InvalidArgument(
                f"the objective must return {wanted}, got {value!r} of type {type(value).__name__}.{hint}"
            )
        if math.isnan(value):
            raise InvalidArgument(
                "the objective returned NaN. Likely cause: a training that diverged; return infinity for the "
                "worst there is."
            )
        found.append(float(value))
    return tuple(found)


def check_directions(directions: Any) -> tuple[str, ...]:
    """Return the directions of the objectives, or raise."""
    given = (directions,) if isinstance(directions, str) else tuple(directions)
    bad = [d for d in given if d not in _SIGNS]
    if bad or not given:
        raise InvalidArgument(
            f"directions are 'minimize' or 'maximize', one for each objective, got {directions!r}."
        )
    return given


def _check_same(ours: Event, theirs: Event, path: Any) -> None:
    for name in ours:
        if name in ("neuralopt", "version"):
            continue
        mine = loads(dumps(ours[name]))
        if theirs.get(name) != mine:
            if name == "facts":
                apart = [k for k in {**mine, **theirs[name]} if mine.get(k) != theirs[name].get(k)]
                detail = ", ".join(f"{k} was {theirs[name].get(k)!r}, is {mine.get(k)!r}" for k in apart)
            else:
                detail = f"{name} was {theirs.get(name)!r}, is {mine!r}"
            raise InvalidArgument(
                f"'{path}' holds another study: {detail}. Restore the setting, or give another place."
            )
