"""Trials on the workers of a Ray cluster, or on Ray's workers of this machine."""

import collections
import contextlib
from typing import Any

from neuralopt.distributed.backends import RayCluster
from neuralopt.distributed.gang import check_versions, first_line
from neuralopt.distributed.ray_session import ray_session
from neuralopt.tuning.evaluation import Objective
from neuralopt.tuning.executors import sendable
from neuralopt.tuning.process_executor import THREADS
from neuralopt.tuning.ray_actor import TrialActor
from neuralopt.tuning.worker_executor import Message, Worker, WorkerExecutor, WorkerGone


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

    There an objective runs in a thread, where Python allows no handlers of signals.

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
