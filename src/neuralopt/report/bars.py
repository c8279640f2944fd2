"""The final test loss of every method as a bar with its interval."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from neuralopt.report.figure import Figure, base_layout, drawn, label_text, plain_axis
from neuralopt.report.numerals import decimals_for, number
from neuralopt.report.palette import MUTED, SURFACE, Style
from neuralopt.report.records import TaskRecords

_OFF_AXIS = 4.0  # a bar longer than this many medians is cut, and its number says how long it is


def final_loss_bars(task: TaskRecords, styles: Mapping[str, Style]) -> Figure:
    """Draw the final test loss of all methods, references included, in the order of the ranking.

    Parameters
    ----------
    task : TaskRecords
        A task; only its ranking is used.
    styles : mapping of str to Style
        By method, from `method_styles`.

    Returns
    -------
    Figure
        Columns rank, method, label, loss, loss_low, loss_high, diverged_runs, runs.
    """
    rows = task.task["rows"]
    keys = ("rank", "method", "label", "loss", "loss_low", "loss_high", "diverged_runs", "runs")
    numeric = ("loss", "loss_low", "loss_high")
    columns = {
        key: [float("nan") if key in numeric and row[key] is None else row[key] for row in rows]
        for key in keys
    }
    loss, low, high = (np.array(columns[key], dtype=float) for key in numeric)
    finite = loss[np.isfinite(loss)]
    longest = np.nanmax(np.append(high[np.isfinite(loss)], finite), initial=0.0)
    end = min(longest, _OFF_AXIS * float(np.median(finite))) if finite.size else 1.0
    colours = [styles[row["method"]].colour[0] for row in rows]
    bars = {
        "type": "bar",
        "orientation": "h",
        "x": drawn(loss),
        "y": list(range(len(rows))),
        "marker": {
            "color": [
                colour + ("90" if row["family"] == "reference" else "d0")
                for colour, row in zip(colours, rows, strict=True)
            ],
            "pattern": {"shape": ["/" if row["family"] == "reference" else "" for row in rows]},
        },
        "error_x": {
            "type": "data",
            "array": drawn(high - loss),
            "arrayminus": drawn(loss - low),
            "thickness": 1.25,
            "width": 4,
            "color": MUTED[0],
        },
        "hovertext": [f"<b>{label_text(row['label'])}</b><br>{_value_text(row)}" for row in rows],
        "hovertemplate": "%{hovertext}<extra></extra>",
        "showlegend": False,
    }
    layout = base_layout(f"Final test loss: {task.task['loss']}", 110 + 30 * max(1, len(rows))) | {
        "xaxis": plain_axis(f"Test {task.task['loss']}, lower is better") | {"range": [0, 1.3 * end or 1.0]},
        "yaxis": plain_axis("")
        | {
            "tickvals": list(range(len(rows))),
            "ticktext": [label_text(row["label"], 26) for row in rows],
            "range": [len(rows) - 0.4, -0.6],
            "showgrid": False,
            "zeroline": False,
        },
        "bargap": 0.35,
        "annotations": [_number_beside(i, row, end) for i, row in enumerate(rows)],
    }
    narrow = {
        "xaxis.title.text": f"Test {task.task['loss']}",
        "yaxis.ticktext": [label_text(row["label"], 14) for row in rows],
        "height": 110 + 38 * max(1, len(rows)),
    }
    caption = (
        "Whiskers are 95 % bootstrap intervals over seeds and test rows. Hatched grey bars are the "
        "references. The ranking goes by the metric, so bars need not be in order."
    )
    return Figure("final-loss", "Final test loss", caption, columns, [bars], layout, narrow)


def _value_text(row: Mapping[str, Any]) -> str:
    if row["loss"] is None:
        return "diverged"
    return number(row["loss"], decimals_for(row["loss"]))


def _number_beside(place: int, row: Mapping[str, Any], end: float) -> dict[str, Any]:
    reach = max((v for v in (row["loss"], row["loss_high"]) if v is not None), default=0.0)
    return {
        "text": _value_text(row),
        "showarrow": False,
        "x": min(reach, end),
        "y": place,
        "xanchor": "left",
        "xshift": 8,
        "font": {"size": 12, "color": MUTED[0]},
        "bgcolor": SURFACE[0],
    }
