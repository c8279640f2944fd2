"""Joint training and its candidates as lines of a comparison on real rows."""

import time
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np

from neuralopt.benchmark.budget import Budget
from neuralopt.benchmark.methods import Method
from neuralopt.benchmark.naming import slug
from neuralopt.benchmark.real_task import RealTask
from neuralopt.benchmark.records import Record
from neuralopt.benchmark.scores import figures, row_scores, score
from neuralopt.core.results import Status
from neuralopt.estimators import JointPredictor
from neuralopt.joint import JointOptimizer

JOINT = Method("joint", "Joint training", "joint")

_CURVES = ("train_loss", "validation_loss", "validation_metric")
_ROWS = "candidate_rows/"  # the figures of the real rows by each candidate
_SMALLEST = 1e-12  # probability


def run_joint_method(task: RealTask, budget: Budget, progress: Callable[[int], bool]) -> Record | None:
    """Answer every real row by a joint fit to the others, then fit all rows for the model to keep.

    Parameters
    ----------
    task : RealTask
        The two tables.
    budget : Budget
        Widths and activation of the network.
    progress : callable
        Called with 0 before every fit; returns True to interrupt.

    Returns
    -------
    Record or None
        The scores of the candidates and the fitted model are in it; None when interrupted.
    """
    begin, every = time.perf_counter(), np.arange(len(task.test.X))
    outputs: dict[str, np.ndarray] = {}
    for kept, asked in task.fits():
        if progress(0):
            return None
        joint, _ = _fit(task, budget, kept)
        for name, values in _answers(joint, task, asked).items():
            outputs.setdefault(name, np.full((len(every), task.outputs), np.nan))[asked] = values
    if progress(0):
        return None
    joint, said = _fit(task, budget, every)
    seconds = time.perf_counter() - begin
    fitted, arrays = JointPredictor(task.encoder, joint, {"task": task.name, "label": JOINT.label}).packed()
    parameters = sum(part.size for pair in joint.base_.params for part in pair)
    outputs = {name: values for name, values in outputs.items() if np.isfinite(values).all()}
    found = {name: _figures(task, values) for name, values in outputs.items()}
    rows = {f"{_ROWS}{name}": row_scores(task, values[None]) for name, values in outputs.items()}
    header = {
        **_line(task, JOINT.slug, JOINT.label, JOINT.family, found.pop("")),
        "parameters": parameters,
        "seconds": {"compile": 0.0, "train": seconds},
        "hyperparameters": {"final": "select", "mode": joint.settings["mode"]},
        "candidates": found,
        "said": said,
        "fitted": fitted,
    }
    held = {f"fitted/{name}": array for name, array in arrays.items()}
    return _record(header, {**held, "test_rows": rows.pop(_ROWS), **rows})


def candidate_records(record: Record) -> list[Record]:
    """Return the records of the candidates that a joint record holds the scores of."""
    found = []
    for name, scored in record.header["candidates"].items():
        own = {"method": f"joint-{slug(name)}", "label": f"Joint: {name}", "family": "candidate"}
        header = {**record.header, **own, **scored, "hyperparameters": {"candidate": name}}
        for key in ("candidates", "said", "fitted"):
            del header[key]
        # the fits are shared, and their time stands beside the joint line
        header["seconds"] = {"compile": 0.0, "train": 0.0}
        found.append(_record(header, {"test_rows": record.arrays[_ROWS + name]}))
    return found


def _fit(task: RealTask, budget: Budget, rows: np.ndarray) -> tuple[JointOptimizer, list[str]]:
    tables = task.tables
    joint = JointOptimizer(
        input_dim=tables.X_sim.shape[1],
        hidden_dim=budget.hidden,
        output_dim=task.outputs,
        activation=budget.activation,
        task=task.kind,
    )
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", UserWarning)
        joint.fit(tables.X_sim, tables.y_sim, tables.X_real[rows], tables.y_real[rows])
    said = [*joint.messages_, *(str(w.message) for w in caught if w.category is UserWarning)]
    return joint, list(dict.fromkeys(said))


def _answers(joint: JointOptimizer, task: RealTask, rows: np.ndarray) -> dict[str, np.ndarray]:
    """Return what the final model (named "") and every candidate say, as the task's losses read it."""
    X, encoder = task.tables.X_real[rows], task.encoder
    names = joint.candidates_.names if joint.candidates_ is not None else ()
    if task.kind == "classification":
        logs = {"": joint.predict_proba(X)}
        logs |= {name: joint.final_.probabilities(joint.predict_by(name, X)) for name in names}
        return {name: np.log(np.maximum(p, _SMALLEST)) for name, p in logs.items()}
    values = {"": joint.predict(X).reshape(len(X), -1), **{name: joint.predict_by(name, X) for name in names}}
    return {name: (v - encoder.target_mean) / encoder.target_scale for name, v in values.items()}


def _figures(task: RealTask, outputs: np.ndarray) -> dict[str, Any]:
    loss, metric = figures(task, outputs[None])
    return {
        "scores": score(task, outputs[None]),
        "test_loss": float(loss[0]),
        "test_metric": float(metric[0]),
    }


def _line(task: RealTask, method: str, label: str, family: str, scored: dict[str, Any]) -> dict[str, Any]:
    return {
        "task": task.name,
        "method": method,
        "label": label,
        "family": family,
        "learning_rates": [],
        "seeds": [0],
        "best": None,
        "epochs": 0,
        "batch_size": len(task.train.X),
        "statuses": [[Status.MAX_EPOCHS.value]],
        "diverged": [[False]],
        "network": None,
        **scored,
    }


def _record(header: dict[str, Any], arrays: dict[str, np.ndarray]) -> Record:
    own: dict[str, np.ndarray] = {name: np.zeros((1, 1, 0)) for name in _CURVES}
    for name in ("test_loss", "test_metric"):
        own[name] = np.array([[header.pop(name)]])
    own["best_epoch"] = np.zeros((1, 1), np.int32)
    return Record(header, {**own, **arrays})
