"""Cost of tuning and speed to a target, drawn from what the ranking holds of them."""

from collections.abc import Mapping
from typing import Any

from neuralopt.report.curves import METRIC_NAMES
from neuralopt.report.figure import Figure, base_layout, label_text, plain_axis
from neuralopt.report.palette import Style
from neuralopt.report.records import TaskRecords


def tuning_curves(task: TaskRecords, styles: Mapping[str, Style]) -> Figure:
    """Draw the test metric after 1, 2, ... learning rates tried, with its band.

    Parameters
    ----------
    task : TaskRecords
        A task whose part of the ranking has ``tuning``; older ones have none.
    styles : mapping of str to Style
        By method, from `method_styles`.

    Returns
    -------
    Figure
        Columns method, label, trials, mean, low, high.
    """
    held, metric = task.task.get("tuning", {}), str(task.task["metric"])
    name = METRIC_NAMES.get(metric, metric)
    columns: dict[str, list[Any]] = {key: [] for key in ("method", "label", "trials", "mean", "low", "high")}
    traces = []
    for row in task.task["rows"]:
        curve = held.get(row["method"], [])
        if all(mean is None for mean, *_ in curve):
            continue
        columns["method"] += [row["method"]] * len(curve)
        columns["label"] += [row["label"]] * len(curve)
        columns["trials"] += list(range(1, len(curve) + 1))
        for key, part in zip(("mean", "low", "high"), zip(*curve, strict=True), strict=True):
            columns[key] += list(part)
        traces += _band(row, curve, styles[row["method"]], name)
    layout = base_layout(f"Test {name} after so many learning rates tried", 400) | {
        "xaxis": plain_axis("Learning rates tried") | {"dtick": 1},
        "yaxis": plain_axis(f"Test {name}"),
    }
    caption = (
        "What a method reaches when so many of its learning rates are tried in random order and the best by "
        "validation is taken: mean over draws of the median over seeds; bands are 95 % over draws and seeds. "
        "A method that is high at once needs little tuning."
    )
    return Figure("tuning", "Cost of tuning", caption, columns, traces, layout)


def _band(
    row: Mapping[str, Any], curve: list[list[float | None]], style: Style, name: str
) -> list[dict[str, Any]]:
    label, known = label_text(row["label"]), [k for k, (mean, *_) in enumerate(curve) if mean is not None]
    x = [k + 1 for k in known]
    mean, low, high = ([curve[k][part] for k in known] for part in range(3))
    common = {"type": "scatter", "name": label, "legendgroup": row["method"]}
    outline = {
        "mode": "lines",
        "x": x + x[::-1],
        "y": high + low[::-1],
        "fill": "toself",
        "fillcolor": style.band,
        "line": {"width": 0, "color": style.colour[0]},
        "hoverinfo": "skip",
        "showlegend": False,
    }
    return [
        common | outline,
        common
        | {
            "mode": "lines+markers",
            "x": x,
            "y": mean,
            "line": {"color": style.colour[0], "dash": style.dash, "width": 3 if row["rank"] == 1 else 1.75},
            "marker": {"color": style.colour[0], "size": 5},
            "hovertemplate": f"<b>{label}</b><br>{name} %{{y:.4g}} after %{{x}}<extra></extra>",
        },
    ]


def speed_profile(
    profile: Mapping[str, Any], labels: Mapping[str, str], styles: Mapping[str, Style]
) -> Figure:
    """Draw performance profiles of epochs to the target.

    Parameters
    ----------
    profile : mapping
        ``factors``, and by method ``profiles`` and ``scores``, from the ranking.
    labels : mapping of str to str
        By method.
    styles : mapping of str to Style
        By method, from `method_styles`.

    Returns
    -------
    Figure
        Columns method, label, factor, share, score.
    """
    columns: dict[str, list[Any]] = {key: [] for key in ("method", "label", "factor", "share", "score")}
    traces, factors = [], profile["factors"]
    order = sorted(profile["scores"], key=lambda method: (-profile["scores"][method], method))
    for place, method in enumerate(order):
        share, score = profile["profiles"][method], profile["scores"][method]
        columns["method"] += [method] * len(factors)
        columns["label"] += [labels[method]] * len(factors)
        columns["factor"] += list(factors)
        columns["share"] += list(share)
        columns["score"] += [score] * len(factors)
        style, label = styles[method], label_text(labels[method])
        traces.append(
            {
                "type": "scatter",
                "name": f"{label} {score:.2f}",
                "legendgroup": method,
                "mode": "lines",
                "x": list(factors),
                "y": list(share),
                "line": {
                    "color": style.colour[0],
                    "dash": style.dash,
                    "shape": "hv",
                    "width": 3 if place == 0 else 1.75,
                },
                "hovertemplate": f"<b>{label}</b><br>within %{{x:.3g}} of the fastest on "
                "%{y:.0%}<extra></extra>",
            }
        )
    layout = base_layout("Performance profile of epochs to the target", 420) | {
        "xaxis": plain_axis("Factor over the fastest") | {"range": [1, factors[-1]]},
        "yaxis": plain_axis("Share of problems") | {"range": [-0.02, 1.02], "tickformat": ".0%"},
        "showlegend": True,
    }
    caption = (
        f"On what share of {profile['problems']} problems, one for each task and seed, a method needs at "
        "most so many times the epochs of the fastest to reach the target; a problem that it does not solve "
        f"counts against it. The score is the area under the line up to {factors[-1]:g}, between 0 and 1."
    )
    return Figure("speed", "Speed over all tasks", caption, columns, traces, layout)
