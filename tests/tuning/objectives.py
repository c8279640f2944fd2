"""Objectives that worker processes can import."""

import os
import signal
import time

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
    """Kills its own process in trial 2."""
    if trial.number == 2:
        os.kill(os.getpid(), signal.SIGKILL)
    return trial["x"]


def endless(trial):
    """Never ends by itself."""
    with open(os.environ["NEURALOPT_TEST_PID"], "w", encoding="ascii") as file:
        file.write(str(os.getpid()))
    while True:
        time.sleep(0.01)


SPACE = {"x": ("uniform", -3, 3), "y": ["a", "b"]}
