"""Evaluating trials: jobs, what an objective is handed, and how its end becomes an outcome."""

import abc
import dataclasses
import time
import traceback
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from neuralopt.core.errors import InvalidArgument, NeuraloptError
from neuralopt.engine.identity import describe
from neuralopt.storage import dumps
from neuralopt.tuning.study import as_numbers, outcome_of
from neuralopt.tuning.trials import Outcome, Pruned, TrialState

Report = tuple[int, list[int], list[tuple[float, ...]]]
_TRACE_LINES = 12


class Interrupted(BaseException):
    """Leaves an objective after Ctrl-C; its trial goes on when the study is resumed."""


@dataclasses.dataclass(frozen=True)
class Assignment:
    """One trial of a job: what is needed to evaluate it, wherever that happens.

    Attributes
    ----------
    number : int
    params : dict
    seed : int
        Of everything random in the evaluation; it follows from the study's seed and the number.
    reports : dict of int to tuple of float
        What it reported before it was interrupted or killed.
    told : bool
        Whether it had been told to end then.
    checkpoint : Path or None
        A file that is the trial's own.
    alone : bool
        Whether it was taken out of its job, because workers died of that: it then shares no checkpoint.
    """

    number: int
    params: dict[str, Any]
    seed: int
    reports: dict[int, tuple[float, ...]]
    told: bool
    checkpoint: Path | None
    alone: bool = False


class Channel(abc.ABC):
    """Between an evaluation and the study, in one process or across two."""

    @abc.abstractmethod
    def report(self, reports: Sequence[Report]) -> list[bool]:
        """Hand over intermediate values; return for each trial whether it ends."""

    @abc.abstractmethod
    def finish(self, number: int, outcome: Outcome) -> None:
        """Hand over how a trial ended."""

    def lost(self, numbers: Sequence[int], why: str, begun: bool) -> None:
        """Hand over that a worker died before these trials of its job had ended.

        Parameters
        ----------
        numbers : sequence of int
            Of the trials.
        why : str
            A sentence.
        begun : bool
            Whether the worker had begun with them.
        """
        for number in numbers:
            self.finish(number, Outcome(TrialState.FAILED, error=why))


class Objective(abc.ABC):
    """Evaluates jobs of one or more trials. It is pickled into worker processes.

    Attributes
    ----------
    directions : tuple of str
        Of its values.
    steps : int or None
        How many times a trial reports at most, where that is known.
    batch : int
        How many trials it evaluates together.
    """

    directions: tuple[str, ...] = ("minimize",)
    steps: int | None = None
    batch: int = 1

    @abc.abstractmethod
    def run(self, job: Sequence[Assignment], channel: Channel) -> None:
        """Evaluate trials; every one of them is finished, unless `Interrupted` leaves it."""

    def identity(self) -> dict[str, Any]:
        """Return plain data that must be the same when a study is resumed."""
        return {}


class Trial(Mapping[str, Any]):
    """What an objective is handed: a configuration, and the way to report and to be ended early.

    It is a mapping of the names of hyperparameters to their values. What it has besides them:

    Attributes
    ----------
    number : int
        Of the trial, counted from 0.
    params : dict
        The configuration.
    seed : int
        For everything random in the objective: it follows from the study's seed and the number.
    checkpoint : Path or None
        A file of this trial alone, in a study with a folder. What is written there is found again when
        the trial goes on after a kill: ``train(..., checkpoint=trial.checkpoint, resume=True)``.

    Examples
    --------
    >>> def objective(trial):
    ...     for epoch in range(1, 4):
    ...         trial.report(epoch, (trial["x"] - 1) ** 2 / epoch)
    ...         if trial.should_prune():
    ...             break
    ...     return (trial["x"] - 1) ** 2
    """

    def __init__(self, given: Assignment, channel: Channel, objectives: int) -> None:
        self.number, self.params, self.seed = given.number, dict(given.params), given.seed
        self.checkpoint, self.notes = given.checkpoint, {}
        self._channel, self._objectives = channel, objectives
        self._before, self._told_before, self._told = dict(given.reports), given.told, False
        self._last: tuple[int, tuple[float, ...]] | None = None

    def __getitem__(self, name: str) -> Any:
        return self.params[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self.params)

    def __len__(self) -> int:
        return len(self.params)

    def __repr__(self) -> str:
        return f"Trial({self.number}, {self.params!r})"

    @property
    def last(self) -> tuple[float, ...] | None:
        """What was reported last."""
        return None if self._last is None else self._last[1]

    def report(self, step: int, value: Any) -> None:
        """Tell the study an intermediate value, for pruning and for the record.

        Parameters
        ----------
        step : int >= 0
            Rising: epochs done, for example.
        value : float or tuple of float
            One for each objective.
        """
        if isinstance(step, bool) or not isinstance(step, int) or step < 0:
            raise InvalidArgument(f"step must be a whole number >= 0, got {step!r}.")
        if self._last is not None and step <= self._last[0]:
            raise InvalidArgument(f"steps must rise, got {step} after {self._last[0]}.")
        values = as_numbers(value, self._objectives)
        self._last = step, values
        if step in self._before:  # told before a kill or Ctrl-C: the journal has the answer
            self._told = self._told_before and step == max(self._before)
            return
        if self._before and step < max(self._before):
            return
        (self._told,) = self._channel.report([(self.number, [step], [values])])

    def should_prune(self) -> bool:
        """Return whether the study has ended this trial: return from the objective, or raise `Pruned`."""
        return self._told

    def note(self, name: str, value: Any) -> None:
        """Keep plain data with the trial.

        Parameters
        ----------
        name : str
            Under which it is kept.
        value : str, int, float, bool, None, list or dict
            Plain data.
        """
        dumps({name: value})  # refuses what the journal cannot keep, here and not later
        self.notes[name] = value


class FunctionObjective(Objective):
    """A function of a `Trial` that returns a number, or a tuple of one for each objective.

    Parameters
    ----------
    function : callable
    directions : tuple of str
    """

    def __init__(self, function: Callable[[Trial], Any], directions: tuple[str, ...]) -> None:
        self.function, self.directions = function, directions

    def run(self, job: Sequence[Assignment], channel: Channel) -> None:
        """See `Objective.run`."""
        for given in job:
            trial = Trial(given, channel, len(self.directions))
            channel.finish(given.number, self._outcome(trial))

    def _outcome(self, trial: Trial) -> Outcome:
        begin = time.perf_counter()
        result: Any = None
        try:
            result = self.function(trial)
            pruned = trial.should_prune()
        except Pruned:
            pruned = True
        except Exception as error:
            return Outcome(
                TrialState.FAILED,
                error=failure_text(error),
                seconds=time.perf_counter() - begin,
                notes=trial.notes,
            )
        rest: dict[str, Any] = {"seconds": time.perf_counter() - begin, "notes": trial.notes}
        if pruned:
            return Outcome(TrialState.PRUNED, trial.last, **rest)
        return outcome_of(result, len(self.directions), **rest)

    def identity(self) -> dict[str, Any]:
        """See `Objective.identity`; a function is known by its code and what it closes over."""
        own: Any = getattr(self.function, "identity", None)
        if own is not None:
            return own()
        return {"objective": describe(self.function)}


def failure_text(error: BaseException) -> str:
    """Return an error as it is kept in the journal: its sentence, and for others than ours where it arose."""
    sentence = f"{type(error).__name__}: {error}"
    if isinstance(error, NeuraloptError):
        return sentence
    lines = "".join(traceback.format_exception(error)).splitlines()
    return "\n".join([sentence, *lines[-_TRACE_LINES:-1]])
