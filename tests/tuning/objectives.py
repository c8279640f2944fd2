"""Objectives that worker processes can import."""

import os
import signal
import time
from pathlib import Path

from neuralopt.tuning import Pruned


def quadratic(trial):
    """A bowl with its bottom at x = 1, y = "b"; reports its way down."""
    value = (trial["x"] - 1) ** 2 + (0.5 if trial["y"] == "a" else 0.0)
    for step in range(1, 10):
        trial.report(step, value + 1 / step)
        if trial.should_prune():
            raise Pruned
    return value


def slow(trial):
    """Ends in an order that is not that of the numbers."""
    time.sleep(0.05 * (3 - trial.number % 4))
    return quadratic(trial)


def dies(trial):
    """Kills its own process in trial 2, every time."""
    if trial.number == 2:
        os.kill(os.getpid(), signal.SIGKILL)
    return trial["x"]


def mortal(trial):
    """A bowl; its worker is killed the first time, at a moment of three trials."""
    marks = Path(os.environ["NEURALOPT_TEST_MARKS"]) / str(trial.number)
    with marks.open("a", encoding="ascii") as file:
        file.write("x")
    first = len(marks.read_text(encoding="ascii")) == 1
    moment = {3: 1, 11: 4, 30: 9}.get(trial.number) if first else None
    for step in range(1, 10):
        if step == moment:
            pipe = getattr(trial._channel, "_pipe", None)
            if pipe is not None and trial.number == 11:  # in the middle of a message
                os.write(pipe.fileno(), bytes([0, 0, 1, 0, 7]))
            os.kill(os.getpid(), signal.SIGKILL)
        trial.report(step, bowl(trial) + 1 / step)
    return bowl(trial)


def bowl(trial):
    """What `mortal` returns, and reports on its way down to."""
    return (trial["x"] - 1) ** 2 + trial.seed % 7


def undying(trial):
    """As `mortal`, without being killed."""
    for step in range(1, 10):
        trial.report(step, bowl(trial) + 1 / step)
    return bowl(trial)


def lingering(trial):
    """Reports without hurry."""
    for step in range(1, 10):
        trial.report(step, bowl(trial) + 1 / step)
        time.sleep(0.02)
    return bowl(trial)


class Unloadable:
    """An objective that no worker can read."""

    def __init__(self, how):
        self.how = how

    def __setstate__(self, state):
        if state["how"] == "killed":
            os.kill(os.getpid(), signal.SIGKILL)
        raise ImportError("it is not here")

    def __call__(self, trial):
        """Never called."""


def endless(trial):
    """Never ends by itself."""
    with open(os.environ["NEURALOPT_TEST_PID"], "w", encoding="ascii") as file:
        file.write(str(os.getpid()))
    while True:
        time.sleep(0.01)


SPACE = {"x": ("uniform", -3, 3), "y": ["a", "b"]}
