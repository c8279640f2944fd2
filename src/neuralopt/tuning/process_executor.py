"""Trials in worker processes of this machine."""

import contextlib
import multiprocessing
import os
import pickle
import signal
import threading
from collections.abc import Iterator, Sequence
from multiprocessing.connection import Connection, wait
from typing import TYPE_CHECKING, Any

from neuralopt.tuning.evaluation import Channel, Interrupted, Objective, Report
from neuralopt.tuning.executors import sendable
from neuralopt.tuning.trials import Outcome
from neuralopt.tuning.worker_executor import Message, Worker, WorkerExecutor, WorkerGone

if TYPE_CHECKING:
    from neuralopt.distributed.backends import Processes

_GRACE = 2.0  # seconds that a worker has to end by itself
# read when a library is imported
THREADS = ("NPROC", "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")


class ProcessWorker(Worker):
    """A process and the pipe to it.

    Parameters
    ----------
    process : Process
    pipe : Connection
    """

    def __init__(self, process: Any, pipe: Connection) -> None:
        super().__init__()
        self.process, self.pipe = process, pipe

    def tell(self, what: str, content: Any) -> None:
        """See `Worker.tell`."""
        with contextlib.suppress(OSError):
            self.pipe.send((what, content))

    def hear(self) -> Message:
        """See `Worker.hear`."""
        try:
            return self.pipe.recv()
        except (EOFError, OSError):  # the second one in the middle of a message
            self.process.join(_GRACE)
        code = self.process.exitcode
        text = f"its worker process ended with exit code {code}"
        if self.ready or code is None or code < 0:
            raise WorkerGone(text)
        raise WorkerGone(
            f"{text} (its own error stands above)",
            'a script without the line  if __name__ == "__main__":  before its calls, or an objective that '
            "is defined in a notebook. Put it into a module, or set workers=1.",
            for_good=True,
        )

    def leave(self) -> None:
        """Ask it to end, at once where it is busy."""
        if self.left or not self.ready:
            self.process.terminate()
        else:
            self.tell("end", None)

    def end(self) -> None:
        """See `Worker.end`."""
        self.leave()
        self.process.join(_GRACE)
        if self.process.is_alive():
            self.process.kill()
            self.process.join()
        self.pipe.close()


class ProcessExecutor(WorkerExecutor[ProcessWorker]):
    """Evaluates jobs in worker processes of this machine; they end with this one, however it ends.

    Parameters
    ----------
    objective : Objective
        Is pickled: functions must stand at the top level of a module.
    workers : int >= 1
        How many processes.
    backend : Processes
        How long starting may take, and how many threads each may use.

    Raises
    ------
    InvalidArgument
        When the objective cannot be pickled.
    """

    def __init__(self, objective: Objective, workers: int, backend: "Processes") -> None:
        super().__init__(workers, backend.start_timeout)
        self._objective = sendable(objective, workers)
        self._context = multiprocessing.get_context("spawn")
        self._threads = backend.threads_of(workers)

    def _begin(self) -> ProcessWorker:
        ours, theirs = self._context.Pipe()
        process = self._context.Process(target=_work, args=(self._objective, theirs), daemon=True)
        with _environment(dict.fromkeys(THREADS, str(self._threads))):
            process.start()
        theirs.close()
        return ProcessWorker(process, ours)

    def _speaking(self, seconds: float) -> list[ProcessWorker]:
        heard = wait([worker.pipe for worker in self._workers], timeout=seconds)
        return [worker for worker in self._workers if worker.pipe in heard]

    def close(self) -> None:
        """See `Executor.close`."""
        for worker in self._workers:  # all at once, before each is waited for
            worker.leave()
        super().close()


class _PipeChannel(Channel):
    """The study, seen from a worker process."""

    def __init__(self, pipe: Connection) -> None:
        self._pipe = pipe

    def report(self, reports: Sequence[Report]) -> list[bool]:
        """See `Channel.report`."""
        self._pipe.send(("report", list(reports)))
        _, ends = self._pipe.recv()
        return ends

    def finish(self, number: int, outcome: Outcome) -> None:
        """See `Channel.finish`."""
        self._pipe.send(("finish", (number, outcome)))


def _work(objective: bytes, pipe: Connection) -> None:
    """Evaluate jobs until there are no more; the body of a worker process."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the whole group; the study decides
    threading.Thread(target=_end_with_parent, daemon=True).start()
    made: Objective = pickle.loads(objective)
    pipe.send(("ready", None))
    with contextlib.suppress(EOFError, BrokenPipeError, Interrupted):
        while (message := pipe.recv())[0] == "job":
            made.run(message[1], _PipeChannel(pipe))


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)  # in the middle of an evaluation too: nobody is there to hear of it


@contextlib.contextmanager
def _environment(settings: dict[str, str]) -> Iterator[None]:
    """Set variables for the processes started inside."""
    before = {name: os.environ.get(name) for name in settings}
    os.environ.update(settings)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value
