"""The figures of a joint fit."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from neuralopt.report.figure import Figure, base_layout, drawn, label_text, log_scale, plain_axis
from neuralopt.report.joint_records import JointRecords
from neuralopt.report.joint_rows import FIRST, SECOND, intervals, line, residuals
from neuralopt.report.palette import HUES, MUTED

_BINS = 30


def joint_figures(records: JointRecords) -> list[Figure]:
    """Return the figures of a joint fit, without those that have nothing to show.

    Parameters
    ----------
    records : JointRecords
        From `load_joint`.

    Returns
    -------
    list of Figure
        Each with its table.
    """
    drawings = [candidate_errors, shift_of_inputs, lambda_path, neighbour_distances, training]
    if records.facts["task"] == "regression":
        drawings += [residuals, intervals]
    figures = [draw(records) for draw in drawings]
    return [figure for figure in figures if any(len(column) for column in figure.columns.values())]


def candidate_errors(records: JointRecords) -> Figure:
    """Draw the leave-one-out error of every candidate with its standard error."""
    rows = records.facts["candidates"]
    columns = {
        key: [row[key] for row in rows] for key in ("candidate", "loo_error", "standard_error", "weight")
    }
    error = np.array(columns["loo_error"], dtype=float)
    trace = {
        "type": "scatter",
        "mode": "markers",
        "x": drawn(error, positive=True),
        "y": list(range(len(rows))),
        "error_x": {"type": "data", "array": drawn(np.array(columns["standard_error"], dtype=float))},
        "marker": {"size": 10, "color": [FIRST if row["weight"] else MUTED[0] for row in rows]},
        "hovertext": [label_text(row["candidate"]) for row in rows],
        "hovertemplate": "%{hovertext}: %{x:.4g}<extra></extra>",
    }
    positive = error[error > 0]
    axis = plain_axis("Leave-one-out RMSE / std(y), lower is better")
    if positive.size and positive.max() > 10 * positive.min():
        axis |= log_scale(float(positive.min()), float(positive.max()))
    layout = base_layout("Candidates", 110 + 30 * max(1, len(rows))) | {
        "xaxis": axis,
        "yaxis": plain_axis("")
        | {
            "tickvals": list(range(len(rows))),
            "ticktext": [label_text(row["candidate"], 26) for row in rows],
            "range": [len(rows) - 0.4, -0.6],
            "zeroline": False,
        },
        "showlegend": False,
    }
    caption = "Whiskers are one standard error. In colour: what the final model is made of."
    return Figure("candidates", "Candidates", caption, columns, [trace], layout)


def shift_of_inputs(records: JointRecords) -> Figure:
    """Draw how far the real inputs' means and spreads are from the simulated ones."""
    shift, names = records.facts["shift"], records.facts["features"]
    columns = {
        "input": names,
        "mean_difference": shift["mean_difference"],
        "log_variance_ratio": shift["log_ratio"],
    }
    traces = [
        _bars(label, names, columns[key], colour)
        for label, key, colour in (
            ("mean difference", "mean_difference", FIRST),
            ("log variance ratio", "log_variance_ratio", SECOND),
        )
    ]
    layout = base_layout("Shift of the inputs", 360) | {
        "xaxis": plain_axis("Input") | {"type": "category"},
        "yaxis": plain_axis("Real against simulated"),
        "barmode": "group",
        "legend": {"orientation": "h"},
    }
    caption = (
        "Blue: real mean less simulated mean, in simulated standard deviations. Brown: natural logarithm of "
        "the ratio of variances. Zero is no shift."
    )
    return Figure("shift", "Shift of the inputs", caption, columns, traces, layout)


def lambda_path(records: JointRecords) -> Figure:
    """Draw the leave-one-out error of the ridge on the real rows against its penalty."""
    lambdas, loo, dof = (records.arrays[f"path/{key}"] for key in ("lambda", "loo", "dof"))
    columns = {"lambda": lambdas.tolist(), "loo_error": loo.tolist(), "dof": dof.tolist()}
    best = int(np.argmin(loo))
    curve = line("leave-one-out error", lambdas, loo, FIRST) | {
        "customdata": drawn(dof),
        "hovertemplate": "lambda %{x:.3g} · error %{y:.4g} · dof %{customdata:.3g}<extra></extra>",
    }
    point = line("least", lambdas[best : best + 1], loo[best : best + 1], FIRST) | {
        "mode": "markers",
        "marker": {"size": 11, "color": FIRST},
    }
    layout = base_layout("Penalty of the ridge", 360) | {
        "xaxis": plain_axis("lambda") | log_scale(float(lambdas[0]), float(lambdas[-1])),
        "yaxis": plain_axis("Leave-one-out RMSE / std(y)"),
        "showlegend": False,
    }
    caption = (
        "The readout pulled toward the scaled simulator's, on the real rows. To the right nothing but the "
        "simulator is left. The point is the least error."
    )
    return Figure("lambda-path", "Penalty of the ridge", caption, columns, [curve, point], layout)


def neighbour_distances(records: JointRecords) -> Figure:
    """Draw how far rows are from the nearest row of the other kind, and real rows from each other."""
    kinds = {
        "simulated to real": records.arrays["near/sim_to_real"],
        "real to real": records.arrays["near/real_to_real"],
        "real to simulated": records.arrays["near/real_to_sim"],
    }
    top = max(float(values.max(initial=0)) for values in kinds.values()) or 1.0
    edges = np.linspace(0, top, _BINS + 1)
    shares = {name: np.histogram(v, edges)[0] / max(1, len(v)) for name, v in kinds.items()}
    columns: dict[str, Any] = {"kind": [], "from": [], "to": [], "share": []}
    for name, share in shares.items():
        columns["kind"] += [name] * _BINS
        columns["from"] += edges[:-1].tolist()
        columns["to"] += edges[1:].tolist()
        columns["share"] += share.tolist()
    middle = (edges[1:] + edges[:-1]) / 2
    traces = [
        line(name, middle, share, hue[0]) | {"line": {"color": hue[0], "shape": "hvh", "width": 2}}
        for (name, share), hue in zip(shares.items(), HUES)
    ]
    cover = records.facts["cover"]
    layout = base_layout("Distances to the nearest neighbour", 360) | {
        "xaxis": plain_axis("Distance, in scaled units"),
        "yaxis": plain_axis("Share of the rows"),
        "legend": {"orientation": "h"},
    }
    beyond = "Real rows cover the simulated ones as well as rows drawn from them would."
    if cover["beyond"]:
        beyond = (
            f"{cover['beyond']:.0%} of the simulated rows lie beyond the cover of the real ones, typically "
            f"{cover['gap']:.3g} from the nearest."
        )
    caption = (
        f"{beyond} Blue: from simulated rows to the nearest real one. Brown: among real rows. Green: from "
        "real rows to the nearest simulated one."
    )
    return Figure("distances", "Distances to the nearest neighbour", caption, columns, traces, layout)


def training(records: JointRecords) -> Figure:
    """Draw the supervised loss and the alignment error over the epochs."""
    loss, aligned = (records.arrays[f"history/{key}"] for key in ("supervised_loss", "alignment_error"))
    epochs = list(range(1, len(loss) + 1))
    columns = {"epoch": epochs, "supervised_loss": loss.tolist(), "alignment_error": aligned.tolist()}
    traces = [
        line("supervised loss", epochs, loss, FIRST, positive=True),
        line("alignment error", epochs, aligned, SECOND, positive=True),
    ]
    values = np.concatenate([loss, aligned])
    values = values[np.isfinite(values) & (values > 0)]
    axis = plain_axis("")
    if values.size:
        axis |= log_scale(float(values.min()), float(values.max()))
    layout = base_layout("Training of the simulator's network", 360) | {
        "xaxis": plain_axis("Epoch"),
        "yaxis": axis,
        "legend": {"orientation": "h"},
    }
    caption = (
        "Blue: loss on the simulated rows, in scaled units. Brown: leave-one-out error of the prior-centred "
        "ridge on the real rows, over the standard deviation of their targets."
    )
    return Figure("training", "Training of the simulator's network", caption, columns, traces, layout)


def _bars(name: str, x: Sequence[str], y: Sequence[float], colour: str) -> dict[str, Any]:
    return {
        "type": "bar",
        "name": name,
        "x": [label_text(label) for label in x],
        "y": drawn(np.asarray(y, float)),
        "marker": {"color": colour},
    }
