"""Run in a process of its own: trains with two processes, is interrupted, goes on, and kills itself."""

import os
import signal
import sys
import time

import numpy as np

import neuralopt
from neuralopt.distributed import DataParallel, Int8, backends
from neuralopt.distributed.gang import Gang
from neuralopt.storage import read_container

random = np.random.default_rng(0)
X = random.normal(size=(50, 3))
Y = np.stack([np.sin(X[:, 0]) * X[:, 1], X[:, 2] ** 2], axis=1)
GIVEN = {
    "epochs": 12,
    "batch_size": 16,
    "dtype": "float64",
    "distribute": DataParallel(exchange=Int8(), backend="processes"),
}
started, interrupted = [], []


class Tell(neuralopt.Callback):
    """Tell the ids of the processes after some epochs, and send signals."""

    every = 1

    def on_chunk(self, report):
        """Send what a terminal sends to all processes of a job, and then what ends this one."""
        if report.epoch in (3, 5):
            print(report.epoch, *[worker.process.pid for worker in started[-1].workers], flush=True)
        if report.epoch == 3:
            interrupted.append(time.monotonic())
            os.killpg(0, signal.SIGINT)
        if report.epoch == 5:
            os.kill(os.getpid(), signal.SIGKILL)


def run():
    """Train, or go on."""
    return neuralopt.train(
        neuralopt.MLP((3, 6, 2)),
        (X, Y),
        checkpoint=sys.argv[1],
        checkpoint_every=0,
        callbacks=[Tell()],
        resume=True,
        **GIVEN,
    )


if __name__ == "__main__":
    before = Gang.start

    def start(self, states):
        """Start, and remember the gang."""
        started.append(self)
        before(self, states)

    Gang.start = start
    backends.cores = lambda: 2  # a machine of one core can run two workers, too
    result = run()
    kept = read_container(sys.argv[1], kind="checkpoint", version=1).arrays["history/loss"]
    print(result.status.name, time.monotonic() - interrupted[0], len(kept), flush=True)
    run()
