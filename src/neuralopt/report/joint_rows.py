"""The real rows of a joint fit: residuals and prediction intervals."""

from typing import Any

import numpy as np

from neuralopt.report.figure import Figure, base_layout, drawn, plain_axis
from neuralopt.report.joint_records import JointRecords
from neuralopt.report.palette import HUES

FIRST, SECOND = HUES[0][0], HUES[1][0]


def residuals(records: JointRecords) -> Figure:
    """Draw real values against the answers when their row is left out, and against the simulator's."""
    value, left_out, simulated = (records.arrays[f"real/{key}"] for key in ("value", "left_out", "simulated"))
    columns = _by_target(records, value) | {
        "left_out": left_out.T.ravel().tolist(),
        "residual": (value - left_out).T.ravel().tolist(),
        "simulator": simulated.T.ravel().tolist(),
    }
    # several targets are brought to one scale, so that one figure holds them all
    center, spread = (value.mean(axis=0), _spread(value)) if value.shape[1] > 1 else (0.0, 1.0)
    x = ((value - center) / spread).T.ravel()
    traces = [
        points("final model, row left out", x, (((value - left_out) / spread).T.ravel()), FIRST, "circle"),
        points("simulator", x, ((value - simulated) / spread).T.ravel(), SECOND, "x"),
    ]
    unit = "" if value.shape[1] == 1 else ", in standard deviations"
    layout = base_layout("Residuals on the real rows", 380) | {
        "xaxis": plain_axis(f"Measured {records.facts['target']}{unit}"),
        "yaxis": plain_axis(f"Measured less predicted{unit}"),
        "legend": {"orientation": "h"},
    }
    caption = "Blue: by the final model fitted without the row. Brown crosses: by the simulator's network."
    return Figure("residuals", "Residuals on the real rows", caption, columns, traces, layout)


def intervals(records: JointRecords) -> Figure:
    """Draw the real rows with the intervals that leave-one-out residuals give."""
    value, left_out = records.arrays["real/value"], records.arrays["real/left_out"]
    facts = records.facts
    half = records.arrays["real/half_width"]
    low, high = left_out - half, left_out + half
    inside = (value >= low) & (value <= high)
    columns = _by_target(records, value) | {
        "predicted": left_out.T.ravel().tolist(),
        "low": low.T.ravel().tolist(),
        "high": high.T.ravel().tolist(),
        "inside": inside.T.ravel().tolist(),
    }
    center, spread = (value.mean(axis=0), _spread(value)) if value.shape[1] > 1 else (0.0, 1.0)
    place = list(range(1, value.size + 1))
    width = (half / spread).T.ravel()
    middle = points(
        "predicted, row left out", place, ((left_out - center) / spread).T.ravel(), FIRST, "circle"
    )
    if np.isfinite(half).all():
        middle["error_y"] = {"type": "data", "array": drawn(width), "color": FIRST, "thickness": 1.25}
    traces = [middle, points("measured", place, ((value - center) / spread).T.ravel(), SECOND, "x")]
    layout = base_layout("Prediction intervals", 380) | {
        "xaxis": plain_axis("Real row"),
        "yaxis": plain_axis(facts["target"]),
        "legend": {"orientation": "h"},
    }
    share = f"{100 * facts['coverage']:.0f} %"
    if np.isfinite(half).all():
        caption = (
            f"Conformal intervals that are to hold {share} of new measurements: {inside.mean():.0%} of these "
            "rows lie inside. Blue: predicted without the row. Brown crosses: measured."
        )
    else:
        caption = f"There are too few real rows for an interval that holds {share} of new measurements."
    return Figure("intervals", "Prediction intervals", caption, columns, traces, layout)


def _by_target(records: JointRecords, value: np.ndarray) -> dict[str, Any]:
    rows, outputs = value.shape
    return {
        "target": [name for name in records.facts["targets"] for _ in range(rows)],
        "row": list(range(1, rows + 1)) * outputs,
        "measured": value.T.ravel().tolist(),
    }


def _spread(value: np.ndarray) -> np.ndarray:
    spread = value.std(axis=0)
    return np.where(spread > 0, spread, 1.0)


def line(name: str, x: Any, y: Any, colour: str, positive: bool = False) -> dict[str, Any]:
    """Return a trace of a line."""
    return {
        "type": "scatter",
        "mode": "lines",
        "name": name,
        "x": drawn(np.asarray(x, float)),
        "y": drawn(np.asarray(y, float), positive=positive),
        "line": {"color": colour, "width": 2},
    }


def points(name: str, x: Any, y: Any, colour: str, symbol: str) -> dict[str, Any]:
    """Return a trace of points."""
    return line(name, x, y, colour) | {
        "mode": "markers",
        "marker": {"color": colour, "symbol": symbol, "size": 8},
    }
