"""How much the result depends on the learning rate."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from neuralopt.report.figure import (
    Figure,
    base_layout,
    beyond_axis,
    drawn,
    label_text,
    log_scale,
    loss_axis,
    plain_axis,
)
from neuralopt.report.palette import Style
from neuralopt.report.records import TaskRecords
from neuralopt.report.summary import spread


def learning_rate_sensitivity(task: TaskRecords, styles: Mapping[str, Style]) -> Figure:
    """Draw the test loss against the learning rate, for every method that was tried at several.

    Parameters
    ----------
    task : TaskRecords
        A task with the records of its methods.
    styles : mapping of str to Style
        By method, from `method_styles`.

    Returns
    -------
    Figure
        Columns method, label, learning_rate, median, q25, q75, diverged, runs, chosen.
    """
    rows = [row for row in task.task["rows"] if _tried(task, row["method"]) > 1]
    columns: dict[str, list[Any]] = {
        key: []
        for key in ("method", "label", "learning_rate", "median", "q25", "q75", "diverged", "runs", "chosen")
    }
    for row in rows:
        record = task.records[row["method"]]
        losses = record.arrays["test_loss"]
        across = spread(losses.T)
        order = np.argsort(record.header["learning_rates"])
        columns["method"] += [row["method"]] * len(order)
        columns["label"] += [row["label"]] * len(order)
        columns["learning_rate"] += [float(record.header["learning_rates"][i]) for i in order]
        columns["median"] += across.median[order].tolist()
        columns["q25"] += across.q25[order].tolist()
        columns["q75"] += across.q75[order].tolist()
        columns["diverged"] += record.diverged.sum(axis=1)[order].tolist()
        columns["runs"] += [losses.shape[1]] * len(order)
        columns["chosen"] += [bool(i == record.best) for i in order]
    medians = np.array(columns["median"], dtype=float)
    axis = loss_axis(medians, f"Test {task.task['loss']}")
    traces = [t for row in rows for t in _traces(row, columns, styles, axis)]
    rates = columns["learning_rate"] or [1.0]
    rate_axis = plain_axis("Learning rate") | log_scale(min(rates), max(rates))
    layout = base_layout(f"Test {task.task['loss']} against learning rate", 400) | {
        "xaxis": rate_axis,
        "yaxis": axis,
    }
    caption = (
        "Medians over seeds with their interquartile range; a flat line is a method that is easy to tune. "
        "The large dot is the learning rate that the validation rows chose; a cross at the top marks one "
        "at which half of the runs or more diverged." + beyond_axis(medians)
    )
    return Figure("learning-rate", "Learning-rate sensitivity", caption, columns, traces, layout)


def _tried(task: TaskRecords, method: str) -> int:
    return len(task.records[method].header["learning_rates"]) if method in task.records else 0


def _traces(
    row: Mapping[str, Any],
    columns: Mapping[str, list[Any]],
    styles: Mapping[str, Style],
    axis: Mapping[str, Any],
) -> list[dict[str, Any]]:
    mine = [i for i, method in enumerate(columns["method"]) if method == row["method"]]
    picked = {key: np.array([columns[key][i] for i in mine]) for key in columns if key != "label"}
    style, label = styles[row["method"]], label_text(row["label"])
    positive = axis.get("type") == "log"
    rates, median = picked["learning_rate"].tolist(), picked["median"]
    finite = np.isfinite(median)
    sizes = np.where(picked["chosen"], 12, 5).tolist()
    common = {"type": "scatter", "name": label, "legendgroup": row["method"]}
    line = common | {
        "mode": "lines+markers",
        "x": rates,
        "y": drawn(median, positive=positive),
        "error_y": {
            "type": "data",
            "array": drawn(np.where(finite, picked["q75"] - np.where(finite, median, 0), np.nan)),
            "arrayminus": drawn(np.where(finite, np.where(finite, median, 0) - picked["q25"], np.nan)),
            "thickness": 1,
            "width": 0,
            "color": style.colour[0],
        },
        "line": {"color": style.colour[0], "dash": style.dash, "width": 3 if row["rank"] == 1 else 1.75},
        "marker": {"color": style.colour[0], "size": sizes, "line": {"width": 0}},
        "customdata": picked["diverged"].tolist(),
        "hovertemplate": f"<b>{label}</b><br>learning rate %{{x:.3g}} · %{{y:.4g}}"
        f"<br>%{{customdata}} of {row['runs']} runs diverged<extra></extra>",
    }
    if finite.all():
        return [line]
    crosses = common | {
        "mode": "markers",
        "x": [rate for rate, ok in zip(rates, finite, strict=True) if not ok],
        "y": [_top(axis, columns)] * int((~finite).sum()),
        "marker": {"color": style.colour[0], "size": 9, "symbol": "x"},
        "showlegend": False,
        "hovertemplate": f"<b>{label}</b><br>learning rate %{{x:.3g}} · diverged<extra></extra>",
    }
    return [line, crosses]


def _top(axis: Mapping[str, Any], columns: Mapping[str, list[Any]]) -> float:
    """Where the crosses stand: at the upper end of the axis."""
    if "range" in axis:
        return float(10 ** axis["range"][1])
    finite = [v for v in columns["median"] if np.isfinite(v)]
    return float(max(finite, default=1.0)) * 1.05
