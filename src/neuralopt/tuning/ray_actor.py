"""What evaluates trials on a worker of Ray; it needs little, so that it starts soon."""

import dataclasses
import pickle
import queue
import threading
from collections.abc import Sequence
from typing import Any

from neuralopt.core.versions import versions
from neuralopt.tuning.evaluation import Assignment, Channel, Objective, Report, failure_text
from neuralopt.tuning.trials import Outcome
from neuralopt.tuning.worker_executor import Message


class TrialActor:
    """Evaluates jobs in a thread, and says one message for each that Ray brings.

    Parameters
    ----------
    objective : bytes
        A pickled `Objective`.
    """

    def __init__(self, objective: bytes) -> None:
        self._objective = objective
        self._said: queue.SimpleQueue[Message] = queue.SimpleQueue()
        self._heard: queue.SimpleQueue[list[bool]] = queue.SimpleQueue()

    def begin(self) -> Message:
        """Say that it is ready, with the versions of this machine, or why not."""
        try:
            self._made: Objective = pickle.loads(self._objective)
        except Exception as error:  # a module that is not here, or whatever importing it raises
            return "broken", f"{type(error).__name__}: {error}"
        return "ready", versions()

    def hear(self, what: str, content: Any) -> Message:
        """Take a job, or the answer to a report; return what the evaluation says next."""
        if what == "job":
            threading.Thread(target=self._work, args=(content,), daemon=True).start()
        elif what == "answer":
            self._heard.put(content)
        return self._said.get()

    def _work(self, job: Sequence[Assignment]) -> None:
        try:
            self._made.run([_local(given) for given in job], _QueueChannel(self._said, self._heard))
        except BaseException as error:  # would end a process of its own
            self._said.put(("broken", failure_text(error)))
        else:
            self._said.put(("idle", None))


def _local(given: Assignment) -> Assignment:
    """Return an assignment without its checkpoint where this machine does not have the study's folder."""
    if given.checkpoint is None or given.checkpoint.parent.is_dir():
        return given
    return dataclasses.replace(given, checkpoint=None)


class _QueueChannel(Channel):
    """The study, seen from the thread of an actor."""

    def __init__(self, said: Any, heard: Any) -> None:
        self._said, self._heard = said, heard

    def report(self, reports: Sequence[Report]) -> list[bool]:
        """See `Channel.report`."""
        self._said.put(("report", list(reports)))
        return self._heard.get()

    def finish(self, number: int, outcome: Outcome) -> None:
        """See `Channel.finish`."""
        self._said.put(("finish", (number, outcome)))
