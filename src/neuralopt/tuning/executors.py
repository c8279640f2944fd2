"""Where jobs are evaluated: in this process, or in worker processes on this machine."""

import abc
import contextlib
import multiprocessing
import os
import pickle
import signal
import sys
import threading
from collections.abc import Iterator, Sequence
from multiprocessing.connection import Connection, wait
from typing import Any

from neuralopt.core.errors import InvalidArgument
from neuralopt.core.results import TrainingFailed
from neuralopt.tuning.evaluation import Assignment, Channel, Interrupted, Objective, Report
from neuralopt.tuning.trials import Outcome, TrialState

_TICK = 0.2  # seconds between two looks for Ctrl-C
_GRACE = 2.0  # seconds that a worker has to end by itself


class Executor(abc.ABC):
    """Takes jobs, and hands what they report to a channel, one message at a time.

    All messages of all jobs reach the study through one process, in one order, which the journal keeps.
    An executor for a cluster has the same three methods.
    """

    @property
    @abc.abstractmethod
    def free(self) -> int:
        """How many jobs it would begin at once."""

    @abc.abstractmethod
    def submit(self, job: Sequence[Assignment]) -> None:
        """Take a job."""

    @abc.abstractmethod
    def poll(self, channel: Channel) -> None:
        """Hand what has come to the channel; wait a moment where nothing has.

        The channel raises `Interrupted` to end all jobs.
        """

    @abc.abstractmethod
    def close(self) -> None:
        """Give back what it holds; jobs that are not finished end."""


class SerialExecutor(Executor):
    """Evaluates one job after the other in this process.

    Parameters
    ----------
    objective : Objective
    """

    def __init__(self, objective: Objective) -> None:
        self._objective = objective
        self._jobs: list[Sequence[Assignment]] = []

    @property
    def free(self) -> int:
        """See `Executor.free`."""
        return 1 - len(self._jobs)

    def submit(self, job: Sequence[Assignment]) -> None:
        """See `Executor.submit`."""
        self._jobs.append(job)

    def poll(self, channel: Channel) -> None:
        """See `Executor.poll`; evaluates a whole job."""
        self._objective.run(self._jobs.pop(0), channel)

    def close(self) -> None:
        """See `Executor.close`."""
        self._jobs.clear()


class ProcessExecutor(Executor):
    """Evaluates jobs in worker processes of this machine; they end with this one, however it ends.

    Parameters
    ----------
    objective : Objective
        Is pickled: functions must stand at the top level of a module.
    workers : int >= 1
        How many processes.
    threads : int, optional
        That each may use (``NPROC``); by default an equal share of the cores.

    Raises
    ------
    InvalidArgument
        When the objective cannot be pickled.
    """

    def __init__(self, objective: Objective, workers: int, threads: int | None = None) -> None:
        self._objective = sendable(objective, workers)
        self._context = multiprocessing.get_context("spawn")
        self._threads = threads or max(1, (os.cpu_count() or 1) // workers)
        self._ready = False
        self._workers = [self._start() for _ in range(workers)]

    def _start(self) -> "_Worker":
        ours, theirs = self._context.Pipe()
        process = self._context.Process(target=_work, args=(self._objective, theirs), daemon=True)
        with _environment(self._threads):
            process.start()
        theirs.close()
        return _Worker(process, ours)

    @property
    def free(self) -> int:
        """See `Executor.free`."""
        return sum(worker.job is None for worker in self._workers)

    def submit(self, job: Sequence[Assignment]) -> None:
        """See `Executor.submit`."""
        worker = next(w for w in self._workers if w.job is None)
        worker.job = {given.number for given in job}
        # a worker that has just died is noticed by poll
        with contextlib.suppress(BrokenPipeError):
            worker.pipe.send(job)

    def poll(self, channel: Channel) -> None:
        """See `Executor.poll`."""
        heard = wait([worker.pipe for worker in self._workers], timeout=_TICK)
        for place, worker in enumerate(self._workers):
            if worker.pipe in heard:
                try:
                    self._listen(worker, worker.pipe.recv(), channel)
                except (EOFError, ConnectionResetError, BrokenPipeError):
                    self._bury(place, channel)
        channel.report([])

    def _listen(self, worker: "_Worker", message: tuple[str, Any], channel: Channel) -> None:
        kind, content = message
        if kind == "report":
            worker.pipe.send(channel.report(content))
        elif kind == "finish":
            number, outcome = content
            channel.finish(number, outcome)
            worker.job.discard(number)
            worker.job = worker.job or None
        elif kind == "ready":
            self._ready = True

    def _bury(self, place: int, channel: Channel) -> None:
        """Book what a dead worker left, and start another in its place."""
        worker = self._workers[place]
        worker.process.join(_GRACE)
        code = worker.process.exitcode
        if not self._ready:
            raise TrainingFailed(
                f"the worker processes cannot start (exit code {code}; their own error stands above). Likely "
                'cause: a script without the line  if __name__ == "__main__":  before its calls, or an '
                "objective that is defined in a notebook. Put it into a module, or set workers=1."
            )
        self._workers[place] = self._start()
        for number in sorted(worker.job or ()):
            text = f"its worker process ended with exit code {code}. Likely cause: out of memory, or a kill."
            channel.finish(number, Outcome(TrialState.FAILED, error=text))

    def close(self) -> None:
        """See `Executor.close`."""
        for worker in self._workers:
            if worker.job is None:
                with contextlib.suppress(OSError):
                    worker.pipe.send(None)
            else:
                worker.process.terminate()
        for worker in self._workers:
            worker.process.join(_GRACE)
            if worker.process.is_alive():
                worker.process.kill()
                worker.process.join()
            worker.pipe.close()


def sendable(objective: Objective, workers: int) -> bytes:
    """Return an objective as bytes for another process, or raise.

    Parameters
    ----------
    objective : Objective
    workers : int
        For the error.

    Returns
    -------
    bytes

    Raises
    ------
    InvalidArgument
        When it cannot be pickled.
    """
    try:
        return pickle.dumps(objective)
    except Exception as error:  # what pickling raises depends on what is in the objective
        raise InvalidArgument(
            f"workers={workers} needs an objective that can be sent to another process: {error}. Define the "
            "function at the top level of a module, or set workers=1."
        ) from error


class _Worker:
    """A process, the pipe to it, and the trials that it still has to finish."""

    def __init__(self, process: Any, pipe: Connection) -> None:
        self.process, self.pipe = process, pipe
        self.job: Any = None  # set of numbers, or None


class _PipeChannel(Channel):
    """The study, seen from a worker."""

    def __init__(self, pipe: Connection) -> None:
        self._pipe = pipe

    def report(self, reports: Sequence[Report]) -> list[bool]:
        """See `Channel.report`."""
        self._pipe.send(("report", list(reports)))
        return self._pipe.recv()

    def finish(self, number: int, outcome: Outcome) -> None:
        """See `Channel.finish`."""
        self._pipe.send(("finish", (number, outcome)))


def _work(objective: bytes, pipe: Connection) -> None:
    """Evaluate jobs until the pipe closes; the body of a worker process."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the whole group; the study decides
    threading.Thread(target=_end_with_parent, daemon=True).start()
    made: Objective = pickle.loads(objective)
    pipe.send(("ready", None))
    with contextlib.suppress(EOFError, BrokenPipeError, Interrupted):
        while (job := pipe.recv()) is not None:
            made.run(job, _PipeChannel(pipe))


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)  # in the middle of an evaluation too: nobody is there to hear of it


@contextlib.contextmanager
def _environment(threads: int) -> Iterator[None]:
    """Set what a library reads when it is imported, for the processes started inside."""
    names = ("NPROC", "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
    before = {name: os.environ.get(name) for name in names}
    os.environ.update(dict.fromkeys(names, str(threads)))
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


def make_executor(objective: Objective, workers: int) -> Executor:
    """Return the executor for a number of workers.

    Parameters
    ----------
    objective : Objective
    workers : int >= 1
        1 evaluates in this process.

    Returns
    -------
    Executor
    """
    if workers == 1 or sys.platform == "emscripten":
        return SerialExecutor(objective)
    return ProcessExecutor(objective, workers)
