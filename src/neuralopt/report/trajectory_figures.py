"""The ways of the optimizers: joint embedding, plane with the loss on it, what the plane hides."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from neuralopt.report.figure import Figure, base_layout, drawn, label_text, plain_axis
from neuralopt.report.palette import INK, Style
from neuralopt.report.slice_figures import contours, loss_slices, loss_surface, method_line
from neuralopt.report.trajectory_records import Trajectories

_FALSE = 0.9  # below it a trustworthiness or continuity is called low
_UNSTABLE = 0.1  # above it a Procrustes disparity is called high


def trajectory_figures(found: Trajectories | None, styles: Mapping[str, Style]) -> list[Figure]:
    """Return the figures of a task's trajectories, none where there are none.

    Parameters
    ----------
    found : Trajectories or None
        What was recorded.
    styles : mapping of str to Style
        By method, from `method_styles`.

    Returns
    -------
    list of Figure
        Plane, residuals, embedding, slices along one direction and along two.
    """
    if found is None or not found.header["methods"]:
        return []
    figures = [draw(found, styles) for draw in (_plane, _residuals, _embedding, loss_slices)]
    return figures + loss_surface(found)


def _embedding(found: Trajectories, styles: Mapping[str, Style]) -> Figure:
    scores = found.header["embedding"]
    x, y = (plain_axis(f"t-SNE {k}") | {"showticklabels": False, "zeroline": False} for k in (1, 2))
    layout = base_layout("Trajectories, joint t-SNE", 480) | {"xaxis": x, "yaxis": y}
    caption = (
        "The paths of all methods in one t-SNE, from one start (the ring); a cross is a run's end. Of long "
        "paths every second or third point, so that all together are about 400. "
        "Nearness means something, distances between groups do not. Of 1: trustworthiness "
        f"{scores['trustworthiness']:.3f} (neighbours shown are true ones), continuity "
        f"{scores['continuity']:.3f} (true neighbours are shown as such); largest difference between "
        f"starts {scores['stability']:.3f} (0: the same picture)."
    )
    if min(scores["trustworthiness"], scores["continuity"]) < _FALSE:
        caption += " A score this low says: do not read much into it."
    if scores["stability"] > _UNSTABLE:
        caption += " Other starts give clearly another picture."
    places = {
        m: (found.arrays[f"embedding_epoch/{m}"], found.arrays[f"embedding/{m}"]) for m in _names(found)
    }
    columns = _columns(found, places)
    traces = [_way(found, styles, m, *places[m]) for m in places]
    return Figure(
        "embedding", "Trajectories, joint t-SNE", caption, columns, [*traces, _start(places)], layout
    )


def _plane(found: Trajectories, styles: Mapping[str, Style]) -> Figure:
    arrays, header = found.arrays, found.header
    first, second = header["explained"][:2]
    x = plain_axis(f"Component 1 ({first:.0%} of the variance)") | {"zeroline": False}
    y = plain_axis(f"Component 2 ({second:.0%})") | {"zeroline": False}
    layout = base_layout("Trajectories on their common plane", 480) | {"xaxis": x, "yaxis": y}
    losses = np.asarray(arrays["grid/loss"], dtype=float)
    places = {m: (arrays[f"epoch/{m}"], arrays[f"plane/{m}"]) for m in _near(found)}
    columns = _columns(found, places)
    gx, gy = np.meshgrid(arrays["grid/x"], arrays["grid/y"])
    for key, values in (("x", gx), ("y", gy), ("loss", losses)):
        rest = columns.setdefault(key, [float("nan")] * len(columns["method"]))
        rest += [float(f"{v:.5g}") for v in values.ravel().tolist()]
    for key, value in (("method", "grid"), ("label", ""), ("epoch", "")):
        columns[key] += [value] * losses.size
    caption = (
        f"The plane of the first two principal components of all points, {first + second:.0%} of their "
        f"variance. Lines of equal {header['loss']} on {header['loss_rows']} training rows, at the points "
        "of the plane itself; grey is low. The ring is the common start, crosses are ends. " + _null(found)
    )
    if far := [header["labels"][m] for m in header["far"]]:
        caption += f" Left out, for they went much farther than the others: {', '.join(far)}."
    traces = [_way(found, styles, m, *places[m]) for m in places]
    return Figure(
        "plane",
        "Trajectories on their plane",
        caption,
        columns,
        [contours(arrays["grid/x"], arrays["grid/y"], losses, header["loss"]), *traces, _start(places)],
        layout,
    )


def _null(found: Trajectories) -> str:
    """Return what the random walks say of the plane, and of single methods."""
    null, header = found.header["random_walk"], found.header
    words = f"Random walks with the same steps: {null['low']:.0%} to {null['high']:.0%}"
    words += (
        ", so these paths cannot be told from random walks: the plane shows nothing of their course."
        if null["flagged"]
        else ", so the plane shows more than chance."
    )
    alone = [header["labels"][m] for m, own in header.get("random_walks", {}).items() if own["flagged"]]
    if alone:
        words += f" By itself no more planar than a random walk: {', '.join(alone)}."
    return words


def _residuals(found: Trajectories, styles: Mapping[str, Style]) -> Figure:
    columns: dict[str, list[Any]] = {k: [] for k in ("method", "label", "epoch", "residual", "from_start")}
    traces = []
    for method in _near(found):
        epoch, label = found.arrays[f"epoch/{method}"].tolist(), found.header["labels"][method]
        residual = drawn(found.arrays[f"residual/{method}"])
        columns["method"] += [method] * len(epoch)
        columns["label"] += [label] * len(epoch)
        columns["epoch"] += epoch
        columns["residual"] += residual
        columns["from_start"] += drawn(found.arrays[f"distance/{method}"])
        traces.append(
            method_line(found, styles, method)
            | {
                "x": epoch,
                "y": residual,
                "customdata": drawn(found.arrays[f"distance/{method}"]),
                "hovertemplate": f"<b>{label_text(label)}</b><br>epoch %{{x}} · %{{y:.3g}} from the plane"
                "<br>%{customdata:.3g} from the start<extra></extra>",
            }
        )
    caption = (
        "How far each point lies from the plane above, in weight space: what the plane hides. The common "
        "start lies off it too, for the plane goes through the mean."
    )
    layout = base_layout("Distance from the common plane", 380) | {
        "xaxis": plain_axis("Epoch"),
        "yaxis": plain_axis("Distance from the plane") | {"rangemode": "tozero"},
    }
    return Figure("residual", "Distance from the plane", caption, columns, traces, layout)


def _names(found: Trajectories) -> list[str]:
    return list(found.header["methods"])


def _near(found: Trajectories) -> list[str]:
    """Return the methods on the plane: those that did not go much farther than the others."""
    return [m for m in found.header["methods"] if m not in found.header["far"]]


def _columns(found: Trajectories, places: Mapping[str, tuple[Any, Any]]) -> dict[str, list[Any]]:
    columns: dict[str, list[Any]] = {k: [] for k in ("method", "label", "epoch", "x", "y")}
    for method, (epoch, points) in places.items():
        columns["method"] += [method] * len(epoch)
        columns["label"] += [found.header["labels"][method]] * len(epoch)
        columns["epoch"] += epoch.tolist()
        columns["x"] += drawn(points[:, 0])
        columns["y"] += drawn(points[:, 1])
    return columns


def _way(
    found: Trajectories, styles: Mapping[str, Style], method: str, epoch: np.ndarray, points: np.ndarray
) -> dict[str, Any]:
    label, colour = label_text(found.header["labels"][method]), styles[method].colour[0]
    return method_line(found, styles, method) | {
        "mode": "lines+markers",
        "x": drawn(points[:, 0]),
        "y": drawn(points[:, 1]),
        "marker": {
            "color": colour,
            "size": [4] * (len(epoch) - 1) + [10],
            "symbol": ["circle"] * (len(epoch) - 1) + ["x"],
        },
        "customdata": epoch.tolist(),
        "hovertemplate": f"<b>{label}</b><br>epoch %{{customdata}}<extra></extra>",
    }


def _start(places: Mapping[str, tuple[Any, Any]]) -> dict[str, Any]:
    first = next(iter(places.values()))[1]
    return {
        "type": "scatter",
        "mode": "markers",
        "name": "start",
        "x": drawn(first[:1, 0]),
        "y": drawn(first[:1, 1]),
        "marker": {
            "size": 15,
            "symbol": "circle-open",
            "color": INK[0],
            "line": {"width": 2.5, "color": INK[0]},
        },
        "hovertemplate": "common start<extra></extra>",
    }
