"""The loss around the models: along one random direction of each, and on a plane through the best."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from neuralopt.report.figure import Figure, base_layout, beyond_axis, drawn, label_text, loss_axis, plain_axis
from neuralopt.report.palette import GRID, INK, MUTED, SURFACE, Style
from neuralopt.report.trajectory_records import Trajectories


def loss_slices(found: Trajectories, styles: Mapping[str, Style]) -> Figure:
    """Return the loss along one direction through every method's model."""
    x = found.arrays["slice_x"]
    columns: dict[str, list[Any]] = {k: [] for k in ("method", "label", "step", "loss")}
    traces, name = [], found.header["loss"]
    values = np.concatenate([found.arrays[f"slice/{m}"] for m in found.header["methods"]])
    axis = loss_axis(values, name.capitalize())
    for method in found.header["methods"]:
        label, losses = found.header["labels"][method], found.arrays[f"slice/{method}"]
        columns["method"] += [method] * len(x)
        columns["label"] += [label] * len(x)
        columns["step"] += drawn(x)
        columns["loss"] += [float("nan") if v is None else v for v in drawn(losses)]
        traces.append(
            method_line(found, styles, method)
            | {
                "x": drawn(x),
                "y": drawn(losses, positive=axis.get("type") == "log"),
                "hovertemplate": f"<b>{label_text(label)}</b><br>step %{{x:.2f}} · {name} %{{y:.4g}}"
                "<extra></extra>",
            }
        )
    caption = (
        f"The {name} on {found.header['loss_rows']} training rows along one random direction through each "
        "method's model (at 0), filter by filter as long as the weights (Li et al., 2018), so that models of "
        "different sizes compare. One direction of very many; biases stay." + beyond_axis(values)
    )
    layout = base_layout("Loss around the models", 380) | {"xaxis": plain_axis("Step"), "yaxis": axis}
    return Figure("slice", "Loss around the models", caption, columns, traces, layout)


def loss_surface(found: Trajectories) -> list[Figure]:
    """Return the loss on a plane through the best method's model; nothing where a record has none."""
    losses, name = found.arrays.get("slice_plane"), found.header["loss"]
    if losses is None:
        return []
    losses, steps = np.asarray(losses, dtype=float), np.linspace(-1, 1, len(losses))
    best = found.header["labels"][found.header["methods"][0]]
    first, second = np.meshgrid(steps, steps)
    columns = {"first": first.ravel(), "second": second.ravel(), "loss": losses.ravel()}
    model = {
        "type": "scatter",
        "mode": "markers",
        "name": "model",
        "x": [0.0],
        "y": [0.0],
        "marker": {"size": 10, "symbol": "x", "color": INK[0]},
        "hovertemplate": f"{label_text(best)}<extra></extra>",
    }
    title = f"Loss around the model of {best}"
    layout = base_layout(label_text(title), 480) | {
        "xaxis": plain_axis("Step along the first direction") | {"zeroline": False},
        "yaxis": plain_axis("Step along the second") | {"zeroline": False},
    }
    caption = (
        f"Lines of equal {name} on {found.header['loss_rows']} training rows on the plane of two random "
        "directions through the model (the cross), each filter by filter as long as the weights (Li et al., "
        "2018); grey is low. Two directions of very many."
    )
    drawing = [contours(steps, steps, losses, name), model]
    return [
        Figure(
            "surface",
            title,
            caption,
            {k: [float(f"{v:.5g}") for v in c] for k, c in columns.items()},
            drawing,
            layout,
        )
    ]


def contours(x: np.ndarray, y: np.ndarray, losses: np.ndarray, name: str) -> dict[str, Any]:
    """Return lines of equal loss, on a logarithmic scale where all losses are positive."""
    finite = losses[np.isfinite(losses) & (losses > 0)]
    level = np.log10(np.where(losses > 0, losses, finite.min(initial=1.0)))
    return {
        "type": "contour",
        "x": drawn(x),
        "y": drawn(y),
        "z": [[None if v is None else round(v, 3) for v in drawn(row)] for row in level],
        "text": [[f"{v:.3g}" for v in row] for row in losses],
        "hovertemplate": f"{name} %{{text}}<extra></extra>",
        "colorscale": [[0, GRID[0]], [1, SURFACE[0]]],
        "line": {"color": MUTED[0], "width": 0.6},
        "ncontours": 18,
        "showscale": False,
    }


def method_line(found: Trajectories, styles: Mapping[str, Style], method: str) -> dict[str, Any]:
    """Return what all lines of a method share."""
    style = styles[method]
    return {
        "type": "scatter",
        "mode": "lines",
        "name": label_text(found.header["labels"][method]),
        "legendgroup": method,
        "line": {"color": style.colour[0], "dash": style.dash, "width": 1.75},
    }
