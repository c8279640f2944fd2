"""The workers of a parameter server, on Ray: asked by lease, started anew by Ray when they die."""

import time
from collections.abc import Iterable
from typing import Any, NamedTuple

import numpy as np

from neuralopt.core.errors import WorkerError
from neuralopt.distributed.ray_worker import GradientWorker

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
    workers : int
    residuals : sequence of array, or ()
        One for each worker, of what its last message left over; () for an exact exchange.
    stuck_after : float
        Seconds after which a worker that does not answer is killed.
    """

    def __init__(self, ray: Any, job: bytes, workers: int, residuals: Any, stuck_after: float) -> None:
        self._ray, self._stuck_after = ray, stuck_after
        actor = ray.remote(num_cpus=1, max_restarts=-1, max_task_retries=0)(GradientWorker)
        self._job = ray.put(job)  # kept here, or a worker could not be started anew
        self._actors = [actor.remote(self._job) for _ in range(workers)]
        self._residuals = [ray.put(residual) for residual in residuals or [None] * workers]
        self._next: dict[Any, Any] = {}  # where the residual beside an answer will be
        self._silent_since: float | None = None

    def warm(self, noise: Any, vector: Any) -> None:
        """Let every worker compile, and forget what it computed.

        Raises
        ------
        WorkerError
            When they do not in time, or cannot compute a gradient.
        """
        held = self.put(vector)
        asked = [self.ask(Lease(k, 0, 0), held, noise) for k in range(len(self._actors))]
        try:
            self._ray.get(asked, timeout=self._stuck_after)
        except (self._ray.exceptions.RayError, TimeoutError) as error:
            raise WorkerError(f"the workers could not be started: {error}") from error
        self._next.clear()

    def put(self, vector: Any) -> Any:
        """Return parameters in the object store, where every worker reads them without a copy."""
        return self._ray.put(np.asarray(vector))

    def ask(self, lease: Lease, held: Any, noise: Any) -> Any:
        """Ask a worker for a gradient; return where its answer will be."""
        gradient = self._actors[lease.worker].gradient.options(num_returns=2)
        answer, residual = gradient.remote(held, lease.batch, self._residuals[lease.worker], noise)
        self._next[answer] = residual
        return answer

    def first(self, flying: dict[Any, Lease]) -> Any:
        """Return the place of an answer that is there; a worker that is stuck is killed and found dead."""
        while True:
            ready, _ = self._ray.wait(list(flying), num_returns=1, timeout=self._stuck_after)
            if ready:
                return ready[0]
            for lease in flying.values():
                self._ray.kill(self._actors[lease.worker], no_restart=False)

    def read(self, answer: Any, lease: Lease) -> Any:
        """Return the loss and the message of an answer, or None when its worker is lost.

        Raises
        ------
        WorkerError
            When workers were lost for too long with no answer between, or failed by their own fault.
        """
        residual = self._next.pop(answer)
        try:
            found = self._ray.get(answer)
        except self._ray.exceptions.RayActorError as error:
            now = time.monotonic()
            self._silent_since = self._silent_since or now
            if now - self._silent_since > self._stuck_after:
                raise WorkerError(f"workers are lost again and again: {error}") from error
            time.sleep(_PAUSE_SECONDS)  # Ray starts it anew
            return None
        except self._ray.exceptions.RayError as error:
            raise WorkerError(f"worker {lease.worker} failed: {error}") from error
        self._silent_since, self._residuals[lease.worker] = None, residual
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
