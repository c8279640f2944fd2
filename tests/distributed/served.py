"""Run in a process of its own: training at a parameter server on Ray, with workers that are killed."""

import json
import os
import signal
from pathlib import Path

import numpy as np
from tests.distributed.sockets import addresses, family

from neuralopt import MLP, Callback, optimizers, train
from neuralopt.core import tree
from neuralopt.distributed import DataParallel, Int8, ParameterServer, RayCluster, TopK, backends, server
from neuralopt.distributed.crew import Crew
from neuralopt.distributed.ray_session import ray_session

random = np.random.default_rng(0)
X = random.normal(size=(50, 3))
Y = np.stack([np.sin(X[:, 0]) * X[:, 1], X[:, 2] ** 2], axis=1)
crews, kills, told = [], [], {"heard": [], "family": []}


class Kill(Callback):
    """Kill a worker after some epochs."""

    every = 1

    def __init__(self, *epochs):
        self.epochs = epochs

    def on_chunk(self, report):
        """Kill, and book it."""
        if report.epoch in self.epochs:
            os.kill(list(crews[-1].process_ids())[report.epoch % 2], signal.SIGKILL)
            kills.append(report.epoch)


class KillRank(Callback):
    """Kill a worker of a gang after some epochs."""

    every = 1

    def __init__(self, epoch):
        self.epoch = epoch

    def on_chunk(self, report):
        """Kill."""
        if report.epoch == self.epoch:
            ids = [pid for pid in family(os.getpid()) if "RankActor" in named(pid)]
            os.kill(ids[-1], signal.SIGKILL)
            kills.append(f"one of {len(ids)} workers")


def named(pid):
    """Return the command line of a process."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_text()
    except OSError:  # it has ended
        return ""


class Listen(Callback):
    """Look where all processes listen."""

    every = 3

    def on_chunk(self, report):
        """Look."""
        told["family"] = sorted(family(os.getpid()) - {os.getpid()})
        told["heard"] += [address for pid in family(os.getpid()) for address in addresses(pid)]


def run(name, distribute=None, callbacks=(), epochs=6):
    """Train, and tell what came out."""
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


def watched(crew, *given):
    """Warm a crew, and remember it."""
    crews.append(crew)
    warm(crew, *given)


if __name__ == "__main__":
    warm, Crew.warm = Crew.warm, watched
    server.cores = backends.cores = lambda: 2  # a machine of one core can run two workers, too
    rounds = ParameterServer(mode="sync", exchange=TopK(0.2))
    with ray_session(2, 1):  # one for all runs: starting it takes seconds
        run("rounds, killed", rounds, [Listen(), Kill(2, 3)])
        gang = DataParallel(exchange=Int8(), backend=RayCluster())
        run("gang, killed", gang, [Listen(), KillRank(2)])
        bounded = ParameterServer(mode="bounded", staleness=1, exchange=Int8())
        run("bounded, killed", bounded, [Kill(3)], epochs=30)
    print(json.dumps(told | {"kills": kills}))
