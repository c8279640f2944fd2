"""What all executors with workers share: who does what, and what happens when a worker dies."""

import abc
import time
import warnings
from collections.abc import Iterable, Sequence
from typing import Any, Generic, TypeVar

from neuralopt.core.errors import WorkerError
from neuralopt.tuning.evaluation import Assignment, Channel
from neuralopt.tuning.executors import Executor

_TICK = 0.2  # seconds between two looks for Ctrl-C
_STARTS = 2  # in a row that may fail before a worker is given up

Message = tuple[str, Any]


class WorkerGone(Exception):
    """A worker has died.

    Parameters
    ----------
    what : str
        How, as a sentence that begins with "its worker".
    cause : str
        What is likely.
    for_good : bool
        Whether starting it once more is in vain.
    """

    def __init__(self, what: str, cause: str = "out of memory, or a kill.", for_good: bool = False) -> None:
        super().__init__(f"{what}. Likely cause: {cause}")
        self.for_good = for_good


class Worker(abc.ABC):
    """A worker, and the trials that it still has to finish."""

    def __init__(self) -> None:
        self.left: set[int] = set()
        self.ready = False  # whether it has said that it can evaluate
        self.failed = 0  # starts in a row that failed at its place
        self.began = time.monotonic()

    @abc.abstractmethod
    def tell(self, what: str, content: Any) -> None:
        """Send a job, or the answer to a report; one that has just died hears nothing."""

    @abc.abstractmethod
    def hear(self) -> Message:
        """Return its message, which is there.

        Raises
        ------
        WorkerGone
            When it has died instead.
        """

    @abc.abstractmethod
    def end(self) -> None:
        """End it, whatever it does."""


W = TypeVar("W", bound=Worker)


class WorkerExecutor(Executor, Generic[W]):
    """Hands jobs to workers, and starts another worker in the place of one that dies.

    Parameters
    ----------
    workers : int >= 1
        How many.
    start_timeout : float > 0
        Seconds in which a worker must be ready.
    """

    def __init__(self, workers: int, start_timeout: float) -> None:
        self._count, self._start_timeout = workers, start_timeout
        self._workers: list[W] = []
        self._given_up: list[str] = []  # why, of workers of which nobody has been told yet

    @abc.abstractmethod
    def _begin(self) -> W:
        """Start a worker."""

    @abc.abstractmethod
    def _speaking(self, seconds: float) -> Iterable[W]:
        """Return the workers that have said something or died; wait for one, but not longer."""

    def start(self) -> None:
        """See `Executor.start`."""
        self._workers = [self._begin() for _ in range(self._count)]

    @property
    def free(self) -> int:
        """See `Executor.free`."""
        return sum(not worker.left for worker in self._workers)

    def submit(self, job: Sequence[Assignment]) -> None:
        """See `Executor.submit`."""
        worker = min((w for w in self._workers if not w.left), key=lambda w: not w.ready)
        worker.left = {given.number for given in job}
        worker.tell("job", job)

    def poll(self, channel: Channel) -> None:
        """See `Executor.poll`."""
        for worker in self._speaking(_TICK):
            try:
                kind, content = worker.hear()
            except WorkerGone as gone:
                self._replace(worker, gone, channel)
                continue
            if kind == "report":
                worker.tell("answer", channel.report(content))
            elif kind == "finish":
                number, outcome = content
                channel.finish(number, outcome)
                worker.left.discard(number)
            elif kind == "ready":
                worker.ready, worker.failed = True, 0
                self._tell_given_up()
        limit = time.monotonic() - self._start_timeout
        for worker in [w for w in self._workers if not w.ready and w.began < limit]:
            text = f"its worker was not ready after {self._start_timeout:g} seconds"
            cause = (
                f"too few free cores for workers={self._count}, or for start_timeout={self._start_timeout:g}."
            )
            self._replace(worker, WorkerGone(text, cause, for_good=True), channel)
        channel.report([])

    def _replace(self, worker: W, gone: WorkerGone, channel: Channel) -> None:
        """Start another worker in the place of one, and hand back what it had to do."""
        place = self._workers.index(worker)
        worker.end()
        failed = 0 if worker.ready else worker.failed + 1
        if failed and (gone.for_good or failed >= _STARTS):
            del self._workers[place]
            if not self._workers:
                raise WorkerError(f"no worker can be started: {gone}")
            self._given_up.append(str(gone))
            if any(other.ready for other in self._workers):
                self._tell_given_up()
        else:
            self._workers[place] = self._begin()
            self._workers[place].failed = failed
        if worker.left:
            channel.lost(sorted(worker.left), str(gone), begun=worker.ready)

    def _tell_given_up(self) -> None:
        """Warn of workers that were given up, once another one works; without one an error is to come."""
        while self._given_up:
            warnings.warn(
                f"a worker cannot be started, the study goes on with {len(self._workers)}: "
                f"{self._given_up.pop()}",
                RuntimeWarning,
                stacklevel=2,
            )

    def close(self) -> None:
        """See `Executor.close`."""
        while self._workers:
            self._workers.pop().end()
