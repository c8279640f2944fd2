"""Trials on the workers of a Ray cluster, or on Ray's workers of this machine."""

import collections
import contextlib
import dataclasses
import pickle
import queue
import threading
from collections.abc import Sequence
from typing import Any

from neuralopt.core.errors import InvalidArgument
from neuralopt.core.versions import versions
from neuralopt.distributed.backends import RayCluster
from neuralopt.distributed.gang import check_versions, first_line
from neuralopt.distributed.ray_session import ray_session
from neuralopt.tuning.evaluation import Assignment, Channel, Objective, Report, failure_text
from neuralopt.tuning.executors import sendable
from neuralopt.tuning.process_executor import THREADS
from neuralopt.tuning.trials import Outcome
from neuralopt.tuning.worker_executor import Message, Worker, WorkerExecutor, WorkerGone


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


class RayWorker(Worker):
    """An actor of Ray, and where its next messages will be.

    Parameters
    ----------
    ray : module
    actor : handle of a `TrialActor`
    """

    def __init__(self, ray: Any, actor: Any) -> None:
        super().__init__()
        self._ray, self._actor = ray, actor
        self.places = collections.deque([actor.begin.remote()])

    def tell(self, what: str, content: Any) -> None:
        """See `Worker.tell`; the actor says something in return."""
        self.places.append(self._actor.hear.remote(what, content))

    def hear(self) -> Message:
        """See `Worker.hear`."""
        try:
            kind, content = self._ray.get(self.places.popleft())
        except self._ray.exceptions.RayError as error:
            raise WorkerGone(f"its worker on Ray died ({first_line(str(error)).rstrip('.')})") from error
        if kind == "broken":
            cause = "a module that is not on all machines of the cluster, in the same version."
            raise WorkerGone(f"its worker on Ray failed ({content})", cause, for_good=not self.ready)
        if kind == "ready":
            check_versions(0, content)
        elif kind == "finish":
            self.tell("go on", None)
        return kind, content

    def end(self) -> None:
        """See `Worker.end`."""
        self._ray.kill(self._actor)


class RayExecutor(WorkerExecutor[RayWorker]):
    """Evaluates jobs on Ray, one CPU for each worker; they end with this process, however it ends.

    Parameters
    ----------
    objective : Objective
        Is pickled; its modules must be on all machines.
    workers : int >= 1
        How many.
    backend : RayCluster
        Which cluster, how long starting may take, and how many threads each worker may use.

    Raises
    ------
    InvalidArgument
        When the objective cannot be pickled, the cluster does not answer, or is too small.
    MissingDependency
        Without Ray.
    """

    def __init__(self, objective: Objective, workers: int, backend: RayCluster) -> None:
        super().__init__(workers, backend.start_timeout)
        with contextlib.ExitStack() as held:
            self._ray = held.enter_context(ray_session(workers, backend.threads, backend.address))
            room = int(self._ray.cluster_resources().get("CPU", 0))
            if room < workers:
                raise InvalidArgument(
                    f"the Ray cluster has {room} CPUs, got workers={workers}. A worker needs one: take fewer "
                    "workers, or add machines first."
                )
            # by value where it belongs to the script itself, which workers do not run
            packed = sendable(objective, workers, self._ray.cloudpickle.dumps)
            self._objective = self._ray.put(packed)
            variables = {"env_vars": dict.fromkeys(THREADS, str(backend.threads))}
            self._actor = self._ray.remote(num_cpus=1, max_restarts=0, runtime_env=variables)(TrialActor)
            self._ending = held.pop_all()

    def _begin(self) -> RayWorker:
        return RayWorker(self._ray, self._actor.remote(self._objective))

    def _speaking(self, seconds: float) -> list[RayWorker]:
        firsts = [worker.places[0] for worker in self._workers if worker.places]
        if not firsts:
            return []
        self._ray.wait(firsts, num_returns=1, timeout=seconds)
        there, _ = self._ray.wait(firsts, num_returns=len(firsts), timeout=0)
        return [worker for worker in self._workers if worker.places and worker.places[0] in there]

    def close(self) -> None:
        """See `Executor.close`."""
        super().close()
        self._ending.close()
