"""Starting, asking and ending a gang of workers on this machine."""

import pickle
import signal
import socket
import time
from multiprocessing.connection import wait
from typing import Any

from neuralopt.core.errors import InvalidArgument, WorkerError
from neuralopt.core.versions import versions
from neuralopt.distributed.backends import Processes
from neuralopt.distributed.messages import Place, first_line
from neuralopt.distributed.worker import Worker

HOST = "127.0.0.1"
_GRACE_SECONDS = 2.0


class WorkerLost(Exception):
    """A worker died, is stuck, or has lost another one."""


class Gang:
    """K workers that train together.

    Parameters
    ----------
    backend : Processes
    workers : int
    arguments : dict
        Of the `RankRunner` that every worker makes.

    Raises
    ------
    InvalidArgument
        When they cannot be sent to another process.
    """

    def __init__(self, backend: Processes, workers: int, arguments: dict[str, Any]) -> None:
        self._backend, self._count = backend, workers
        self.workers: list[Worker] = []
        self._job = packed(arguments)

    def start(self, states: list[Any]) -> None:
        """Start all workers and hand each its state.

        Parameters
        ----------
        states : list of LoopState
            One for each worker.

        Raises
        ------
        WorkerError
            When they cannot be started.
        WorkerLost
            When one dies meanwhile.
        """
        threads, port = self._backend.threads_of(self._count), free_port()
        limit = time.monotonic() + self._backend.start_timeout
        for _ in range(self._count):  # one by one: those that are there are ended, whatever comes
            self.workers.append(Worker(threads, self._backend.start_timeout))
        for rank, worker in enumerate(self.workers):
            place = Place(rank, self._count, HOST, port, HOST, self._backend.start_timeout)
            self._send(rank, worker, (place, self._job))
        for rank, found in enumerate(self._answers(limit)):
            check_versions(rank, found)
        self._answers(limit)
        self.tell("place", states, limit)

    def tell(self, what: str, given: list[Any], limit: float | None = None) -> list[Any]:
        """Ask every worker for something and return their answers.

        Parameters
        ----------
        what : str
        given : list
            What goes with it, for each worker.
        limit : float, optional
            The time by the monotonic clock at which they count as stuck.

        Returns
        -------
        list
        """
        for rank, (worker, own) in enumerate(zip(self.workers, given, strict=True)):
            self._send(rank, worker, (what, own))
        return self._answers(time.monotonic() + self._backend.stuck_after if limit is None else limit)

    def last_words(self) -> str:
        """Return the last of what the workers wrote."""
        return " ".join(filter(None, (worker.said() for worker in self.workers)))

    def end(self) -> None:
        """End all workers at once."""
        while self.workers:
            self.workers.pop().end()

    def close(self) -> None:
        """End all workers for good."""
        self.end()

    def _send(self, rank: int, worker: Worker, message: Any) -> None:
        try:
            worker.talk.send(message)
        except OSError as error:
            raise WorkerLost(f"worker {rank} {worker.died_of()}") from error

    def _answers(self, limit: float) -> list[Any]:
        waiting = {worker.talk: rank for rank, worker in enumerate(self.workers)}
        found: list[Any] = [None] * self._count
        reason = ""
        while waiting:
            ready = wait(list(waiting), timeout=max(0.0, limit - time.monotonic()))
            if reason and not ready:
                break
            if not ready:
                late = " and ".join(str(rank) for rank in sorted(waiting.values()))
                raise WorkerLost(f"worker {late} did not answer in time")
            for talk in ready:
                rank = waiting.pop(talk)  # type: ignore[arg-type]  # wait gives back what it was given
                kind, found[rank] = self._receive(rank)
                if kind == "lost":  # it has lost another one, which is about to be noticed here as well
                    limit, reason = min(limit, time.monotonic() + _GRACE_SECONDS), found[rank]
                if kind == "error":
                    raise WorkerError(
                        f"worker {rank} of {self._count} failed: {found[rank]}{cure(found[rank])}"
                    )
        if reason:
            raise WorkerLost(f"a worker could not go on ({first_line(reason)})")
        return found

    def _receive(self, rank: int) -> Any:
        worker = self.workers[rank]
        try:
            return worker.talk.recv()
        except (EOFError, OSError) as error:
            raise WorkerLost(self._first_dead(rank)) from error

    def _first_dead(self, rank: int) -> str:
        """Return who died, and how: a worker that loses another one aborts, and may be heard of before it."""
        how = f"worker {rank} {self.workers[rank].died_of()}"
        killed = [k for k, worker in enumerate(self.workers) if worker.process.poll() == -signal.SIGKILL]
        return f"worker {killed[0]} {self.workers[killed[0]].died_of()}" if killed else how


def packed(arguments: dict[str, Any]) -> bytes:
    """Return arguments as they travel to another process, or say what cannot.

    Raises
    ------
    InvalidArgument
        With the likely cause.
    """
    try:
        return pickle.dumps(arguments)
    except (pickle.PicklingError, AttributeError, TypeError) as error:
        raise InvalidArgument(
            f"what is trained cannot be sent to other processes: {error}. Likely cause: a lambda or a "
            "function inside a function, as in initialisers of flax. Define it at the top of a module that "
            "can be imported."
        ) from error


def check_versions(rank: int, found: dict[str, str]) -> None:
    """Raise unless a worker has the versions that this process has.

    Parameters
    ----------
    rank : int
    found : dict of str to str
        The worker's.

    Raises
    ------
    WorkerError
        With what differs.
    """
    ours = versions()
    apart = [
        f"{name} {found.get(name)} in place of {ours[name]}" for name in ours if found.get(name) != ours[name]
    ]
    if apart:
        raise WorkerError(
            f"all workers need the same versions, worker {rank} has {', '.join(apart)}. "
            "Install the same versions everywhere: bits depend on them."
        )


def free_port() -> int:
    """Return a port of the loopback address that nobody listens on."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return probe.getsockname()[1]


def cure(text: str) -> str:
    """Return what can be done about a worker's error, where it is known."""
    if "__main__" in text:
        return (
            " Likely cause: a function or class of the script itself, which workers do not run. "
            "Move it to a module that can be imported."
        )
    return ""
