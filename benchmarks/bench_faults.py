"""Workers that are killed: training and tuning that end as if nothing had happened."""

import os
import signal
import time
import warnings
from typing import Any

from harness import Target, check, figure, main
from killed_trials import killed_trials
from teacher_task import Task

TITLE = "Workers that are killed"
SETTINGS = {"NPROC=1": {"NPROC": "1"}}
TARGETS = (
    Target("runs with three kills that end with the same bits", "same bits", ">=", 1.0, "of all"),
    Target("from a kill to the end of the next chunk", "restart", "<=", 15, "s"),
    Target("tuning, processes: complete trials of 32, three killed", "tuned by processes", ">=", 32, ""),
    Target("tuning, Ray: complete trials of 32, three killed", "tuned on Ray", ">=", 32, ""),
)


def measure(quick: bool) -> dict[str, Any]:
    """Measure this section; see `harness`."""
    same, restarts = _killed(1 if quick else 5)
    tuned = {name: killed_trials(name) for name in ("processes", "Ray")}
    figures = {
        "same bits": [sum(same) / len(same)],
        "restart": restarts,
        "tuned by processes": [tuned["processes"].complete],
        "tuned on Ray": [tuned["Ray"].complete],
    }
    return {
        "figures": {name: figure(values) for name, values in figures.items()},
        "checks": [
            check("no restart takes longer than 15 s", max(restarts) <= 15, f"longest {max(restarts):.1f} s"),
            *(
                check(
                    f"tuning by {name}: values of the study without kills",
                    end.same and end.kills == 3,
                    f"{end.kills} workers killed, {end.seconds:.1f} s",
                )
                for name, end in tuned.items()
            ),
        ],
        "tables": [],
        "notes": ["Workers are killed by SIGKILL, in training after epochs drawn at random."],
    }


def _killed(repeats: int) -> tuple[list[bool], list[float]]:
    """Return whether runs with three kills had the bits of an undisturbed one, and how long restarts took."""
    import random

    import numpy as np

    import neuralopt
    from neuralopt.distributed import DataParallel, Int8
    from neuralopt.distributed.gang import Gang

    gangs: list[Any] = []
    before = Gang.start

    def start(self: Any, states: Any) -> None:
        before(self, states)
        gangs.append([worker.process for worker in self.workers])

    Gang.start = start
    dice = random.Random(0)

    class Kill(neuralopt.Callback):
        """Kill a worker after some epochs."""

        every = 1

        def __init__(self, epochs: Any) -> None:
            self.epochs, self.begin, self.seconds = epochs, 0.0, []

        def on_chunk(self, report: Any) -> None:
            """Kill, and look how long it took."""
            if self.begin:
                self.seconds.append(time.perf_counter() - self.begin)
                self.begin = 0.0
            if report.epoch in self.epochs:
                self.begin = time.perf_counter()
                os.kill(gangs[-1][dice.randrange(2)].pid, signal.SIGKILL)

    task = Task((10, 64, 1), 4096, 20)
    train, _ = task.data()

    def run(epochs: Any) -> tuple[bytes, list[float]]:
        kill = Kill(epochs)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", RuntimeWarning)
            result = neuralopt.train(
                neuralopt.MLP(task.sizes),
                train,
                epochs=task.epochs,
                batch_size=64,
                callbacks=[kill],
                distribute=DataParallel(exchange=Int8(), backend="processes"),
            )
        return b"".join(np.asarray(a).tobytes() for pair in result.params for a in pair), kill.seconds

    whole, _ = run(())
    same, seconds = [], []
    for _ in range(repeats):
        bits, took = run(dice.sample(range(1, 19), 3))
        same.append(bits == whole)
        seconds += took
    Gang.start = before
    return same, seconds


if __name__ == "__main__":
    main(measure)
