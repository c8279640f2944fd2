"""From a task's records to its part of the ranking, its saved model and the timings."""

import csv
import io
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from neuralopt.benchmark.convergence import convergence_rows
from neuralopt.benchmark.findings import findings
from neuralopt.benchmark.protocol import add_paired_tests, curves_of_tuning, protocol_tables
from neuralopt.benchmark.ranking import ranking_rows, summary
from neuralopt.benchmark.records import Record
from neuralopt.benchmark.task import Task
from neuralopt.benchmark.trajectories import too_large, write_trajectories
from neuralopt.joint.keeping import write_packed
from neuralopt.models import MLP

Named = list[tuple[str, Record]]
"""Records with the names of their files."""


def conclude(folder: Path, task: Task, slug: str, records: Named) -> dict[str, Any]:
    """Return a task's part of the ranking; save the best of the models that can be saved.

    Parameters
    ----------
    folder : Path
    task : Task
    slug : str
        Begins the name of the model's file.
    records : list of (file name, Record)

    Returns
    -------
    dict
        Facts of the task, rows, summary, findings, and where the model is.
    """
    rows, facts = ranking_rows(records), task.facts()
    by_file, held = dict(records), [record for _, record in records]
    add_paired_tests(rows, by_file)
    tables = [*protocol_tables(task, rows, held), *task.further_tables(held)]
    model = label = None
    for row in rows:
        record = by_file[row["record"]]
        if row["metric"] is not None and (
            model := _kept(folder / f"{slug}.model.safetensors", task, record, row)
        ):
            label = row["label"]
            break
    words = summary(rows, facts)
    for _, record in records:
        words += "".join(f" {sentence}" for sentence in record.header.get("said", [])[:1])
    words += _widened(held)
    if label is not None and rows[0]["label"] != label:
        words += f" {rows[0]['label']} cannot be kept as a model file here; the model kept is {label}."
    return {
        **facts,
        "notes": facts["notes"] + too_large(held),
        "summary": words,
        "best_model": model,
        "best_model_label": label,
        "rows": rows,
        "findings": findings(held, facts["n_test"]),
        "tables": tables,
        "tuning": curves_of_tuning(held),
        **write_trajectories(folder, task, slug, records, rows),
    }


def _widened(records: Sequence[Record]) -> str:
    """Say in one sentence whose learning rates were widened, and how far."""
    far = [
        f"{record.header['label']} {float(f'{low:.2g}'):g} to {float(f'{high:.2g}'):g}"
        for record in records
        for low, high in [record.header.get("widened") or (None, None)]
        if low is not None
    ]
    if not far:
        return ""
    return f" Learning rates were tried beyond the edge where the best of them lay: {', '.join(far)}."


def _kept(path: Path, task: Task, record: Record, row: dict[str, Any]) -> str | None:
    """Save a record's model, if it holds one; return where it is."""
    if "fitted" in record.header:
        arrays = {k.removeprefix("fitted/"): a for k, a in record.arrays.items() if k.startswith("fitted/")}
        return str(write_packed(path, record.header["fitted"], arrays))
    if (network := record.header["network"]) is None:
        return None
    mlp = MLP(**{**network, "layer_sizes": tuple(network["layer_sizes"])})
    kept = ("method", "label", "learning_rate", "metric", "metric_low", "metric_high", "loss")
    origin = {"task": task.name, "metric_name": task.facts()["metric"], **{k: row[k] for k in kept}}
    return str(task.keep(path, mlp, record.params(), origin))


def timings(done: Sequence[tuple[Task, Sequence[Record]]]) -> str:
    """Return measured seconds as CSV; apart from the ranking, which is the same in every run."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["task", "method", "compile_seconds", "train_seconds", "seconds_to_target"])
    for task, records in done:
        rows = convergence_rows(list(records), task.constant_loss())
        reached = {row["slug"]: row["seconds"] for row in rows}
        for record in records:
            seconds, wanted = record.header["seconds"], reached.get(record.header["method"])
            times = (f"{seconds['compile']:.3f}", f"{seconds['train']:.3f}")
            writer.writerow([task.name, record.header["method"], *times, _seconds(wanted)])
    return text.getvalue()


def _seconds(value: float | None) -> str:
    return "" if value is None else f"{value:.4g}"
