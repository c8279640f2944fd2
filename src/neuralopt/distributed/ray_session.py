"""Ray on this machine: started locked, on the loopback address, and ended again."""

import atexit
import contextlib
import functools
import os
import secrets
import socket
import sys
import tempfile
import threading
import warnings
from collections.abc import Generator
from pathlib import Path
from typing import Any

from neuralopt.core.errors import InvalidArgument, WorkerError, missing_dependency
from neuralopt.distributed.messages import first_line
from neuralopt.distributed.ray_actors import HANDED_ON, check_room, variables

_STORE_BYTES, _KNOCK_SECONDS = 200 * 2**20, 5.0
# without these Ray listens beyond the loopback address, reports home, and takes commands from anybody
_LOCKED = {
    "RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "0",
    "RAY_USAGE_STATS_ENABLED": "0",
    "RAY_AUTH_MODE": "token",
    "RAY_BACKEND_LOG_LEVEL": "fatal",
}
# errors are raised here, in a sentence; of variables that Ray would take away, JAX needs some
_QUIET = {"RAY_IGNORE_UNHANDLED_ERRORS": "1", "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0"}
# a port that is somebody else's is given up after a minute and not after ten
_PATIENCE = {"RAY_NUM_REDIS_GET_RETRIES": "2"}
_owner: list[int] = []  # the thread that has a session: its end would end another thread's
_CURE = "Start one there by ray start --head, on a private network and with a token."


@contextlib.contextmanager
def ray_session(workers: int, threads: int, address: str | None = None) -> Generator[Any, None, None]:
    """Give the module ``ray``, connected; what was connected before is taken as it is and left so.

    Parameters
    ----------
    workers : int
        How many a cluster of one's own must have room for.
    threads : int
        NPROC of every worker.
    address : str, optional
        ``host:port`` of a cluster that runs; by default one is started here, for this process alone.

    Yields
    ------
    module

    Raises
    ------
    MissingDependency
        Without the package.
    InvalidArgument
        For a cluster elsewhere without a token, one that cannot be reached, or one without room.
    WorkerError
        When none can be started here.
    """
    before = sys.modules.get("ray")
    if before is not None and before.is_initialized() and _owner in ([], [threading.get_ident()]):
        check_room(before, workers)
        yield before
        return
    with contextlib.ExitStack() as ending:
        if _owner:
            raise InvalidArgument(
                "Ray serves another training or study of this process. Start this one when it has ended, or "
                "in a process of its own."
            )
        _owner.append(threading.get_ident())
        ending.callback(_owner.clear)
        settings: dict[str, str | None] = {**_QUIET, **variables(threads)}
        if address is None:
            # a token in a variable would go before the one in the file
            settings |= _LOCKED | {"RAY_AUTH_TOKEN": None, "RAY_AUTH_TOKEN_PATH": str(_own_token())}
        else:
            check_token(os.environ.get("RAY_AUTH_TOKEN_PATH"))
            check_reachable(address)
            theirs = "RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER"  # says where Ray listens: the cluster's to choose
            settings |= {name: value for name, value in _LOCKED.items() if name != theirs} | _PATIENCE
        ending.enter_context(_environment(settings))
        try:
            import ray
        except ImportError as error:
            raise missing_dependency("ray", "cluster", "A worker on Ray") from error
        given: dict[str, Any] = {"log_to_driver": False, "logging_level": "ERROR"}
        if address is None:
            given |= {
                "num_cpus": workers,
                "include_dashboard": False,
                "_node_ip_address": "127.0.0.1",
                "object_store_memory": _STORE_BYTES,
            }
        ending.callback(ray.shutdown)
        if address is None:  # its processes have these variables from their start
            HANDED_ON.append(threads)
            ending.callback(HANDED_ON.pop)
        try:
            with warnings.catch_warnings():
                # JAX warns of any fork; Ray's children become other programs at once
                warnings.filterwarnings("ignore", r"os\.fork\(\) was called", RuntimeWarning)
                ray.init(address or "local", **given)
        except Exception as error:  # what Ray raises is of many kinds
            said = first_line(str(error))
            if address is None:
                raise WorkerError(
                    f"Ray could not be started on this machine: {said} Likely cause: too little memory, or "
                    "no room left in the folder of temporary files."
                ) from error
            raise InvalidArgument(
                f"no Ray cluster with this token answers at {address}: {said.rstrip('.')}. Likely cause: the "
                f"token of another cluster, or something that is not Ray. {_CURE}"
            ) from error
        check_room(ray, workers)
        yield ray


def check_reachable(address: str) -> None:
    """Raise unless somebody listens at an address; Ray itself would go on trying for minutes.

    Parameters
    ----------
    address : str
        ``host:port``, which `check_address` has seen.

    Raises
    ------
    InvalidArgument
        When nobody does.
    """
    host, _, port = address.rpartition(":")
    try:
        socket.create_connection((host.strip("[]"), int(port)), timeout=_KNOCK_SECONDS).close()
    except (OSError, OverflowError) as error:
        raise InvalidArgument(f"no Ray cluster answers at {address!r}: {error}. {_CURE}") from error


@functools.cache
def _own_token() -> Path:
    """Return the file with this process's token: Ray reads it once in a process and never again."""
    folder = tempfile.TemporaryDirectory()
    atexit.register(folder.cleanup)
    return write_token(Path(folder.name) / "token")


def write_token(path: Path) -> Path:
    """Write a new secret that only this user can read.

    Parameters
    ----------
    path : Path
        Of a file that does not exist yet.

    Returns
    -------
    Path
    """
    with os.fdopen(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "w") as file:
        file.write(secrets.token_hex(32))
    return path


def check_token(path: str | None) -> None:
    """Raise unless there is a file with a secret that only this user can read.

    Parameters
    ----------
    path : str or None

    Raises
    ------
    InvalidArgument
        With what is wrong, never with what is in it.
    """
    if path is None:
        raise InvalidArgument(
            "a Ray cluster without a token runs whatever anybody on its network sends. Set "
            "RAY_AUTH_TOKEN_PATH to a file with the cluster's token, of mode 0600."
        )
    try:
        mode = Path(path).stat().st_mode & 0o777
    except OSError as error:
        raise InvalidArgument(f"the token file {path} cannot be read ({error.strerror}).") from error
    if mode & 0o077:
        raise InvalidArgument(
            f"the token file {path} can be read by others (mode {mode:o}). Make it yours: chmod 600 {path}"
        )


@contextlib.contextmanager
def _environment(settings: dict[str, str | None]) -> Generator[None, None, None]:
    """Set variables, or take them away for None; put back what was there."""
    before = {name: os.environ.get(name) for name in settings}
    _set(settings)
    try:
        yield
    finally:
        _set(before)


def _set(settings: dict[str, str | None]) -> None:
    for name, value in settings.items():
        if value is None:
            os.environ.pop(name, None)
        else:
            os.environ[name] = value
