"""Tuning with workers that are killed: two processes, or Ray, against a study that nobody disturbs."""

import dataclasses
import multiprocessing
import os
import random
import signal
import time
import warnings
from pathlib import Path
from typing import Any


@dataclasses.dataclass(frozen=True)
class Tuned:
    """What became of a study whose workers were killed."""

    complete: int
    same: bool  # values, as in a study by one process that nobody disturbs
    kills: int
    seconds: float


def bowl(trial: Any) -> float:
    """Return a value that follows from the trial alone, after a fifth of a second and ten reports."""
    value = (trial["x"] - 1) ** 2 + trial.seed % 7
    for step in range(1, 11):
        trial.report(step, value + 1 / step)
        time.sleep(0.02)
    return value


def killed_trials(where: str) -> Tuned:
    """Tune with two workers, three of which are killed at random moments.

    Parameters
    ----------
    where : {"processes", "Ray"}

    Returns
    -------
    Tuned
    """
    import neuralopt
    from neuralopt.distributed import RayCluster

    dice, space = random.Random(1), {"x": ("uniform", -3, 3)}
    moments = [dice.randrange(begin, begin + 60) for begin in (20, 120, 220)]  # of about 350 events
    kills: list[int] = []

    def kill(study: Any) -> None:
        if moments and len(study.events) >= moments[0]:
            moments.pop(0)
            kills.append(dice.choice(_workers()))
            os.kill(kills[-1], signal.SIGKILL)

    given = {"method": "sobol", "max_trials": 32, "early_stopping_patience": None}
    begin = time.perf_counter()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        backend = RayCluster() if where == "Ray" else "processes"
        found = neuralopt.tune(bowl, space, workers=2, backend=backend, observe=kill, **given)
    seconds = time.perf_counter() - begin
    whole = neuralopt.tune(bowl, space, **given)
    values = [[t.value for t in result.trials] for result in (found, whole)]
    complete = sum(t.state.name == "COMPLETE" for t in found.trials)
    return Tuned(complete, values[0] == values[1], len(kills), seconds)


def _workers() -> list[int]:
    """Return the processes that evaluate trials: this one's children, or Ray's actors below it."""
    found = [child.pid for child in multiprocessing.active_children() if child.pid is not None]
    parents, names = {}, {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                pid = int(entry.name)
                parents[pid] = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
                names[pid] = (entry / "cmdline").read_text()
            except OSError:  # it has ended
                continue
    family = {os.getpid()}
    while more := {child for child, parent in parents.items() if parent in family} - family:
        family |= more
    return found or sorted(pid for pid in family if "TrialActor" in names.get(pid, ""))
