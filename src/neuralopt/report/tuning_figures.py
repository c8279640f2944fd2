"""The figures of a study: its history, what its trials reported, what mattered."""

from typing import Any

import numpy as np

from neuralopt.report.figure import Figure, base_layout, beyond_axis, drawn, label_text, loss_axis, plain_axis
from neuralopt.report.palette import HUES, MUTED
from neuralopt.report.tuning_records import TuningRecords
from neuralopt.report.tuning_space import parallel_coordinates, slices

FIRST, SECOND = HUES[0][0], HUES[1][0]
_DRAWN = 100  # curves of so many trials


def tuning_figures(records: TuningRecords) -> list[Figure]:
    """Return the figures of a study, without those that have nothing to show.

    Parameters
    ----------
    records : TuningRecords
        From `load_tuning`.

    Returns
    -------
    list of Figure
        Each with its table.
    """
    drawings = [history, reports, importance, slices, parallel_coordinates]
    if len(records.facts["directions"]) > 1:
        drawings.insert(1, front)
    figures = [draw(records) for draw in drawings]
    return [figure for figure in figures if any(len(column) for column in figure.columns.values())]


def value_axis(records: TuningRecords, values: np.ndarray, title: str) -> dict[str, Any]:
    """Return the axis of the first objective: logarithmic where it is minimised and spans a lot."""
    return loss_axis(values, title) if records.sign > 0 else plain_axis(title)


def history(records: TuningRecords) -> Figure:
    """Draw the value of every trial in the order in which they ended, and the best so far."""
    trials = {t["number"]: t for t in records.facts["trials"]}
    ended = [trials[n] for n in records.facts["order"]]
    name, sign = records.facts["names"][0], records.sign
    value = np.array([t["values"][0] if t["values"] else np.nan for t in ended], float)
    complete = np.array([t["state"] == "COMPLETE" for t in ended], bool)
    counted = np.where(complete & np.isfinite(value), sign * value, np.inf)
    best = sign * np.minimum.accumulate(counted) if len(counted) else counted
    columns = {
        "ended": list(range(1, len(ended) + 1)),
        "trial": [t["number"] for t in ended],
        "state": [t["state"] for t in ended],
        "value": value.tolist(),
        "best": np.where(np.isfinite(best), best, np.nan).tolist(),
    }
    place = np.array(columns["ended"], float)
    hover = [label_text(f"trial {t['number']}: {_short(t['params'])}", 60) for t in ended]
    traces = [
        _points(label, place[kept], value[kept], colour, symbol)
        | {"hovertext": [h for h, k in zip(hover, kept, strict=True) if k], "hovertemplate": _HOVER}
        for label, kept, colour, symbol in (
            ("complete", complete, FIRST, "circle"),
            ("pruned", np.array([t["state"] == "PRUNED" for t in ended], bool), MUTED[0], "x"),
        )
        if kept.any()
    ]
    traces.append(_line("best so far", place, np.where(np.isfinite(best), best, np.nan), SECOND, "hv"))
    finite = value[np.isfinite(value)]
    layout = base_layout("History", 380) | {
        "xaxis": plain_axis("Trials ended"),
        "yaxis": value_axis(records, finite, name),
        "legend": {"orientation": "h"},
    }
    beyond = beyond_axis(finite) if sign > 0 else ""
    failed = sum(t["state"] == "FAILED" for t in ended)
    caption = (
        f"Each point is a trial, each cross one that was ended early, at what it had reached.{beyond}"
        + (f" {failed} failed and are not drawn." if failed else "")
    )
    return Figure("history", "History", caption, columns, traces, layout)


_HOVER = "%{hovertext}<br>%{y:.5g}<extra></extra>"


def reports(records: TuningRecords) -> Figure:
    """Draw what trials reported on their way, the best ones in colour."""
    trial, step, value = (records.arrays[key] for key in ("trial", "step", "value"))
    columns = {"trial": trial.tolist(), "step": step.tolist(), "value": value.tolist()}
    several = {int(n) for n in np.unique(trial) if (trial == n).sum() > 1}
    if not several:
        columns = {"trial": [], "step": [], "value": []}
    done = sorted(records.complete, key=lambda t: records.sign * t["values"][0])
    top = [t["number"] for t in done[:3] if t["number"] in several]
    others = [n for n in sorted(several) if n not in top][:_DRAWN]
    x, y = [], []
    for n in others:
        x += [*step[trial == n].tolist(), None]
        y += [*drawn(value[trial == n]), None]
    traces: list[dict[str, Any]] = []
    if others:
        grey = {"color": MUTED[0], "width": 1}
        base = {"type": "scatter", "mode": "lines", "opacity": 0.35, "line": grey, "hoverinfo": "skip"}
        traces.append(base | {"name": "other trials", "x": x, "y": y})
    for n, hue in zip(top, HUES):
        traces.append(
            _line(f"trial {n}", step[trial == n].astype(float), value[trial == n], hue[0], "linear")
        )
    finite = value[np.isfinite(value)]
    layout = base_layout("Reports on the way", 380) | {
        "xaxis": plain_axis("Step"),
        "yaxis": value_axis(records, finite, records.facts["names"][0]),
        "legend": {"orientation": "h"},
    }
    caption = "In colour: the three best trials. Grey: the others; those that were pruned end early."
    return Figure("reports", "Reports on the way", caption, columns, traces, layout)


def importance(records: TuningRecords) -> Figure:
    """Draw the share of each hyperparameter in what made values differ."""
    shares = dict(records.facts["importance"])
    columns = {"hyperparameter": list(shares), "share": list(shares.values())}
    trace = {
        "type": "bar",
        "orientation": "h",
        "x": drawn(np.array(columns["share"], float)),
        "y": list(range(len(shares))),
        "marker": {"color": FIRST},
        "hovertext": [label_text(name) for name in shares],
        "hovertemplate": "%{hovertext}: %{x:.1%}<extra></extra>",
    }
    layout = base_layout("Importance", 110 + 32 * max(1, len(shares))) | {
        "xaxis": plain_axis("Share") | {"tickformat": ".0%", "rangemode": "tozero"},
        "yaxis": plain_axis("")
        | {
            "tickvals": list(range(len(shares))),
            "ticktext": [label_text(name, 24) for name in shares],
            "range": [len(shares) - 0.4, -0.6],
        },
        "showlegend": False,
    }
    caption = (
        "By how much a random forest of the trials errs more when the column is shuffled. It tells what "
        "mattered among these trials; a search makes few where it expects nothing."
    )
    return Figure("importance", "Importance", caption, columns, [trace], layout)


def front(records: TuningRecords) -> Figure:
    """Draw the first two objectives, and the trials that no other beats in both."""
    done, names = records.complete, records.facts["names"]
    best = set(records.facts["front"])
    on = np.array([t["number"] in best for t in done], bool)
    values = np.array([t["values"] for t in done], float).reshape(len(done), len(names))
    columns = {
        "trial": [t["number"] for t in done],
        **{name: values[:, k].tolist() for k, name in enumerate(names)},
        "on_front": [bool(flag) for flag in on],
    }
    order = np.argsort(values[on][:, 0], kind="stable") if on.any() else []
    edge = values[on][order] if on.any() else values[:0]
    traces = [
        _points("other trials", values[~on, 0], values[~on, 1], MUTED[0], "circle"),
        _points("front", edge[:, 0], edge[:, 1], FIRST, "circle") | {"mode": "markers+lines"},
    ]
    layout = base_layout("Pareto front", 400) | {
        "xaxis": plain_axis(names[0]),
        "yaxis": plain_axis(names[1]),
        "legend": {"orientation": "h"},
    }
    caption = "In colour: the trials that no other is better than in every objective."
    return Figure("front", "Pareto front", caption, columns, traces, layout)


def _short(params: dict[str, Any]) -> str:
    return ", ".join(f"{k}={v:.4g}" if isinstance(v, float) else f"{k}={v}" for k, v in params.items())


def _line(name: str, x: np.ndarray, y: np.ndarray, colour: str, shape: str) -> dict[str, Any]:
    return {
        "type": "scatter",
        "mode": "lines",
        "name": name,
        "x": drawn(x),
        "y": drawn(y),
        "line": {"color": colour, "width": 2, "shape": shape},
    }


def _points(name: str, x: np.ndarray, y: np.ndarray, colour: str, symbol: str) -> dict[str, Any]:
    return {
        "type": "scatter",
        "mode": "markers",
        "name": name,
        "x": drawn(x),
        "y": drawn(y),
        "marker": {"color": colour, "symbol": symbol, "size": 7},
        "line": {"color": colour, "width": 1},
    }
