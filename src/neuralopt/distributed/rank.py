"""One worker of a gang: a process that does what the one that started it says, and ends with it."""

import contextlib
import os
import pickle
import sys
import threading
import zlib
from multiprocessing.connection import Connection
from typing import Any

import numpy as np

from neuralopt.core import tree
from neuralopt.core.versions import versions
from neuralopt.distributed.messages import Answer, Place, brief, from_callback
from neuralopt.distributed.wire import bytes_sent, listening

_LOOPBACK = ("127.", "::1")
_HEARTBEAT_SECONDS = 10


def join(place: Place) -> None:
    """Find the other workers.

    Parameters
    ----------
    place : Place

    Raises
    ------
    ConnectionError
        When they cannot be found.
    RuntimeError
        When this process would listen beyond the address it was given, or has not one device.
    """
    import jax

    # JAX has no setting for where gloo listens, so its own maker is asked;
    # by itself it would take the address of the machine's name
    from jax._src.lib import _jax  # pyright: ignore[reportPrivateImportUsage]

    make = _jax.make_gloo_tcp_collectives

    def make_here(*given: Any, **named: Any) -> Any:
        return make(*given, **{**named, "hostname": place.own})

    _jax.make_gloo_tcp_collectives = make_here  # type: ignore[assignment]  # the module has no types
    address = f"{place.host}:{place.port}"
    try:
        jax.distributed.initialize(
            address,
            place.workers,
            place.rank,
            coordinator_bind_address=address,
            initialization_timeout=max(1, int(place.timeout)),
            heartbeat_timeout_seconds=_HEARTBEAT_SECONDS,
            shutdown_timeout_seconds=1,
        )
    except RuntimeError as error:  # the port was taken meanwhile, or another worker is gone
        raise ConnectionError(f"worker {place.rank} found no others at {address}: {error}") from error
    if len(jax.devices()) != place.workers:
        raise RuntimeError(f"{place.workers} workers need a device each, found {jax.devices()}.")
    beyond = [a for a in listening() if not a.startswith(_LOOPBACK)]
    if place.own.startswith(_LOOPBACK) and beyond:
        raise RuntimeError(f"a worker must listen on the loopback address only, it does on {beyond}.")


class Rank:
    """What a worker does when it is asked; every answer is a kind and what goes with it.

    Parameters
    ----------
    place : Place
    job : bytes
        The packed arguments of its `RankRunner`.
    """

    def __init__(self, place: Place, job: bytes) -> None:
        join(place)
        arguments = pickle.loads(job)
        from neuralopt.distributed.rank_runner import RankRunner
        from neuralopt.engine.precision import use_compilation_cache

        use_compilation_cache()
        self._rank, self._dtype = place.rank, np.dtype(arguments["source"].dtype)
        with self._precision():
            self._runner = RankRunner(**arguments)
        self._state: Any = None

    def do(self, what: str, given: Any) -> tuple[str, Any]:
        """Place a state, or advance to an epoch.

        Parameters
        ----------
        what : {"place", "advance"}
        given : LoopState or int

        Returns
        -------
        kind : {"done", "lost", "error"}
            A collective is lost when another worker is gone.
        answer : Answer, None or str
        """
        import jax

        try:
            with self._precision():
                if what == "place":
                    self._state, _ = self._runner.compile(self._runner.place(given))
                    return "done", None
                before = bytes_sent()
                self._state, rows = self._runner.advance(self._state, given)
                return "done", _answer(self._runner.host(self._state), rows, self._rank, before)
        except Exception as error:
            return kind_of(error, jax.errors.JaxRuntimeError), brief(error)

    def _precision(self) -> Any:
        from neuralopt.engine.precision import precision

        return precision(self._dtype)


def kind_of(error: Exception, lost: type[Exception]) -> str:
    """Return whether an error is that of a lost connection, which starting anew may cure, or one's own."""
    return "lost" if isinstance(error, lost) and not from_callback(error) else "error"


def serve(talk: Connection) -> None:
    """Do what is asked for until nobody asks.

    Parameters
    ----------
    talk : Connection
        To the process that started this one.
    """
    place, job = talk.recv()
    talk.send(("versions", versions()))
    try:
        rank = Rank(place, job)
    except Exception as error:
        talk.send((kind_of(error, ConnectionError), brief(error)))
        return
    talk.send(("ready", None))
    while True:
        talk.send(rank.do(*talk.recv()))


def _answer(state: Any, rows: Any, rank: int, before: int | None) -> Answer:
    after, checksum = bytes_sent(), 0
    for leaf in tree.leaves(state.params):
        checksum = zlib.crc32(np.ascontiguousarray(leaf).view(np.uint8).data, checksum)
    sent = None if after is None or before is None else after - before
    if rank:
        return Answer(state.opt_state.own, None, checksum, sent)
    return Answer(state, rows, checksum, sent)


def _end_with_parent(lifeline: int) -> None:
    os.read(lifeline, 1)  # returns when the other end is closed, however that happened
    os._exit(1)


def main() -> None:
    """Serve on the file descriptors that the command line names."""
    talk, lifeline = int(sys.argv[1]), int(sys.argv[2])
    threading.Thread(target=_end_with_parent, args=(lifeline,), daemon=True).start()
    # until nobody asks any more
    with contextlib.suppress(EOFError, BrokenPipeError, ConnectionResetError):
        serve(Connection(talk))
    os._exit(0)  # JAX would wait for workers that are gone
