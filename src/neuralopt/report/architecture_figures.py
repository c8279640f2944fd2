"""The figures of an architecture search."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from neuralopt.report.figure import Figure, base_layout, drawn, label_text, log_scale, plain_axis
from neuralopt.report.palette import HUES, MUTED

_COLOURS = {"search": HUES[0][0], "random": HUES[1][0]}
_WORDS = {"parameters": "Parameters", "multiply_adds": "Multiply-adds for one row"}
METRICS = {"accuracy": "accuracy", "r2": "R²"}


def architecture_figures(facts: Mapping[str, Any]) -> list[Figure]:
    """Return the figures of an architecture search.

    Parameters
    ----------
    facts : mapping
        From `load_architecture`.

    Returns
    -------
    list of Figure
        Each with its table.
    """
    figures = [progress(facts), *(front(facts, cost) for cost in _WORDS), lineage(facts)]
    return figures + [
        predictors(facts, name) for name in dict.fromkeys(r["table"] for r in facts["predictors"])
    ]


def _arms(facts: Mapping[str, Any]) -> dict[str, list[Mapping[str, Any]]]:
    rows = facts["evaluations"]
    return {arm: held for arm in _COLOURS if (held := [row for row in rows if row["arm"] == arm])}


def _named(facts: Mapping[str, Any], arm: str) -> str:
    return facts["config"].get("strategy", "search") if arm == "search" else "random search"


def _values(rows: Sequence[Mapping[str, Any]], key: str) -> np.ndarray:
    return np.array([np.nan if row[key] is None else row[key] for row in rows], dtype=float)


def progress(facts: Mapping[str, Any]) -> Figure:
    """Draw the validation metric of every candidate, and of the best score so far, against epochs spent."""
    columns: dict[str, list[Any]] = {key: [] for key in ("arm", "epochs_spent", "metric", "best_so_far")}
    traces = []
    for arm, rows in _arms(facts).items():
        spent, metric = np.cumsum(_values(rows, "epochs")), _values(rows, "metric")
        score = np.nan_to_num(_values(rows, "score"), nan=-np.inf)
        leader = [int(np.argmax(score[: k + 1])) for k in range(len(rows))]
        best, name = metric[leader], _named(facts, arm)
        columns["arm"] += [name] * len(rows)
        for key, values in (("epochs_spent", spent), ("metric", metric), ("best_so_far", best)):
            columns[key] += values.tolist()
        said = [label_text(row["architecture"]) for row in rows]
        common = {"type": "scatter", "x": drawn(spent)}
        traces.append(
            common
            | {
                "mode": "markers",
                "name": f"{name}, candidates",
                "y": drawn(metric),
                "marker": {"size": 5, "color": _COLOURS[arm], "opacity": 0.45},
                "hovertext": said,
                "hovertemplate": "%{hovertext}<br>%{y:.4f}<extra></extra>",
            }
        )
        line = {"color": _COLOURS[arm], "width": 2, "shape": "hv"}
        traces.append(
            common | {"mode": "lines", "name": f"{name}, best so far", "y": drawn(best), "line": line}
        )
    word = METRICS.get(facts["metric"], facts["metric"])
    layout = base_layout("Search", 400) | {
        "xaxis": plain_axis("Epochs spent"),
        "yaxis": plain_axis(f"Validation {word} of a candidate"),
        "legend": {"orientation": "h"},
    }
    caption = (
        "Points: candidates after their short training. Lines: the metric of the one with the best score "
        "so far. Children that inherit weights have trained for longer than random candidates."
    )
    return Figure("search", "Search", caption, columns, traces, layout)


def front(facts: Mapping[str, Any], cost: str) -> Figure:
    """Draw the metric of all candidates against what they cost, and the front that nothing beats."""
    columns: dict[str, list[Any]] = {key: [] for key in ("arm", "architecture", cost, "metric", "on_front")}
    traces, points = [], []
    for arm, rows in _arms(facts).items():
        price, metric = _values(rows, cost), _values(rows, "metric")
        points += [(p, -m, r["architecture"]) for p, m, r in zip(price, metric, rows) if np.isfinite(m)]
        columns["arm"] += [_named(facts, arm)] * len(rows)
        columns["architecture"] += [row["architecture"] for row in rows]
        columns[cost] += price.tolist()
        columns["metric"] += metric.tolist()
        traces.append(
            {
                "type": "scatter",
                "mode": "markers",
                "name": _named(facts, arm),
                "x": drawn(price),
                "y": drawn(metric),
                "marker": {"size": 6, "color": _COLOURS[arm], "opacity": 0.6},
                "hovertext": [label_text(row["architecture"]) for row in rows],
                "hovertemplate": "%{hovertext}<br>%{y:.4f} · %{x:,}<extra></extra>",
            }
        )
    best, kept = -np.inf, []
    for price, negative, _ in sorted(points):
        if -negative > best:
            best = -negative
            kept.append((price, best))
    columns["on_front"] = [(p, m) in kept for p, m in zip(columns[cost], columns["metric"], strict=True)]
    traces.append(
        {
            "type": "scatter",
            "mode": "lines",
            "name": "front",
            "x": drawn(np.array([p for p, _ in kept])),
            "y": drawn(np.array([m for _, m in kept])),
            "line": {"color": MUTED[0], "dash": "dot", "shape": "hv"},
            "hoverinfo": "skip",
        }
    )
    word, axis = METRICS.get(facts["metric"], facts["metric"]), plain_axis(_WORDS[cost])
    prices = np.array(columns[cost])
    if prices.max() > 10 * prices.min():
        axis |= log_scale(float(prices.min()), float(prices.max()))
    title = f"Metric against {_WORDS[cost].lower()}"
    layout = base_layout(title, 380) | {
        "xaxis": axis,
        "yaxis": plain_axis(f"Validation {word} of a candidate"),
        "legend": {"orientation": "h"},
    }
    caption = "The dotted line joins candidates that no other one beats at the same or a lower cost."
    return Figure(f"front-{cost.replace('_', '-')}", title, caption, columns, traces, layout)


def lineage(facts: Mapping[str, Any]) -> Figure:
    """Draw the ancestors of the best architecture."""
    by_number = {row["number"]: row for row in facts["evaluations"] if row["arm"] == "search"}
    rows = [by_number[number] for number in facts["lineage"] if number in by_number]
    columns = {
        key: [row[key] for row in rows] for key in ("number", "architecture", "metric", "multiply_adds")
    }
    trace = {
        "type": "scatter",
        "mode": "lines+markers",
        "x": [str(row["number"]) for row in rows],
        "y": drawn(_values(rows, "metric")),
        "line": {"color": _COLOURS["search"]},
        "hovertext": [label_text(row["architecture"]) for row in rows],
        "hovertemplate": "%{hovertext}<br>%{y:.4f}<extra></extra>",
    }
    word = METRICS.get(facts["metric"], facts["metric"])
    layout = base_layout("Lineage of the best", 320) | {
        "xaxis": plain_axis("Number of the evaluation") | {"type": "category"},
        "yaxis": plain_axis(f"Validation {word} of a candidate"),
        "showlegend": False,
    }
    caption = "From the first ancestor to the best architecture; each one is a mutation of the one before."
    return Figure("lineage", "Lineage of the best", caption, columns, [trace], layout)


def predictors(facts: Mapping[str, Any], table: str) -> Figure:
    """Draw how well each predictor orders the networks of a stored table."""
    rows = [row for row in facts["predictors"] if row["table"] == table]
    columns = {key: [row[key] for row in rows] for key in ("predictor", "epochs", "of", "tau")}
    used = facts["config"].get("predictor")
    trace = {
        "type": "bar",
        "orientation": "h",
        "y": [f"{row['predictor']}, {row['epochs']} of {row['of']} epochs" for row in rows],
        "x": drawn(_values(rows, "tau")),
        "marker": {"color": [_COLOURS["search"] if row["predictor"] == used else MUTED[0] for row in rows]},
        "hovertemplate": "%{y}: %{x:.3f}<extra></extra>",
    }
    title = f"Predictors on the table {table}"
    layout = base_layout(title, 140 + 36 * len(rows)) | {
        "xaxis": plain_axis("Kendall's tau against full training") | {"range": [0, 1]},
        "yaxis": plain_axis("") | {"autorange": "reversed"},
        "showlegend": False,
    }
    caption = (
        "Every network of a small space was trained in full. Bars: how well the beginning of one training "
        "orders them; 1 is the same order. In colour: the predictor of this search."
    )
    return Figure(f"predictors-{table.replace('_', '-')}", title, caption, columns, [trace], layout)
