"""``neuralopt tune --list``: the trials of a study, from its journal alone."""

import math
from pathlib import Path

from neuralopt.tuning.journals import load_study_events
from neuralopt.tuning.trials import TrialRecord, Trials, TrialState, described

_SIGNS = {"minimize": 1, "maximize": -1}


def print_trials(folder: Path) -> None:
    """Print a line for every trial of the study in a folder, and the best one last."""
    first, *rest = load_study_events(folder)
    trials = Trials(tuple(_SIGNS[d] for d in first["directions"]))
    for event in rest:
        trials.apply(event)
    names = [name for name, _ in first["space"]]
    for trial in trials.all:  # a journal's keys are sorted
        trial.params = {name: trial.params[name] for name in names if name in trial.params}
    print(f"{'trial':>5}  {'state':8}  {'value':>12}  {'steps':>5}  {'seconds':>7}  configuration")
    for trial in trials.all:
        print(_line(trial))
    best = trials.best()
    if best is not None:
        print(f"Best: trial {best.number}, {best.value:.6g}: {described(best.params)}")


def _line(trial: TrialRecord) -> str:
    value = "" if trial.values is None else ", ".join(f"{v:.6g}" for v in trial.values)
    seconds = "" if trial.seconds is None else f"{trial.seconds:.2f}"
    words = described(trial.params)
    if trial.state is TrialState.FAILED and trial.error:
        words += f"  ({trial.error.splitlines()[0]})"
    return (
        f"{trial.number:5d}  {trial.state.name.lower():8}  {value:>12}  {max(trial.reports, default=0):5d}  "
        f"{seconds:>7}  {words}"
    )


def rate_text(done: int, seconds: float, total: int) -> str:
    """Return how fast trials end, and how long the rest will take."""
    if not done or seconds <= 0:
        return ""
    rate = done / seconds
    left = math.ceil(max(0, total - done) / rate) if total > done else 0
    speed = f"{rate:.1f} trials/s" if rate >= 1 else f"{1 / rate:.1f} s/trial"
    return f"{speed}  {left // 60}:{left % 60:02d} left at most"
