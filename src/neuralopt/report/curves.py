"""Loss and score per epoch at the chosen learning rate: median and band over seeds."""

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np

from neuralopt.report.figure import Figure, base_layout, beyond_axis, drawn, label_text, loss_axis, plain_axis
from neuralopt.report.palette import Style
from neuralopt.report.records import TaskRecords
from neuralopt.report.summary import Spread, curve_spread

METRIC_NAMES = {"accuracy": "accuracy", "r2": "R²"}
_R2_FLOOR = -0.5  # worse than that is off the axis
_HOW = "Lines are medians over seeds and bands are interquartile, each method at its chosen learning rate."


class _Curve(NamedTuple):
    row: Mapping[str, Any]
    panel: str  # "train", "validation" or, for a reference line, "test"
    spread: Spread
    learning_rate: float
    runs: int


def loss_curves(task: TaskRecords, styles: Mapping[str, Style]) -> Figure:
    """Draw training and validation loss per epoch, side by side.

    Parameters
    ----------
    task : TaskRecords
        A task with the records of its methods.
    styles : mapping of str to Style
        By method, from `method_styles`.

    Returns
    -------
    Figure
        Columns method, label, panel, epoch, median, q25, q75, running, runs, learning_rate.
    """
    panels = {"train": "train_loss", "validation": "validation_loss"}
    curves = _collect(task, panels, "loss", np.inf)
    name = task.task["loss"]
    values = _drawn_values(curves)
    held = _drawn_values([c for c in curves if c.panel == "validation"])
    best = float(held[held > 0].min()) if (held > 0).any() else None
    axis = loss_axis(values, name.capitalize(), best)
    # an axis of its own: training losses that go to nothing would press the validation lines flat
    beside = loss_axis(held, "", best)
    logarithmic = {"train": axis.get("type") == "log", "validation": beside.get("type") == "log"}
    logarithmic["test"] = logarithmic["validation"]
    layout = base_layout(f"Loss per epoch: {name}", 400) | {
        "xaxis": plain_axis("Epoch") | {"domain": [0, 0.47]},
        "xaxis2": plain_axis("Epoch") | {"domain": [0.53, 1], "anchor": "y2", "matches": "x"},
        "yaxis": axis,
        "yaxis2": beside | {"anchor": "x2"},
        "annotations": [_panel_title("Training", "x", "y"), _panel_title("Validation", "x2", "y2")],
    }
    narrow = {
        "height": 640,
        "xaxis.domain": [0, 1],
        "xaxis2.domain": [0, 1],
        "yaxis.domain": [0.57, 1],
        "yaxis2.domain": [0, 0.43],
    }
    axes = {"train": ("x", "y"), "validation": ("x2", "y2"), "test": ("x2", "y2")}
    traces = [t for c in curves for t in _traces(c, styles, axes[c.panel], name, logarithmic[c.panel])]
    caption = _caption(task, "Dashed grey lines on the right: test loss of the references.")
    caption += beyond_axis(values, best)
    return Figure("loss", "Loss per epoch", caption, _columns(curves), traces, layout, narrow)


def metric_curves(task: TaskRecords, styles: Mapping[str, Style]) -> Figure:
    """Draw validation accuracy or R² per epoch.

    Parameters
    ----------
    task : TaskRecords
        A task with the records of its methods.
    styles : mapping of str to Style
        By method, from `method_styles`.

    Returns
    -------
    Figure
        Columns as of `loss_curves`.
    """
    metric: str = task.task["metric"]
    name = METRIC_NAMES.get(metric, metric)
    curves = _collect(task, {"validation": "validation_metric"}, "metric", -np.inf)
    axis = plain_axis(f"Validation {name}")
    caption = _caption(task, f"Dashed grey lines: test {name} of the references.")
    values = _drawn_values(curves)
    if metric == "r2" and values.min(initial=0.0) < _R2_FLOOR:
        top = max(0.0, values.max())
        axis["range"] = [_R2_FLOOR, top + 0.05 * (top - _R2_FLOOR)]
        caption += f" The axis starts at {_R2_FLOOR}: below 0 is worse than always predicting the mean."
    title = f"{name[:1].upper()}{name[1:]} per epoch"
    layout = base_layout(title, 380) | {"xaxis": plain_axis("Epoch"), "yaxis": axis}
    traces = [t for c in curves for t in _traces(c, styles, ("x", "y"), name, False)]
    return Figure("metric", title, caption, _columns(curves), traces, layout)


def _caption(task: TaskRecords, references: str) -> str:
    """Return how to read the curves; references are drawn where validation and test rows are of one kind."""
    return f"{_HOW} {'All rows here are simulated; the test rows are real.' if _real(task) else references}"


def _real(task: TaskRecords) -> bool:
    return "n_real" in task.task


def _collect(task: TaskRecords, panels: Mapping[str, str], final: str, worst: float) -> list[_Curve]:
    curves = []
    for row in task.task["rows"]:
        record = task.records.get(row["method"])
        if record is None or record.best is None or record.arrays["train_loss"].shape[-1] == 0:
            continue
        for panel, key in panels.items():
            spread = curve_spread(record.arrays[key][record.best], record.diverged[record.best], worst)
            rate = float("nan") if row["learning_rate"] is None else row["learning_rate"]
            curves.append(_Curve(row, panel, spread, rate, row["runs"]))
    epochs = max((len(c.spread.median) for c in curves), default=0)
    for row in task.task["rows"]:
        if row["family"] == "reference" and row[final] is not None and epochs and not _real(task):
            level, unknown = np.full(epochs, row[final]), np.full(epochs, np.nan)
            flat = Spread(level, unknown, unknown, np.full(epochs, row["runs"]))
            curves.append(_Curve(row, "test", flat, float("nan"), row["runs"]))
    return curves


def _drawn_values(curves: list[_Curve]) -> np.ndarray:
    values = np.concatenate([np.zeros(0), *(c.spread.median for c in curves)])
    return values[np.isfinite(values)]


def _columns(curves: list[_Curve]) -> dict[str, list[Any]]:
    lengths = [len(c.spread.median) for c in curves]

    def repeat(values: list[Any]) -> list[Any]:
        return [v for v, n in zip(values, lengths, strict=True) for _ in range(n)]

    def join(arrays: list[np.ndarray]) -> list[Any]:
        return [v for a in arrays for v in a.tolist()]

    return {
        "method": repeat([c.row["method"] for c in curves]),
        "label": repeat([c.row["label"] for c in curves]),
        "panel": repeat([c.panel for c in curves]),
        "epoch": [e + 1 for n in lengths for e in range(n)],
        "median": join([c.spread.median for c in curves]),
        "q25": join([c.spread.q25 for c in curves]),
        "q75": join([c.spread.q75 for c in curves]),
        "running": join([c.spread.running for c in curves]),
        "runs": repeat([c.runs for c in curves]),
        "learning_rate": repeat([c.learning_rate for c in curves]),
    }


def _traces(
    curve: _Curve, styles: Mapping[str, Style], axes: tuple[str, str], name: str, positive: bool
) -> list[dict[str, Any]]:
    style, method = styles[curve.row["method"]], curve.row["method"]
    label = label_text(curve.row["label"])
    common = {"type": "scatter", "mode": "lines", "legendgroup": method, "xaxis": axes[0], "yaxis": axes[1]}
    epochs = list(range(1, len(curve.spread.median) + 1))
    line = common | {
        "name": label,
        "x": epochs,
        "y": drawn(curve.spread.median, positive=positive),
        "line": {
            "color": style.colour[0],
            "dash": style.dash,
            "width": 3 if curve.row["rank"] == 1 else 1.75,
        },
        "showlegend": curve.panel != "train",
        "hovertemplate": f"<b>{label}</b><br>epoch %{{x}} · {curve.panel} {name} %{{y:.4g}}<extra></extra>",
    }
    band = [
        (e, low, high)
        for e, low, high in zip(
            epochs,
            drawn(curve.spread.q25, positive=positive),
            drawn(curve.spread.q75, positive=positive),
            strict=True,
        )
        if low is not None and high is not None
    ]
    if curve.runs < 2 or not band:
        return [line]
    x, low, high = (list(v) for v in zip(*band, strict=True))
    outline = common | {
        "x": x + x[::-1],
        "y": high + low[::-1],
        "fill": "toself",
        "fillcolor": style.band,
        "line": {"width": 0, "color": style.colour[0]},
        "hoverinfo": "skip",
        "showlegend": False,
        "name": label,
    }
    return [outline, line]


def _panel_title(text: str, x: str, y: str) -> dict[str, Any]:
    return {
        "text": text,
        "showarrow": False,
        "xref": f"{x} domain",
        "yref": f"{y} domain",
        "x": 0,
        "y": 1,
        "xanchor": "left",
        "yanchor": "bottom",
        "font": {"size": 13},
    }
