"""``compare``: every method under the same budget, an honest ranking, and the best model to take home."""

import dataclasses
import datetime
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from neuralopt.benchmark.folder import check_manifest, choose_folder, read_record, write_record
from neuralopt.benchmark.machine import machine_facts
from neuralopt.benchmark.methods import REFERENCES, Method, choose_methods
from neuralopt.benchmark.ranking import findings, ranking_rows, summary
from neuralopt.benchmark.runner import Budget, Record, run_method
from neuralopt.benchmark.task import Task
from neuralopt.engine.interrupt import DeferredInterrupt
from neuralopt.estimators.predictor import Predictor
from neuralopt.models import MLP
from neuralopt.storage import check_writable, write_json, write_text

if TYPE_CHECKING:
    import pandas


@dataclasses.dataclass(frozen=True)
class Comparison:
    """What a comparison gave.

    Attributes
    ----------
    folder : Path
        Holds ``records/``, ``ranking.csv``, ``timings.csv`` and one model for each task.
    ranking : dict
        Facts of run and machine, and for every task its rows, summary and findings.
    """

    folder: Path
    ranking: dict[str, Any]

    @property
    def records(self) -> Path:
        """The folder that ``neuralopt report`` reads."""
        return self.folder / "records"

    @property
    def complete(self) -> bool:
        """Whether every method was run on every task."""
        return self.ranking["complete"]

    def models(self) -> dict[str, Path]:
        """Return the file of the best model of every task."""
        return {t["name"]: Path(t["best_model"]) for t in self.ranking["tasks"] if t["best_model"]}

    def frame(self) -> "pandas.DataFrame":
        """Return the ranking as a table, one row for each task and method."""
        import pandas

        rows = [{"task": t["name"], **row} for t in self.ranking["tasks"] for row in t["rows"]]
        return pandas.DataFrame(rows).drop(columns=["record"])


Observer = Callable[[str, Task, Method, int, int], None]
"""Called with an event ("begin", "epoch", "end", "kept"), task, method, epochs done, epochs."""


def compare(
    tasks: Sequence[Task],
    *,
    optimizers: str | Sequence[Any] = "all",
    budget: Budget | None = None,
    references: bool = True,
    output: str | Path | None = None,
    resume: bool = False,
    title: str | None = None,
    observe: Observer | None = None,
) -> Comparison:
    """Train by every method under the same budget and rank them on rows that none has seen.

    For each optimizer the learning rate with the lowest median validation loss over the seeds is
    chosen; at it, the best epoch's parameters by validation loss are scored on the test rows. A run
    that diverges counts as infinitely bad and is never dropped. Two reference lines, a linear model
    and scikit-learn's histogram gradient boosting, are always in the table.

    Parameters
    ----------
    tasks : sequence of Task
        From `make_task`.
    optimizers : "all" or sequence
        Names (also ``optax.<name>``), optimizers, or pairs (label, optimizer).
    budget : Budget, optional
        Learning rates, seeds, epochs, batch size and network, the same for all.
    references : bool, default True
        Whether the reference lines are run.
    output : path, optional
        A new folder; by default ``neuralopt-runs/<task>``, numbered from the second run on.
    resume : bool, default False
        Go on in an existing folder; ends with the same tables as an uninterrupted run.
    title : str, optional
        Heading of the report.
    observe : callable, optional
        Told of every beginning, epoch and end; see `Observer`.

    Returns
    -------
    Comparison
        After Ctrl-C the ranking of what was done, with ``complete`` False.

    Raises
    ------
    InvalidArgument, DataError, StorageError
        Before any training.

    Examples
    --------
    >>> import tempfile
    >>> from neuralopt.datasets import load_bundled
    >>> from neuralopt.benchmark import Budget, compare, make_task
    >>> task = make_task("diabetes", load_bundled("diabetes"), "progression")
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     result = compare([task], optimizers=["adam", "sgd"], output=folder + "/run",
    ...                      budget=Budget(rates=(0.01,), seeds=2, epochs=3))
    >>> sorted(result.frame()["method"])
    ['adam', 'boosting', 'linear', 'sgd']
    """
    budget = budget or Budget()
    methods = [*(REFERENCES if references else ()), *choose_methods(optimizers)]
    names = [task.name for task in tasks]
    folder = choose_folder(output, "+".join(task.slug for task in tasks), resume)
    config = {**dataclasses.asdict(budget), "methods": [m.slug for m in methods]}
    described = {m.slug: repr(m.optimizer) for m in methods if m.optimizer is not None}
    manifest = {"tasks": {t.name: t.digest for t in tasks}, **config, "optimizers": described}
    for task in tasks:
        budget.network(task)
    check_writable(folder / "records" / "ranking.json")
    check_manifest(folder, manifest, resume)
    observe = observe or (lambda *event: None)

    done: dict[str, list[tuple[str, Record]]] = {name: [] for name in names}
    complete = True
    with DeferredInterrupt() as interrupt:
        for task, method in ((t, m) for t in tasks for m in methods):
            if interrupt.requested:
                complete = False
                break
            name = f"{task.slug}--{method.slug}.safetensors"
            record = _one(folder / "records" / name, task, method, budget, observe, interrupt)
            if record is None:
                complete = False
                break
            done[task.name].append((name, record))
    ranking = {
        "format": "neuralopt-ranking",
        "version": 1,
        "neuralopt": machine_facts()["neuralopt"],
        "title": title or ", ".join(names),
        "created": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        "machine": machine_facts(),
        "config": config,
        "complete": complete,
        "tasks": [_conclude(folder, task, done[task.name]) for task in tasks if done[task.name]],
    }
    result = Comparison(folder, ranking)
    write_json(folder / "records" / "ranking.json", ranking)
    if ranking["tasks"]:
        write_text(folder / "ranking.csv", result.frame().to_csv(index=False))
        write_text(folder / "timings.csv", _timings(done))
    return result


def _one(
    path: Path, task: Task, method: Method, budget: Budget, observe: Observer, interrupt: DeferredInterrupt
) -> Record | None:
    """Return the record of a method: the one kept from before, or a new one, written."""
    epochs = budget.epochs_for(task) if method.family == "gradient" else 0
    record = read_record(path)
    if record is not None:
        observe("kept", task, method, epochs, epochs)
        return record
    observe("begin", task, method, 0, epochs)
    begin = time.perf_counter()

    def progress(epoch: int) -> bool:
        observe("epoch", task, method, epoch, epochs)
        return interrupt.requested

    record = run_method(method, task, budget, progress)
    if record is None:
        return None
    if method.family == "reference":
        record.header["seconds"] = {"compile": 0.0, "train": time.perf_counter() - begin}
    write_record(path, record)
    observe("end", task, method, epochs, epochs)
    return record


def _conclude(folder: Path, task: Task, records: list[tuple[str, Record]]) -> dict[str, Any]:
    """Return a task's part of the ranking; save its best model."""
    rows, facts = ranking_rows(records), task.facts()
    by_file = dict(records)
    model = None
    for row in rows:
        record = by_file[row["record"]]
        if record.header["network"] is not None and row["metric"] is not None:
            model = folder / f"{task.slug}.model.safetensors"
            _predictor(task, record, row).save(model)
            break
    return {
        **facts,
        "summary": summary(rows, facts),
        "best_model": None if model is None else str(model),
        "rows": rows,
        "findings": findings([record for _, record in records]),
    }


def _predictor(task: Task, record: Record, row: dict[str, Any]) -> Predictor:
    network = record.header["network"]
    mlp = MLP(**{**network, "layer_sizes": tuple(network["layer_sizes"])})
    count = len(mlp.layer_sizes) - 1
    params = [(record.arrays[f"model/{k}/W"], record.arrays[f"model/{k}/b"]) for k in range(count)]
    kept = ("method", "label", "learning_rate", "metric", "metric_low", "metric_high", "loss")
    origin = {"task": task.name, "metric_name": task.facts()["metric"], **{k: row[k] for k in kept}}
    return Predictor(task.encoder, mlp, params, origin)


def _timings(done: dict[str, list[tuple[str, Record]]]) -> str:
    """Return measured seconds as CSV; apart from the ranking, which is the same in every run."""
    lines = ["task,method,compile_seconds,train_seconds"]
    for task, records in done.items():
        for _, record in records:
            seconds = record.header["seconds"]
            name = f'"{task}"' if "," in task or '"' in task else task
            lines.append(f"{name},{record.header['method']},{seconds['compile']:.3f},{seconds['train']:.3f}")
    return "\n".join(lines) + "\n"
