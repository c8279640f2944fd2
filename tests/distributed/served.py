"""Run in a process of its own, the leader of its group: training on Ray while faults strike.

Takes a folder, leaves the token there that this process's Ray asks for, and prints what it found.
"""

import json
import os
import signal
import sys
import time
from pathlib import Path

import numpy as np
from tests.distributed.faults import Fault, Faulty, FaultyWorker, struck
from tests.distributed.sockets import addresses, family

from neuralopt import MLP, Callback, optimizers, train
from neuralopt.core import tree
from neuralopt.core.errors import WorkerError
from neuralopt.distributed import (
    DataParallel,
    Int8,
    ParameterServer,
    RayCluster,
    TopK,
    backends,
    crew,
    server,
)
from neuralopt.distributed.ledger import Ledger
from neuralopt.distributed.ray_session import ray_session

random = np.random.default_rng(0)
X = random.normal(size=(50, 3))
Y = np.stack([np.sin(X[:, 0]) * X[:, 1], X[:, 2] ** 2], axis=1)
folder = Path(sys.argv[1])
told = {"heard": [], "family": [], "seconds": {}, "token in": []}


class Arm(Callback):
    """Let faults strike from the first epoch on, at batches."""

    every = 1

    def __init__(self, *faults):
        self.faults = faults

    def on_first(self, report):
        """Tell the workers."""
        for entry in folder.glob("*-*-*"):
            entry.unlink()
        (folder / "armed").write_text(" ".join(self.faults))


class Look(Callback):
    """Look where all processes listen, and for the token in what others can read of them."""

    every = 3

    def on_chunk(self, report):
        """Look."""
        told["family"] = sorted({*told["family"], *family(os.getpid())} - {os.getpid()})
        told["heard"] += [address for pid in family(os.getpid()) for address in addresses(pid)]
        told["token in"] += [str(path) for path in Path("/proc").glob("[0-9]*/cmdline") if leaks(path)]
        told["token in"] += [str(path) for path in Path("/proc").glob("[0-9]*/environ") if leaks(path)]


class Interrupt(Callback):
    """Send Ctrl-C, as a terminal does: to all processes of the job."""

    def on_chunk(self, report):
        """Send."""
        if report.epoch >= 20 and not folder.joinpath("interrupted").exists():
            folder.joinpath("interrupted").touch()
            told["interrupted"] = time.monotonic()
            os.killpg(0, signal.SIGINT)


def leaks(path):
    """Return whether a file holds the token."""
    try:
        return secret in path.read_bytes()
    except OSError:  # a process that has ended, or a socket
        return False


def run(name, distribute, callbacks=(), epochs=6):
    """Train, and tell what came out."""
    begin, booked = time.monotonic(), []

    def apply(self, batch):
        """Book, and remember."""
        fresh = book(self, batch)
        booked.extend([batch] * fresh)
        return fresh

    Ledger.apply = apply
    result = train(
        MLP((3, 6, 2)),
        (X, Y),
        epochs=epochs,
        batch_size=8,
        dtype="float64",
        optimizer=optimizers.Adam(0.02),
        distribute=distribute,
        callbacks=callbacks,
    )
    told[name] = {column: values.tolist() for column, values in result.history.items()}
    told[name] |= {"status": result.status.name, "params": tree.ravel(result.params).tolist()}
    told[name] |= {"booked": booked, "struck": sorted(struck(folder))}
    told["seconds"][name] = time.monotonic() - begin


if __name__ == "__main__":
    book = Ledger.apply
    os.environ["FAULTS"] = str(folder)  # Ray's workers inherit it
    crew.GradientWorker = FaultyWorker
    server.cores = backends.cores = lambda: 2  # a machine of one core can run two workers, too
    begin = time.monotonic()
    with ray_session(2, 1) as ray:  # one for all runs: starting it takes seconds
        told["seconds"]["ray"] = time.monotonic() - begin
        secret = Path(os.environ["RAY_AUTH_TOKEN_PATH"]).read_bytes()
        (folder / "token").touch(0o600)
        (folder / "token").write_bytes(secret)
        rounds = ParameterServer(mode="sync", exchange=TopK(0.2), stuck_after=2.0)
        run("rounds", rounds, [Look(), Arm("kill-0", "kill-1", "hang-20", "slow-25", "kill-41")])
        gang = DataParallel(exchange=Faulty((Fault("kill", 1, 9),), sys.argv[1]), backend=RayCluster())
        run("gang", gang, [Look(), Arm()])
        run("async", ParameterServer(exchange=Int8()), [Arm("kill-100")], epochs=30)
        bounded = ParameterServer(mode="bounded", staleness=1, exchange=Int8())
        run("bounded", bounded, [Arm("kill-30"), Interrupt()], epochs=10**6)
        told["interrupted"] = time.monotonic() - told["interrupted"]
        try:
            run("raising", rounds, [Arm("raise-3")])
        except WorkerError as error:
            told["error"] = str(error)
        session = Path(ray._private.worker.global_worker.node.get_session_dir_path())
        told["token in"] += [str(path) for path in session.rglob("*") if path.is_file() and leaks(path)]
        told["read"] = len(list(session.rglob("*.log")))
    print(json.dumps(told))
