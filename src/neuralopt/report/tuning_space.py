"""Values against hyperparameters: a slice for each, and all of them side by side."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from neuralopt.report.figure import Figure, base_layout, drawn, label_text, log_scale, loss_axis, plain_axis
from neuralopt.report.palette import HUES, MUTED
from neuralopt.report.tuning_records import TuningRecords

_COLUMNS, _ROW, _GAP = 3, 240, 0.09
_SHARES = ((0.1, "best tenth", HUES[0][0]), (0.5, "better half", HUES[2][0]), (1.0, "rest", MUTED[0]))


def slices(records: TuningRecords) -> Figure:
    """Draw the value of every complete trial against each of its hyperparameters."""
    done, names = records.complete, list(records.space)
    value = np.array([t["values"][0] for t in done], float)
    columns: dict[str, Any] = {"trial": [t["number"] for t in done], "value": value.tolist()}
    columns |= {f"{name}": [t["params"].get(name) for t in done] for name in names}
    rows = -(-len(names) // _COLUMNS)
    layout = base_layout("Slices", 80 + _ROW * rows) | {"showlegend": False}
    narrow: dict[str, Any] = {"height": 80 + _ROW * len(names)}
    axis = (
        loss_axis(value, records.facts["names"][0])
        if records.sign > 0
        else plain_axis(records.facts["names"][0])
    )
    traces = []
    for k, name in enumerate(names):
        end = "" if k == 0 else str(k + 1)
        dimension = records.space[name]
        there = np.array([name in t["params"] for t in done], bool)
        x = _places(dimension, [t["params"][name] for t in done if name in t["params"]])
        traces.append(
            {
                "type": "scatter",
                "mode": "markers",
                "name": name,
                "x": drawn(x),
                "y": drawn(value[there]),
                "xaxis": f"x{end}",
                "yaxis": f"y{end}",
                "marker": {"color": HUES[0][0], "size": 6, "opacity": 0.7},
                "hovertemplate": f"{label_text(name)} %{{x}}: %{{y:.5g}}<extra></extra>",
            }
        )
        column, row = k % _COLUMNS, k // _COLUMNS
        layout[f"xaxis{end}"] = _axis(name, dimension) | {
            "domain": _share(column, _COLUMNS),
            "anchor": f"y{end}",
        }
        layout[f"yaxis{end}"] = axis | {
            "domain": _share(rows - 1 - row, rows),
            "anchor": f"x{end}",
            "title": {} if column else axis["title"],
        }
        narrow |= {f"xaxis{end}.domain": [0, 1], f"yaxis{end}.domain": _share(len(names) - 1 - k, len(names))}
    if not done:
        columns = {key: [] for key in columns}
    caption = "Each point is a trial that was evaluated to its end."
    return Figure("slices", "Slices", caption, columns, traces, layout, narrow)


def parallel_coordinates(records: TuningRecords) -> Figure:
    """Draw every complete trial as a line through the places of its hyperparameters."""
    done, space = records.complete, records.space
    names = list(space)
    order = np.argsort([records.sign * t["values"][0] for t in done], kind="stable") if done else []
    columns: dict[str, Any] = {"trial": [], "value": [], "hyperparameter": [], "place": [], "setting": []}
    for k in order:
        for name, unit in zip(names, done[k]["units"], strict=True):
            if unit is not None:
                columns["trial"].append(done[k]["number"])
                columns["value"].append(done[k]["values"][0])
                columns["hyperparameter"].append(name)
                columns["place"].append(unit)
                columns["setting"].append(done[k]["params"][name])
    traces, begin = [], 0
    for share, label, colour in _SHARES:
        end = max(begin, round(share * len(order))) if share < 1 else len(order)
        end = max(end, min(1, len(order)))
        x: list[Any] = []
        y: list[Any] = []
        for k in order[begin:end]:
            units = [(place, unit) for place, unit in enumerate(done[k]["units"]) if unit is not None]
            x += [*(place for place, _ in units), None]
            y += [*(float(f"{unit:.4g}") for _, unit in units), None]
        if x:
            traces.append(
                {
                    "type": "scatter",
                    "mode": "lines",
                    "name": label,
                    "x": x,
                    "y": y,
                    "opacity": 0.9 if share < 0.5 else 0.3,
                    "line": {"color": colour, "width": 2 if share < 0.5 else 1},
                    "hoverinfo": "skip",
                }
            )
        begin = end
    layout = base_layout("Parallel coordinates", 400) | {
        "xaxis": plain_axis("")
        | {
            "tickvals": list(range(len(names))),
            "ticktext": [_ends(n, space[n]) for n in names],
            "range": [-0.4, len(names) - 0.6],
        },
        "yaxis": plain_axis("Place in the range") | {"range": [-0.05, 1.05], "tickformat": ".0%"},
        "legend": {"orientation": "h", "y": 1.12},
    }
    caption = "Each line is a trial; heights are places in the range of each hyperparameter."
    return Figure("parallel", "Parallel coordinates", caption, columns, traces[::-1], layout)


def _share(place: int, count: int) -> list[float]:
    width = (1 - _GAP * (count - 1)) / count
    return [round(place * (width + _GAP), 5), round(place * (width + _GAP) + width, 5)]


def _places(dimension: Mapping[str, Any], values: list[Any]) -> np.ndarray:
    if dimension["type"] != "categorical":
        return np.array(values, float)
    choices = [str(choice) for choice in dimension["choices"]]
    return np.array([choices.index(str(value)) for value in values], float)


def _axis(name: str, dimension: Mapping[str, Any]) -> dict[str, Any]:
    axis = plain_axis(label_text(name))
    if dimension["type"] == "categorical":
        choices = dimension["choices"]
        ticks = [label_text(str(choice), 12) for choice in choices]
        return axis | {
            "tickvals": list(range(len(choices))),
            "ticktext": ticks,
            "range": [-0.5, len(choices) - 0.5],
        }
    if dimension["type"] == "log_uniform" or dimension.get("log"):
        scale = log_scale(dimension["low"], dimension["high"])
        few = [k for k, text in enumerate(scale["ticktext"]) if text.startswith("1") or "e" not in text]
        few = few[:: max(1, len(few) // 4)]
        return axis | scale | {key: [scale[key][k] for k in few] for key in ("tickvals", "ticktext")}
    return axis | {"nticks": 5}


def _ends(name: str, dimension: Mapping[str, Any]) -> str:
    if dimension["type"] == "categorical":
        ends = ", ".join(str(choice) for choice in dimension["choices"])
    else:
        ends = f"{dimension['low']:.3g} to {dimension['high']:.3g}"
    return f"{label_text(name)}<br>{label_text(ends, 18)}"
