"""Where the workers are."""

import dataclasses
import os
import sys
from typing import Any

from neuralopt.core.errors import InvalidArgument
from neuralopt.core.scalars import check_count, check_number


@dataclasses.dataclass(frozen=True)
class Processes:
    """Workers as processes of this machine, on its CPU, started and watched by this one.

    When a worker dies or is stuck, all are started anew from the state after the last chunk of epochs, and
    the run ends with the bits that it would have had. They listen on the loopback address only, and
    end with this process, however it ends.

    Parameters
    ----------
    start_timeout : float > 0, default 60
        Seconds in which all workers must be ready.
    stuck_after : float > 0, default 120
        Seconds after which a chunk of epochs counts as stuck; a chunk takes about a quarter of a second, or
        one epoch.
    max_restarts : int >= 0, default 3
        How often in a row, without a chunk between, workers are started anew.
    threads : int >= 1, optional
        NPROC of every worker; by default its share of the cores.

    Raises
    ------
    InvalidArgument
        For numbers that break these laws.

    Examples
    --------
    >>> Processes(stuck_after=600.0).max_restarts
    3
    """

    start_timeout: float = 60.0
    stuck_after: float = 120.0
    max_restarts: int = 3
    threads: int | None = None

    def __post_init__(self) -> None:
        check_watching(self)

    def check(self, workers: int) -> None:
        """Raise unless this machine can run so many workers.

        Parameters
        ----------
        workers : int

        Raises
        ------
        InvalidArgument
            For more workers than cores, or a system without what is needed.
        """
        if sys.platform == "win32":
            raise InvalidArgument('backend="processes" needs Linux or macOS. Take backend="simulated".')
        check_cores(workers)

    def threads_of(self, workers: int) -> int:
        """Return NPROC of every worker."""
        return self.threads or max(1, cores() // workers)


@dataclasses.dataclass(frozen=True)
class RayCluster:
    """Workers on the machines of a Ray cluster, watched by this process; otherwise as `Processes`.

    Workers talk to one another on the addresses that their machines have in the cluster, without a
    password: for private networks alone.

    Parameters
    ----------
    address : str, optional
        ``host:port`` of a cluster that runs; by default one is started on this machine for this run.
    start_timeout : float > 0, default 120
        Seconds in which all workers must be ready.
    stuck_after : float > 0, default 120
        Seconds after which a chunk of epochs counts as stuck.
    max_restarts : int >= 0, default 3
        How often in a row, without a chunk between, workers are started anew.
    threads : int >= 1, default 1
        NPROC of every worker.

    Raises
    ------
    InvalidArgument
        For numbers that break these laws.

    Examples
    --------
    >>> RayCluster("10.0.0.1:6379").threads
    1
    """

    address: str | None = None
    start_timeout: float = 120.0
    stuck_after: float = 120.0
    max_restarts: int = 3
    threads: int = 1

    def __post_init__(self) -> None:
        check_watching(self)
        check_address(self)

    def check(self, workers: int) -> None:
        """Raise unless this machine, where it is the only one, can run so many workers."""
        if self.address is None:
            check_cores(workers)


def check_watching(backend: Any) -> None:
    """Raise unless times, restarts and threads of a backend obey their laws."""
    name = type(backend).__name__
    check_seconds(backend)
    check_count(f"{name}: max_restarts", backend.max_restarts, low=0)
    if backend.threads is not None:
        check_count(f"{name}: threads", backend.threads)


def check_seconds(watched: Any) -> None:
    """Raise unless the times that workers are given obey their laws."""
    for field in ("start_timeout", "stuck_after"):
        name = f"{type(watched).__name__}: {field}"
        check_number(name, getattr(watched, field), low_open=True, unit="seconds")


def check_address(watched: Any) -> None:
    """Raise unless the address of a cluster, where one is given, is a host and a port."""
    if watched.address is None:
        return
    host, _, port = watched.address.rpartition(":") if isinstance(watched.address, str) else ("", "", "")
    if not host or not port.isdecimal():
        raise InvalidArgument(f"the address of a Ray cluster must be 'host:port', got {watched.address!r}.")


def check_cores(workers: int) -> None:
    """Raise unless this machine has a core for every worker."""
    if workers > cores():
        raise InvalidArgument(
            f"this machine has {cores()} cores, got workers={workers}. A worker needs a core of its own: "
            'take fewer workers, or backend="simulated" (--simulated) to try what more would do.'
        )


def cores() -> int:
    """Return how many cores this process may use.

    Returns
    -------
    int
    """
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def get_backend(backend: Any) -> Processes | RayCluster | None:
    """Return a backend by its name, or as it is; None stands for workers simulated in this process."""
    if backend == "simulated":
        return None
    if backend == "processes":
        return Processes()
    if isinstance(backend, Processes | RayCluster):
        return backend
    raise InvalidArgument(
        f"backend must be 'simulated', 'processes', Processes(...) or RayCluster(...), got {backend!r}."
    )
