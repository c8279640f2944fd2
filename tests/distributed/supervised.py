"""Run in a process of its own, to be killed: trains with two processes and tells their ids after each chunk."""

import sys

import numpy as np

import neuralopt
from neuralopt.distributed import DataParallel, Int8, backends
from neuralopt.distributed.gang import Gang

random = np.random.default_rng(0)
X = random.normal(size=(50, 3))
Y = np.stack([np.sin(X[:, 0]) * X[:, 1], X[:, 2] ** 2], axis=1)
GIVEN = {
    "epochs": 12,
    "batch_size": 16,
    "dtype": "float64",
    "distribute": DataParallel(exchange=Int8(), backend="processes"),
}
started = []


class Tell(neuralopt.Callback):
    """Tell the ids of the processes; end nothing, but take small chunks."""

    every = 1

    def on_chunk(self, report):
        """Print the ids and the epoch."""
        ids = [worker.process.pid for worker in started[-1].workers]
        print(report.epoch, *ids, flush=True)
        if report.epoch == 5:
            sys.stdin.readline()  # the test kills this process here


if __name__ == "__main__":
    before = Gang.start

    def start(self, states):
        """Start, and remember the gang."""
        started.append(self)
        before(self, states)

    Gang.start = start
    backends.cores = lambda: 2  # a machine of one core can run two workers, too
    neuralopt.train(
        neuralopt.MLP((3, 6, 2)),
        (X, Y),
        checkpoint=sys.argv[1],
        checkpoint_every=0,
        callbacks=[Tell()],
        **GIVEN,
    )
