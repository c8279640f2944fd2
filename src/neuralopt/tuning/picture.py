"""A study as one picture."""

from typing import TYPE_CHECKING, Any

import numpy as np

from neuralopt.core.errors import InvalidArgument
from neuralopt.tuning.dimensions import Categorical, Int, LogUniform
from neuralopt.tuning.trials import TrialState

if TYPE_CHECKING:
    from neuralopt.tuning.result import TuneResult

_COLUMNS, _SIZE = 3, 3.2


def draw(result: "TuneResult") -> Any:
    """Return a figure of history, reports, importance and a slice for each hyperparameter."""
    import matplotlib.pyplot as plt

    space = result.study.space
    rows = 1 + -(-len(space) // _COLUMNS)
    figure, axes = plt.subplots(
        rows, _COLUMNS, figsize=(_COLUMNS * _SIZE, rows * _SIZE * 0.8), layout="constrained", squeeze=False
    )
    places = axes.ravel()
    _history(places[0], result)
    _reports(places[1], result)
    _importance(places[2], result)
    for axis, name in zip(places[3:], space.names):
        _slice(axis, result, name)
    for axis in places[3 + len(space) :]:
        axis.remove()
    return figure


def _history(axis: Any, result: "TuneResult") -> None:
    table = result.history()
    value, best = (table[name].to_numpy(float) for name in ("value", "best"))
    value = np.where(np.isfinite(value), value, np.nan)
    place, done = np.arange(1, len(table) + 1), (table["state"] == "COMPLETE").to_numpy(bool)
    axis.plot(place[done], value[done], "o", markersize=4)
    axis.plot(place[~done], value[~done], "x", color="0.6", markersize=4)
    axis.step(place, best, where="post")
    axis.set(xlabel="trials ended", ylabel="value", title="history")
    _scale(axis, value, result)


def _reports(axis: Any, result: "TuneResult") -> None:
    best = result.study.trials.best()
    for trial in result.trials:
        steps = sorted(trial.reports)
        curve = [trial.reports[step][0] for step in steps]
        own = best is not None and trial.number == best.number
        axis.plot(steps, curve, color="C1" if own else "0.7", linewidth=2 if own else 0.7, zorder=2 + own)
    axis.set(xlabel="step", title="reports, the best in colour")
    values = [v[0] for t in result.trials for v in t.reports.values()]
    _scale(axis, np.array(values, float), result)


def _importance(axis: Any, result: "TuneResult") -> None:
    try:
        shares = result.importance()
    except InvalidArgument:  # too few trials to tell
        shares = dict.fromkeys(result.study.space.names, 0.0)
    axis.barh(list(shares)[::-1], list(shares.values())[::-1])
    axis.set(title="importance")


def _slice(axis: Any, result: "TuneResult", name: str) -> None:
    dimension = result.study.space.dimensions[name]
    used = [t for t in result.trials if t.state is TrialState.COMPLETE and t.values and name in t.params]
    x = [t.params[name] for t in used]
    if isinstance(dimension, Categorical):
        x = [str(value) for value in x]
    elif isinstance(dimension, LogUniform) or (isinstance(dimension, Int) and dimension.log):
        axis.set_xscale("log")
    values = np.array([t.values[0] for t in used if t.values], float)
    axis.plot(x, np.where(np.isfinite(values), values, np.nan), "o", markersize=4)
    axis.set(xlabel=name)
    _scale(axis, values, result)


def _scale(axis: Any, values: np.ndarray, result: "TuneResult") -> None:
    finite = values[np.isfinite(values)]
    if (
        result.study.trials.signs[0] > 0
        and finite.size
        and finite.min() > 0
        and finite.max() > 10 * finite.min()
    ):
        axis.set_yscale("log")
