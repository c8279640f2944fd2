"""The workers of a parameter server, on Ray: asked by lease, started anew by Ray when they die."""

import time
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from neuralopt.core.errors import WorkerError
from neuralopt.distributed.gang import check_versions
from neuralopt.distributed.ray_actors import actor_options, why
from neuralopt.distributed.ray_worker import GradientWorker

if TYPE_CHECKING:
    from neuralopt.distributed.server import ParameterServer

_PAUSE_SECONDS = 0.05


class Lease(NamedTuple):
    """A batch on its way."""

    worker: int
    batch: int
    version: int  # of the parameters that were handed out


class Crew:
    """Workers that compute gradients.

    What a message left over comes back to the object store beside it and not to the worker's memory: a
    worker that dies takes nothing along.

    Parameters
    ----------
    ray : module
    job : bytes
        Of every `GradientWorker`.
    server : ParameterServer
        Says how many workers, and how long to wait for them.
    residuals : sequence of array, or ()
        One for each worker, of what its last message left over; () for an exact exchange.
    """

    def __init__(self, ray: Any, job: bytes, server: "ParameterServer", residuals: Sequence[Any]) -> None:
        self._ray, self._server = ray, server
        options = actor_options(server.threads)
        actor = ray.remote(max_restarts=-1, max_task_retries=0, **options)(GradientWorker)
        self._job = ray.put(job)  # kept here, or a worker could not be started anew
        self._actors = [actor.remote(self._job) for _ in range(server.workers)]
        self._residuals = [ray.put(residual) for residual in residuals or [None] * server.workers]
        self._next: dict[Any, Any] = {}  # where the residual beside an answer will be
        self._due: dict[Any, float] = {}  # when a worker counts as stuck that has not answered
        self._lost: dict[int, float] = {}  # since when a worker has been lost and has not answered

    def warm(self, noise: Any, vector: Any) -> None:
        """Let every worker compile, and forget what it computed.

        Raises
        ------
        WorkerError
            When they do not in time, have other versions, or cannot compute a gradient.
        """
        limit = time.monotonic() + self._server.start_timeout
        try:
            found = self._ray.get([one.versions.remote() for one in self._actors], timeout=_left(limit))
            for worker, theirs in enumerate(found):
                check_versions(worker, theirs)
            held = self.put(vector)
            asked = [self.ask(Lease(k, 0, 0), held, noise) for k in range(len(self._actors))]
            self._ray.get(asked, timeout=_left(limit))
        except TimeoutError as error:
            raise WorkerError(
                f"the workers were not ready within start_timeout={self._server.start_timeout:g} seconds. "
                "Likely cause: a machine too busy, or fewer free CPUs than workers. Give them more time."
            ) from error
        except self._ray.exceptions.RayError as error:
            raise WorkerError(f"the workers could not be started: {why(error)}") from error
        self._next.clear()
        self._due.clear()

    def put(self, vector: Any) -> Any:
        """Return parameters in the object store, where every worker reads them without a copy."""
        return self._ray.put(np.asarray(vector))

    def ask(self, lease: Lease, held: Any, noise: Any) -> Any:
        """Ask a worker for a gradient; return where its answer will be."""
        gradient = self._actors[lease.worker].gradient.options(num_returns=2)
        answer, residual = gradient.remote(held, lease.batch, self._residuals[lease.worker], noise)
        self._next[answer] = residual
        # one that is started anew imports and compiles first
        server, again = self._server, lease.worker in self._lost
        self._due[answer] = time.monotonic() + server.stuck_after + again * server.start_timeout
        return answer

    def first(self, flying: dict[Any, Lease]) -> Any:
        """Return the place of an answer that is there; a worker that is stuck is killed and found dead."""
        while True:
            for answer in flying:
                if self._due[answer] <= time.monotonic():
                    self._ray.kill(self._actors[flying[answer].worker], no_restart=False)
                    self._due[answer] = time.monotonic() + self._server.start_timeout
            limit = min(self._due[answer] for answer in flying)
            ready, _ = self._ray.wait(list(flying), num_returns=1, timeout=_left(limit))
            if ready:
                return ready[0]

    def read(self, answer: Any, lease: Lease) -> Any:
        """Return the loss and the message of an answer, or None when its worker is lost.

        Raises
        ------
        WorkerError
            When a worker was lost for too long with no answer between, or failed by its own fault.
        """
        residual = self._next.pop(answer)
        del self._due[answer]
        try:
            found = self._ray.get(answer)
        except self._ray.exceptions.RayActorError as error:
            now = time.monotonic()
            since = self._lost.setdefault(lease.worker, now)
            if now - since > self._server.start_timeout:
                raise WorkerError(
                    f"worker {lease.worker} was lost again and again for {now - since:.0f} seconds, without "
                    f"an answer between: {why(error)}. Likely cause: too little memory. Take fewer workers."
                ) from error
            time.sleep(_PAUSE_SECONDS)  # Ray starts it anew
            return None
        except self._ray.exceptions.RayError as error:
            raise WorkerError(f"worker {lease.worker} failed: {why(error)}") from error
        self._lost.pop(lease.worker, None)
        self._residuals[lease.worker] = residual
        return found

    def residuals(self) -> list[Any]:
        """Return what the last message of every worker has left over."""
        return self._ray.get(self._residuals)

    def process_ids(self) -> Iterable[int]:
        """Return the ids of the workers' processes."""
        return self._ray.get([actor.process_id.remote() for actor in self._actors])

    def end(self) -> None:
        """End all workers."""
        for actor in self._actors:
            self._ray.kill(actor)


def _left(limit: float) -> float:
    """Return the seconds until a time by the monotonic clock."""
    return max(0.0, limit - time.monotonic())
