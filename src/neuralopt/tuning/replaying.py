"""Making a study again from its journal, event by event, with one worker."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from neuralopt.core.errors import NeuraloptError
from neuralopt.storage import dumps, loads
from neuralopt.tuning.evaluation import Channel, FunctionObjective, Objective, Report
from neuralopt.tuning.journals import load_study_events
from neuralopt.tuning.loop import assignment
from neuralopt.tuning.study import Study
from neuralopt.tuning.trials import Event, Outcome, without_times


class ReplayDiffers(NeuraloptError, RuntimeError):
    """A study that was made again differs from its journal; the text says where."""


def replay(events: Sequence[Event] | str | Path, objective: Any, study: Study) -> Study:
    """Make a study again in the order that a journal has, evaluating everything anew with one worker.

    Proposals, values, decisions to prune and states must come out the same, bit for bit; only times may
    differ.

    Parameters
    ----------
    events : sequence of dict, or the folder of a study
        What happened.
    objective : callable or Objective
        What is evaluated, deterministic: the function that was tuned, or an `Objective`.
    study : Study
        A new one with the same space, sampler, pruner and seed.

    Returns
    -------
    Study
        With all trials.

    Raises
    ------
    ReplayDiffers
        At the first event that comes out otherwise.
    """
    recorded = load_study_events(events) if isinstance(events, str | Path) else list(events)
    if not isinstance(objective, Objective):
        objective = FunctionObjective(objective, study.directions)
    done = _Evaluations(recorded, objective, study)
    for event in recorded[1:]:
        before = len(study.events)
        if event["event"] == "ask":
            study.ask(len(event["params"]))
        elif event["event"] == "report":
            study.report([done.report(n, s) for n, s in zip(event["trials"], event["steps"], strict=True)])
        else:
            study.tell(event["trial"], done.outcome(event["trial"]))
        wanted, found = (dumps(_plain(e)) for e in (event, study.events[before]))
        if wanted != found:
            raise ReplayDiffers(
                f"event {before} of the study came out otherwise. Recorded: {wanted[:400]} Now: "
                f"{found[:400]} "
                "Likely cause: the objective is not a function of the trial alone, or another number of "
                "threads computed it."
            )
    return study


def _plain(event: Event) -> Any:
    (kept,) = without_times([event])
    return loads(dumps(kept))


class _Evaluations(Channel):
    """Evaluates jobs when their first event comes up, answering with the recorded decisions."""

    def __init__(self, recorded: list[Event], objective: Objective, study: Study) -> None:
        self._objective, self._study = objective, study
        self._ends: dict[tuple[int, int], bool] = {}
        for event in recorded:
            if event["event"] == "report":
                for n, steps, prune in zip(event["trials"], event["steps"], event["prune"], strict=True):
                    self._ends[n, steps[-1]] = prune
        self._reports: dict[int, dict[int, tuple[float, ...]]] = {}
        self._outcomes: dict[int, Outcome] = {}
        self._evaluated: set[int] = set()

    def report(self, reports: Sequence[Report] | int, steps: Any = None) -> Any:
        """Keep what an evaluation reports; or, given a number and steps, return the report of these steps."""
        if isinstance(reports, int):
            self._evaluate(reports)
            own = self._reports.get(reports, {})
            return (
                reports,
                steps,
                [own.get(step, (float("inf"),) * len(self._study.directions)) for step in steps],
            )
        for number, at, values in reports:
            self._reports.setdefault(number, {}).update(zip(at, values, strict=True))
        return [self._ends.get((number, at[-1]), False) for number, at, _ in reports]

    def finish(self, number: int, outcome: Outcome) -> None:
        """See `Channel.finish`."""
        self._outcomes[number] = outcome

    def outcome(self, number: int) -> Outcome:
        """Return how a trial ended."""
        self._evaluate(number)
        return self._outcomes[number]

    def _evaluate(self, number: int) -> None:
        first = self._study.trials.all[number].job
        if first not in self._evaluated:
            self._evaluated.add(first)
            job = [t for t in self._study.trials.all if t.job == first]
            self._objective.run([assignment(self._study, t, None) for t in job], self)
