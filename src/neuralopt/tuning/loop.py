"""The loop of a study: ask while there is room, evaluate, tell, until it is enough."""

import collections
import time
import warnings
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from neuralopt.engine.interrupt import DeferredInterrupt
from neuralopt.tuning.evaluation import Assignment, Channel, Interrupted, Report
from neuralopt.tuning.executors import Executor
from neuralopt.tuning.study import Study
from neuralopt.tuning.trials import Outcome, TrialRecord, TrialsFailed, TrialState

Observer = Callable[[Study], None]


class Desk(Channel):
    """Takes what evaluations hand in to the study, and says when it is time to end.

    Parameters
    ----------
    study : Study
    interrupt : DeferredInterrupt
    observe : callable
        Told after every change.
    retries : int
        How often a trial is evaluated again when its worker died.
    """

    def __init__(self, study: Study, interrupt: DeferredInterrupt, observe: Observer, retries: int) -> None:
        self._study, self._interrupt, self._observe, self._retries = study, interrupt, observe, retries
        self._deaths: collections.Counter[int] = collections.Counter()
        self.waiting = _unfinished(study)
        self.apart: set[int] = set()

    def report(self, reports: Sequence[Report]) -> list[bool]:
        """See `Channel.report`."""
        ends = self._study.report(reports) if reports else []
        if reports:
            self._observe(self._study)
        if self._interrupt.requested:
            raise Interrupted
        return ends

    def finish(self, number: int, outcome: Outcome) -> None:
        """See `Channel.finish`."""
        self._study.tell(number, outcome)
        self._observe(self._study)

    def lost(self, numbers: Sequence[int], why: str, begun: bool) -> None:
        """See `Channel.lost`: they go on as after a kill of the study, the last time each by itself.

        What they had reported stands in the study and is not asked for again.
        """
        again = []
        for number in numbers:
            self._deaths[number] += begun
            if self._deaths[number] <= self._retries:
                again.append(self._study.trials.all[number])
            else:
                times = f" It was begun {self._deaths[number]} times." if self._retries else ""
                self.finish(number, Outcome(TrialState.FAILED, error=f"{why}{times}"))
        last = [trial for trial in again if 0 < self._deaths[trial.number] == self._retries]
        if len(numbers) > 1 and last:  # one of them may be what its worker dies of
            self.apart.update(trial.number for trial in again)
            self.waiting.extend([trial] for trial in again)
        elif again:
            self.waiting.append(again)
        if again and begun:
            who = ", ".join(str(trial.number) for trial in again)
            text = f"evaluated again: trial {who}, because {why}"
            warnings.warn(text, RuntimeWarning, stacklevel=2)


def run_study(
    study: Study,
    executor: Executor,
    *,
    max_trials: int,
    early_stopping_patience: int | None,
    batch: int,
    checkpoints: Path | None,
    max_failures: int,
    observe: Observer,
    timeout: float | None = None,
    retries: int = 0,
) -> bool:
    """Ask, evaluate and tell until the trials are used up or nothing improves any more.

    Parameters
    ----------
    study : Study
        New or resumed; the trials that had not ended are gone on with first.
    executor : Executor
    max_trials : int
        In all, those of earlier runs too.
    early_stopping_patience : int or None
        Ask no more when so many trials have ended since the best value was last improved.
    batch : int
        Trials of a job.
    checkpoints : Path or None
        Folder of the trials' own files.
    max_failures : int
        Give up when so many trials failed and none did not.
    observe : callable
        Told after every change.
    timeout : float or None
        Seconds after which no more is asked.
    retries : int
        How often a trial is evaluated again when its worker died.

    Returns
    -------
    bool
        Whether it was interrupted.

    Raises
    ------
    TrialsFailed
        When the first trials all failed.
    """
    begin = time.monotonic()
    with DeferredInterrupt() as interrupt:
        desk = Desk(study, interrupt, observe, retries)
        try:
            executor.start()
            while True:
                while executor.free and not interrupt.requested:
                    job = desk.waiting.pop(0) if desk.waiting else None
                    if job is None:
                        late = timeout is not None and time.monotonic() - begin > timeout
                        room = max_trials - len(study.trials.all)
                        if room <= 0 or late or enough(study, early_stopping_patience) or used_up(study):
                            break
                        job = study.ask(min(batch, room))
                    given = [assignment(study, t, checkpoints, t.number in desk.apart) for t in job]
                    executor.submit(given)
                if interrupt.requested:
                    raise Interrupted
                if not study.trials.running:
                    return False
                executor.poll(desk)
                _check_failures(study, max_failures)
        except (Interrupted, KeyboardInterrupt):
            return True
        finally:
            executor.close()


def enough(study: Study, patience: int | None) -> bool:
    """Return whether so many trials have ended since the best value was last improved."""
    return patience is not None and study.trials.since_best() >= patience


def used_up(study: Study) -> bool:
    """Return whether every configuration of a finite space has been asked for."""
    size = study.space.size
    if size is None or len(study.trials.all) < size:
        return False
    return len({study.space.key(trial.params) for trial in study.trials.all}) >= size


def assignment(study: Study, trial: TrialRecord, checkpoints: Path | None, alone: bool = False) -> Assignment:
    """Return what is needed to evaluate a trial."""
    words = np.random.SeedSequence([study.seed, trial.number]).generate_state(1)
    return Assignment(
        trial.number,
        trial.params,
        int(words[0]),
        dict(trial.reports),
        trial.told,
        None if checkpoints is None else checkpoints / f"trial-{trial.number}",
        alone,
    )


def _unfinished(study: Study) -> list[list[TrialRecord]]:
    """Return the trials that an earlier run left, in their jobs."""
    jobs: dict[int, list[TrialRecord]] = {}
    for trial in study.trials.running:
        jobs.setdefault(trial.job, []).append(trial)
    return list(jobs.values())


def _check_failures(study: Study, most: int) -> None:
    ended = study.trials.ended
    failed = [trial for trial in ended if trial.state is TrialState.FAILED]
    if len(failed) == len(ended) >= most:
        errors = [trial.error or "" for trial in failed]
        same = " All failed in the same way." if len({e.splitlines()[0] for e in errors}) == 1 else ""
        raise TrialsFailed(
            f"the first {len(failed)} trials all failed, so the study was ended.{same} Trial "
            f"{failed[-1].number} with {failed[-1].params!r}: {errors[-1]}"
        )
