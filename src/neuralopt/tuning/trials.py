"""What a study knows of its trials: records, and the events that make them."""

import dataclasses
import enum
import math
from collections.abc import Iterable, Mapping
from typing import Any

from neuralopt.core.errors import NeuraloptError

Event = dict[str, Any]


class TrialState(enum.Enum):
    """How a trial stands; the value is the sentence shown to a person.

    Attributes
    ----------
    value : str
        The sentence.
    """

    RUNNING = "It has not ended; a resumed study goes on with it."
    COMPLETE = "It was evaluated to the end."
    PRUNED = "It was ended early, because others did better at that point or it stopped improving."
    FAILED = "It gave no number; its error is kept."


class Pruned(NeuraloptError):
    """Raised by an objective to end its trial after `Trial.should_prune` said so."""


class TrialsFailed(NeuraloptError, RuntimeError):
    """The first trials of a study all failed; the text has the cause."""


@dataclasses.dataclass(frozen=True)
class Outcome:
    """How an evaluation ended.

    Attributes
    ----------
    state : TrialState
        COMPLETE, PRUNED or FAILED.
    values : tuple of float or None
        One for each objective.
    error : str or None
        Why it failed.
    seconds : float
        Wall time.
    notes : dict
        Plain data that the objective left.
    """

    state: TrialState
    values: tuple[float, ...] | None = None
    error: str | None = None
    seconds: float = 0.0
    notes: dict[str, Any] = dataclasses.field(default_factory=dict)


@dataclasses.dataclass
class TrialRecord:
    """One trial as the journal tells it.

    Attributes
    ----------
    number : int
        Counted from 0.
    params : dict
        The configuration.
    job : int
        Number of the first of the trials that are evaluated together with it.
    state : TrialState
    values : tuple of float or None
        One for each objective.
    reports : dict of int to tuple of float
        What the objective reported, by step.
    error : str or None
        Why it failed.
    seconds : float or None
        Wall time of the evaluation.
    notes : dict
        Plain data that the objective left.
    told : bool
        Whether its last report was answered by "end".
    reached : dict of int to tuple of float
        Losses at the steps that a pruner asked for: they do not change once they are passed.
    """

    number: int
    params: dict[str, Any]
    job: int
    state: TrialState = TrialState.RUNNING
    values: tuple[float, ...] | None = None
    reports: dict[int, tuple[float, ...]] = dataclasses.field(default_factory=dict)
    error: str | None = None
    seconds: float | None = None
    notes: dict[str, Any] = dataclasses.field(default_factory=dict)
    told: bool = False
    reached: dict[int, tuple[float, ...]] = dataclasses.field(default_factory=dict, compare=False)

    @property
    def value(self) -> float | None:
        """The value of the only, or the first, objective."""
        return None if self.values is None else self.values[0]


class Trials:
    """The trials of a study, built from its events in their order.

    Parameters
    ----------
    signs : tuple of int
        1 for an objective to be minimised, -1 for one to be maximised.
    """

    def __init__(self, signs: tuple[int, ...]) -> None:
        self.signs = signs
        self.all: list[TrialRecord] = []
        self.order: list[int] = []  # numbers in the order in which the trials ended

    def apply(self, event: Event) -> None:
        """Take in one event of the journal."""
        kind = event["event"]
        if kind == "ask":
            first = event["trial"]
            for k, params in enumerate(event["params"]):
                self.all.append(TrialRecord(first + k, params, first))
        elif kind == "report":
            rows = zip(event["trials"], event["steps"], event["values"], event["prune"], strict=True)
            for number, steps, values, prune in rows:
                trial = self.all[number]
                trial.reports |= {step: tuple(v) for step, v in zip(steps, values, strict=True)}
                trial.told = prune
        elif kind == "tell":
            trial = self.all[event["trial"]]
            trial.state = TrialState[event["state"]]
            trial.values = None if event["values"] is None else tuple(event["values"])
            trial.error, trial.seconds, trial.notes = event["error"], event["seconds"], event["notes"]
            self.order.append(trial.number)

    def losses(self, values: Iterable[float]) -> tuple[float, ...]:
        """Return values as losses, to be minimised."""
        return tuple(sign * value for sign, value in zip(self.signs, values, strict=True))

    @property
    def ended(self) -> list[TrialRecord]:
        """The trials that have ended, by number."""
        return [t for t in self.all if t.state is not TrialState.RUNNING]

    @property
    def running(self) -> list[TrialRecord]:
        """The trials that have not ended, by number."""
        return [t for t in self.all if t.state is TrialState.RUNNING]

    def best(self) -> TrialRecord | None:
        """Return the complete trial of the best value of the first objective; None where there is none."""
        sound = [
            t for t in self.all if t.state is TrialState.COMPLETE and t.values and math.isfinite(t.values[0])
        ]
        return min(sound, key=lambda t: (self.signs[0] * _first(t), t.number)) if sound else None

    def since_best(self) -> int:
        """Return how many trials have ended since one was last better than all before it.

        With several objectives: since one was last better than each of those before it in something.
        """
        front: list[tuple[float, ...]] = []
        count = 0
        for number in self.order:
            trial = self.all[number]
            losses = (math.inf,) * len(self.signs)
            if trial.state is TrialState.COMPLETE and trial.values:
                losses = self.losses(trial.values)
            beaten = any(all(a <= b for a, b in zip(other, losses, strict=True)) for other in front)
            if math.isfinite(sum(losses)) and not beaten:
                front = [o for o in front if any(a < b for a, b in zip(o, losses, strict=True))]
                front.append(losses)
                count = 0
            else:
                count += 1
        return count


def _first(trial: TrialRecord) -> float:
    return trial.values[0] if trial.values else math.inf


def without_times(events: Iterable[Event]) -> list[Event]:
    """Return events without what differs from run to run: two studies that did the same are then equal."""
    return [{k: v for k, v in event.items() if k != "seconds"} for event in events]


def described(params: Mapping[str, Any]) -> str:
    """Return a configuration in words, numbers with four digits.

    Parameters
    ----------
    params : mapping
        A configuration.

    Returns
    -------
    str

    Examples
    --------
    >>> described({"learning_rate": 0.00123456, "batch_size": 32})
    'learning_rate=0.001235, batch_size=32'
    """
    return ", ".join(f"{k}={v:.4g}" if isinstance(v, float) else f"{k}={v}" for k, v in params.items())
