"""What the records of a joint fit hold: facts as JSON, curves and rows as arrays."""

from typing import Any

import numpy as np

from neuralopt.benchmark.joint_tables import Tables
from neuralopt.joint import JointOptimizer
from neuralopt.joint.alignment import affine
from neuralopt.joint.candidates.covering import cover
from neuralopt.joint.shift import shift_report
from neuralopt.neighbors import SimilarityLookup
from neuralopt.readout import ridge_path

KIND, VERSION = "joint-record", 1
COVERAGE = 0.9
_ROWS = 2000  # simulated rows whose distances are kept


def joint_facts(joint: JointOptimizer, tables: Tables) -> dict[str, Any]:
    """Return what is known of a fit as plain JSON values."""
    encoder, regression = tables.encoder, tables.encoder.task == "regression"
    shift = shift_report(tables.X_sim, tables.X_real, tuple(encoder.feature_names))
    found = cover(joint.scale_.apply(tables.X_sim), joint.scale_.apply(tables.X_real))
    values, left_out, simulated = real_rows(joint, tables)
    return {
        "task": encoder.task,
        "target": ", ".join(encoder.target_names),
        "targets": encoder.target_names if regression else [str(label) for label in encoder.classes],
        "n_sim": len(tables.X_sim),
        "n_real": len(tables.X_real),
        "features": encoder.feature_names,
        "candidates": _candidates(joint),
        "chosen": joint.selection_.table.made_of if joint.selection_ is not None else "simulator",
        "converged": joint.converged_,
        "before": _error(simulated, values, joint.real_weights_),
        "after": _error(left_out, values, joint.real_weights_),
        "accuracy": None
        if regression
        else [float(np.mean(v.argmax(axis=1) == values.argmax(axis=1))) for v in (simulated, left_out)],
        "shift": {
            "auc": _plain(shift.auc),
            "worst": shift.worst(),
            "mean_difference": [float(v) for v in shift.mean_difference],
            "log_ratio": [float(v) for v in shift.log_ratio],
        },
        "cover": {"beyond": float(found.beyond), "gap": float(found.gap)},
        "coverage": COVERAGE,
    }


def joint_arrays(joint: JointOptimizer, tables: Tables) -> dict[str, np.ndarray]:
    """Return the curves and rows that the report draws."""
    X_sim, X_real = joint.scale_.apply(tables.X_sim), joint.scale_.apply(tables.X_real)
    values, left_out, simulated = real_rows(joint, tables)
    H, base = joint.base_.features(X_real), joint.base_
    Y = _scaled(joint, tables)
    rho = affine(base.predict(X_real), Y, joint.real_weights_).rho
    path = ridge_path(H, Y, None, joint.real_weights_, rho * base.weights)
    spread = max(float(np.sqrt(np.sum(Y.var(axis=0)))), 1e-300)
    near = SimilarityLookup(k_neighbors=1, backend="exact").fit(X_real, Y)
    among = SimilarityLookup(k_neighbors=2, backend="exact").fit(X_real, Y).find_similar(X_real)[1]
    to_sim = SimilarityLookup(k_neighbors=1, backend="exact").fit(X_sim)
    thinned = X_sim[:: max(1, -(-len(X_sim) // _ROWS))]
    return {
        **{f"history/{name}": np.asarray(joint.history_[name]) for name in joint.history_},
        "path/lambda": path.lambdas,
        "path/loo": np.sqrt(path.loo) / spread,
        "path/dof": path.dof,
        "near/sim_to_real": np.asarray(near.find_similar(thinned)[1], np.float64)[:, 0],
        "near/real_to_sim": np.asarray(to_sim.find_similar(X_real)[1], np.float64)[:, 0],
        "near/real_to_real": np.asarray(among, np.float64)[:, 1],
        "real/value": values,
        "real/left_out": left_out,
        "real/simulated": simulated,
        "real/weight": joint.real_weights_,
        "real/half_width": _half_widths(joint, tables, values),
    }


def _half_widths(joint: JointOptimizer, tables: Tables, values: np.ndarray) -> np.ndarray:
    """Return half the widths of the real rows' intervals; NaN where there is none."""
    if joint.selection_ is None or tables.encoder.task == "classification":
        return np.full(values.shape, np.nan)
    half = joint.selection_.left_out_half_widths(COVERAGE) * joint.target_scale_.spread
    return np.where(np.isfinite(half), half, np.nan)


def real_rows(joint: JointOptimizer, tables: Tables) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the real values, the answers when their row is left out, and the simulator's network's.

    Each of shape (m, k): in the targets' units, or of classes ones, zeros and scores.
    """
    X_real, Y = joint.scale_.apply(tables.X_real), _scaled(joint, tables)
    simulated = joint.base_.predict(X_real)
    left_out = simulated if joint.selection_ is None else Y - joint.selection_.loo_residuals
    if tables.encoder.task == "classification":
        return Y, left_out, simulated
    undo = joint.target_scale_.undo
    return undo(Y), undo(left_out), undo(simulated)


def _scaled(joint: JointOptimizer, tables: Tables) -> np.ndarray:
    return joint.rows_in_scale(tables.X_real, tables.y_real)[1]


def _error(predicted: np.ndarray, values: np.ndarray, weights: np.ndarray) -> float:
    """Return the RMSE over the standard deviation of the values, columns brought to one scale."""
    share = weights / weights.sum()
    center = share @ values
    spread = np.sqrt(share @ (values - center) ** 2)
    spread = np.where(spread > 0, spread, 1.0)
    return float(np.sqrt(share @ np.mean(((predicted - values) / spread) ** 2, axis=1)))


def _candidates(joint: JointOptimizer) -> list[dict[str, Any]]:
    if joint.candidates_ is None:
        return []
    return [
        {name: _plain(value) for name, value in row.items()}
        for row in joint.candidates_.frame().to_dict("records")
    ]


def _plain(value: Any) -> Any:
    """Return a plain JSON value; None for a number that is not finite."""
    if isinstance(value, bool | np.bool_ | str):
        return bool(value) if not isinstance(value, str) else value
    if isinstance(value, int | np.integer):
        return int(value)
    return float(value) if np.isfinite(value) else None
