"""Where jobs are evaluated: in this process, in worker processes of this machine, or on Ray."""

import abc
import pickle
import sys
from collections.abc import Callable, Sequence
from typing import Any

from neuralopt.core.errors import InvalidArgument
from neuralopt.tuning.evaluation import Assignment, Channel, Objective


class Executor(abc.ABC):
    """Takes jobs, and hands what they report to a channel, one message at a time.

    All messages of all jobs reach the study through one process, in one order, which the journal keeps.
    Making one checks what it is given; `start` starts what it needs.
    """

    @abc.abstractmethod
    def start(self) -> None:
        """Start what evaluates."""

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
        """Give back what it holds; jobs that are not finished end. A second time does nothing."""


class SerialExecutor(Executor):
    """Evaluates one job after the other in this process.

    Parameters
    ----------
    objective : Objective
    """

    def __init__(self, objective: Objective) -> None:
        self._objective = objective
        self._jobs: list[Sequence[Assignment]] = []

    def start(self) -> None:
        """See `Executor.start`."""

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


def sendable(objective: Objective, workers: int, pack: Callable[[Objective], bytes] = pickle.dumps) -> bytes:
    """Return an objective as bytes for another process, or raise.

    Parameters
    ----------
    objective : Objective
    workers : int
        For the error.
    pack : callable
        Makes the bytes.

    Returns
    -------
    bytes

    Raises
    ------
    InvalidArgument
        When it cannot be pickled.
    """
    try:
        return pack(objective)
    except Exception as error:  # what pickling raises depends on what is in the objective
        raise InvalidArgument(
            f"workers={workers} needs an objective that can be sent to another process: {error}. Define the "
            "function at the top level of a module, or set workers=1 and no backend."
        ) from error


def make_executor(objective: Objective, workers: int, backend: Any = "processes") -> Executor:
    """Return the executor for a number of workers.

    Parameters
    ----------
    objective : Objective
    workers : int >= 1
        1 evaluates in this process, unless the backend is a cluster.
    backend : {"processes"}, Processes or RayCluster
        Where workers are.

    Returns
    -------
    Executor

    Raises
    ------
    InvalidArgument
        When the objective cannot be sent there, or there is no such place.
    MissingDependency
        For a cluster, without Ray.
    """
    if (workers == 1 and backend == "processes") or sys.platform == "emscripten":
        return SerialExecutor(objective)
    from neuralopt.distributed.backends import Processes, RayCluster

    if isinstance(backend, RayCluster):
        from neuralopt.tuning.ray_executor import RayExecutor

        return RayExecutor(objective, workers, backend)
    made = Processes() if backend == "processes" else backend
    if not isinstance(made, Processes):
        raise InvalidArgument(
            f"backend must be 'processes', Processes(...) or RayCluster(...), got {backend!r}."
        )
    if workers == 1:
        return SerialExecutor(objective)
    from neuralopt.tuning.process_executor import ProcessExecutor

    return ProcessExecutor(objective, workers, made)
