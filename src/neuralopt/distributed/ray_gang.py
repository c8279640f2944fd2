"""A gang whose workers are Ray's: on this machine or on those of a cluster."""

import contextlib
import socket
import time
from typing import Any

from neuralopt.core.errors import WorkerError
from neuralopt.core.versions import versions
from neuralopt.distributed.backends import RayCluster
from neuralopt.distributed.gang import WorkerLost, check_versions, cure, packed
from neuralopt.distributed.messages import Place, brief, first_line
from neuralopt.distributed.rank import Rank, kind_of
from neuralopt.distributed.ray_actors import actor_options, why
from neuralopt.distributed.ray_session import ray_session


class RankActor:
    """A `Rank` that Ray calls."""

    def introduce(self) -> tuple[str, int, dict[str, str]]:
        """Return the address of this machine in the cluster, a free port of it, and the versions."""
        import ray

        host = ray.util.get_node_ip_address()
        with socket.socket() as probe:
            probe.bind((host, 0))
            return host, probe.getsockname()[1], versions()

    def join(self, place: Place, job: bytes) -> tuple[str, Any]:
        """Find the other workers; see `Rank`."""
        try:
            self._rank = Rank(place, job)
        except Exception as error:
            return kind_of(error, ConnectionError), brief(error)
        return "done", None

    def do(self, what: str, given: Any) -> tuple[str, Any]:
        """Do what is asked for; see `Rank.do`."""
        return self._rank.do(what, given)


class RayGang:
    """K workers that train together on Ray; see `Gang`, whose methods it has.

    Parameters
    ----------
    backend : RayCluster
    workers : int
    arguments : dict
        Of the `RankRunner` that every worker makes.
    """

    def __init__(self, backend: RayCluster, workers: int, arguments: dict[str, Any]) -> None:
        self._backend, self._count = backend, workers
        self._job = packed(arguments)
        self._ending = contextlib.ExitStack()
        self._ray: Any = None
        self._actors: list[Any] = []

    def start(self, states: list[Any]) -> None:
        """Start all workers and hand each its state; see `Gang.start`."""
        backend = self._backend
        if self._ray is None:
            session = ray_session(self._count, backend.threads, backend.address)
            self._ray = self._ending.enter_context(session)
        limit = time.monotonic() + backend.start_timeout
        actor = self._ray.remote(max_restarts=0, **actor_options(backend.threads))(RankActor)
        self._actors = [actor.remote() for _ in range(self._count)]
        found = self._get([one.introduce.remote() for one in self._actors], limit)
        for rank, (_, _, theirs) in enumerate(found):
            check_versions(rank, theirs)
        host, port, _ = found[0]
        places = [
            Place(rank, self._count, host, port, own, backend.start_timeout)
            for rank, (own, _, _) in enumerate(found)
        ]
        asked = [one.join.remote(place, self._job) for one, place in zip(self._actors, places, strict=True)]
        self._read(self._get(asked, limit))
        self.tell("place", states, limit)

    def tell(self, what: str, given: list[Any], limit: float | None = None) -> list[Any]:
        """Ask every worker for something and return their answers; see `Gang.tell`."""
        limit = time.monotonic() + self._backend.stuck_after if limit is None else limit
        pairs = zip(self._actors, given, strict=True)
        return self._read(self._get([one.do.remote(what, own) for one, own in pairs], limit))

    def last_words(self) -> str:
        """Return nothing: Ray keeps what workers wrote in files of its own."""
        return ""

    def end(self) -> None:
        """End all workers at once."""
        while self._actors:
            self._ray.kill(self._actors.pop())

    def close(self) -> None:
        """End all workers, and a cluster that was started for them."""
        self.end()
        self._ending.close()

    def _get(self, asked: list[Any], limit: float) -> list[Any]:
        try:
            return self._ray.get(asked, timeout=max(0.0, limit - time.monotonic()))
        except self._ray.exceptions.GetTimeoutError as error:
            raise WorkerLost("a worker did not answer in time") from error
        except self._ray.exceptions.RayActorError as error:
            raise WorkerLost(f"a worker died ({why(error)})") from error
        except self._ray.exceptions.RayError as error:
            raise WorkerError(f"a worker failed: {why(error)}") from error

    def _read(self, answers: list[tuple[str, Any]]) -> list[Any]:
        for rank, (kind, found) in enumerate(answers):
            if kind == "error":
                raise WorkerError(f"worker {rank} of {self._count} failed: {found}{cure(found)}")
        for kind, found in answers:
            if kind == "lost":
                raise WorkerLost(f"a worker could not go on ({first_line(found)})")
        return [found for _, found in answers]
