"""One process of a gang, as the process that started it sees it."""

import math
import os
import signal
import socket
import struct
import subprocess
import sys
import tempfile
from multiprocessing.connection import Connection, Pipe
from typing import IO

_TAIL = 1500


class Worker:
    """One process of a gang.

    Attributes
    ----------
    process : subprocess.Popen
    talk : Connection
    """

    def __init__(self, threads: int, timeout: float) -> None:
        ours, theirs = Pipe()
        with socket.socket(fileno=os.dup(ours.fileno())) as end:
            # one that does not read must not hold up the one that watches
            end.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, struct.pack("ll", math.ceil(timeout), 0))
        end, self._lifeline = os.pipe()
        self.talk: Connection = ours
        self.log: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115  # closed when the worker ends
        run = "from neuralopt.distributed.rank import main; main()"
        command = [sys.executable, "-P", "-c", run, str(theirs.fileno()), str(end)]
        self.process = subprocess.Popen(
            command,
            env=_environment(threads),
            pass_fds=(theirs.fileno(), end),
            stdin=subprocess.DEVNULL,
            stdout=self.log,
            stderr=subprocess.STDOUT,
            start_new_session=True,  # Ctrl-C is for the one that watches
        )
        theirs.close()
        os.close(end)

    def said(self) -> str:
        """Return the last of what it wrote."""
        self.log.seek(0, os.SEEK_END)
        self.log.seek(max(0, self.log.tell() - _TAIL))
        return self.log.read().decode(errors="replace").strip()

    def died_of(self) -> str:
        """Return how it ended, as part of a sentence."""
        try:
            code = self.process.wait(timeout=5)
        except subprocess.TimeoutExpired:
            return "does not listen any more"
        return f"was killed by {signal.Signals(-code).name}" if code < 0 else f"ended with exit code {code}"

    def end(self) -> None:
        """End it at once."""
        self.process.kill()
        self.process.wait()
        self.talk.close()
        os.close(self._lifeline)
        self.log.close()


def _environment(threads: int) -> dict[str, str]:
    """Return a worker's environment: what can be imported here can be there; no proxy for the loopback."""
    kept = {name: value for name, value in os.environ.items() if not name.lower().endswith("_proxy")}
    # read before jax is imported: XLA's threads of several workers would wait for one another
    kept |= {"NPROC": str(threads), "JAX_NUM_CPU_DEVICES": "1", "TF_CPP_MIN_LOG_LEVEL": "2"}
    kept.setdefault("JAX_PLATFORMS", "cpu")
    # in a notebook the working folder stands there as nothing
    return kept | {"PYTHONPATH": os.pathsep.join(folder or os.getcwd() for folder in sys.path)}
