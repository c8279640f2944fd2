"""``compare``: every method under the same budget, an honest ranking, and the best model to take home."""

import dataclasses
import datetime
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import neuralopt
from neuralopt.benchmark.budget import Budget
from neuralopt.benchmark.conclusion import Named, conclude, timings
from neuralopt.benchmark.folder import choose_folder, prepared
from neuralopt.benchmark.joint_method import JOINT, candidate_records
from neuralopt.benchmark.machine import machine_facts
from neuralopt.benchmark.manifest import check_manifest
from neuralopt.benchmark.methods import REFERENCES, Method, choose_methods, with_reference
from neuralopt.benchmark.naming import distinct_slugs
from neuralopt.benchmark.protocol import profile_of_speed
from neuralopt.benchmark.real_task import RealTask
from neuralopt.benchmark.records import Record, read_record, write_record
from neuralopt.benchmark.runner import run_method
from neuralopt.benchmark.search_run import prepare_search
from neuralopt.benchmark.task import Task
from neuralopt.benchmark.trajectories import drop_paths, keep_path
from neuralopt.core.errors import InvalidArgument, StorageError
from neuralopt.engine.identity import describe
from neuralopt.engine.interrupt import DeferredInterrupt
from neuralopt.storage import write_json, write_text

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


_LONGEST = 120  # letters of a folder's name

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
    that diverges counts as infinitely bad: its learning rate cannot be chosen. Two reference lines, a
    linear model and scikit-learn's histogram gradient boosting, are always in the table.

    Parameters
    ----------
    tasks : sequence of Task
        From `make_task`, or of two tables from `make_real_task`: then joint training and its candidates are
        compared as well, and all are tested on the real rows.
    optimizers : str or sequence, default "all"
        ``"all"``, ``"classic"``, names (also ``optax.<name>``), optimizers, or pairs (label, optimizer).
    budget : Budget, optional
        Learning rates, seeds, epochs, batch size and network, the same for all.
    references : bool, default True
        Whether the reference lines are run, and NAdamW where optimizers are compared without it.
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
    ['adam', 'boosting', 'linear', 'nadamw', 'sgd']
    """
    budget = budget or Budget()
    methods = [*(REFERENCES if references else ()), *choose_methods(optimizers)]
    methods = with_reference(methods) if references else methods
    slugs = _slugs(tasks)
    folder = choose_folder(output, "+".join(slugs.values())[:_LONGEST], resume)
    config = {**_plain(budget), "methods": [m.slug for m in methods]}
    described = {m.slug: describe(m.optimizer) for m in methods if m.optimizer is not None}
    manifest = {"tasks": {t.name: t.digest for t in tasks}, **config, "optimizers": described}
    with prepared(folder, resume):
        check_manifest(folder, manifest, resume)
    observe = observe or (lambda *event: None)
    if any(m.family == "search" for m in methods):
        prepare_search()
    try:
        done, complete = _run(folder / "records", tasks, slugs, methods, budget, observe)
        ranking = {
            "format": "neuralopt-ranking",
            "version": 1,
            "neuralopt": neuralopt.__version__,
            "title": title or ", ".join(slugs),
            "created": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
            "machine": machine_facts(),
            "config": config,
            "complete": complete,
            "tasks": [conclude(folder, t, slugs[t.name], done[t.name]) for t in tasks if done[t.name]],
        }
        found = [(t, [record for _, record in done[t.name]]) for t in tasks if done[t.name]]
        ranking["profile"] = profile_of_speed(found)
        result = Comparison(folder, ranking)
        write_json(folder / "records" / "ranking.json", ranking)
        if ranking["tasks"]:
            write_text(folder / "ranking.csv", result.frame().to_csv(index=False))
            write_text(folder / "timings.csv", timings(found))
        if complete:
            drop_paths(folder)
    except StorageError as error:
        raise StorageError(
            f"{error} What was finished is kept in '{folder}': go on with --resume (in Python resume=True)."
        ) from error
    return result


def _plain(budget: Budget) -> dict[str, Any]:
    """Return what the tables depend on; learning rates that never widen are as in folders of older "
    "versions."""
    return {name: value for name, value in dataclasses.asdict(budget).items() if name != "widen" or value}


def _slugs(tasks: Sequence[Task]) -> dict[str, str]:
    names = [task.name for task in tasks]
    if not names or len(set(names)) < len(names):
        raise InvalidArgument(
            f"tasks must have different names, at least one, got {', '.join(names) or 'none'}. "
            "Give another name to make_task."
        )
    return distinct_slugs(names)


def methods_for(task: Task, methods: Sequence[Method]) -> list[Method]:
    """Return what runs on a task: joint training, where there are real rows, before the optimizers."""
    if not isinstance(task, RealTask):
        return list(methods)
    references = [m for m in methods if m.family == "reference"]
    return [*references, JOINT, *methods[len(references) :]]


def _run(
    records: Path,
    tasks: Sequence[Task],
    slugs: dict[str, str],
    methods: list[Method],
    budget: Budget,
    observe: Observer,
) -> tuple[dict[str, Named], bool]:
    """Return the records of every task that were made or kept, and whether these are all."""
    done: dict[str, Named] = {task.name: [] for task in tasks}
    with DeferredInterrupt() as interrupt:
        for task, method in ((t, m) for t in tasks for m in methods_for(t, methods)):
            if interrupt.requested:
                return done, False
            name = f"{slugs[task.name]}--{method.slug}.safetensors"
            record = _one(records / name, task, method, budget, observe, interrupt)
            if record is None:
                return done, False
            done[task.name].append((name, record))
            if method is JOINT:
                for part in candidate_records(record):
                    name = f"{slugs[task.name]}--{part.header['method']}.safetensors"
                    write_record(records / name, part)
                    done[task.name].append((name, part))
    return done, True


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

    def progress(epoch: int) -> bool:
        observe("epoch", task, method, epoch, epochs)
        return interrupt.requested

    record = run_method(method, task, budget, progress)
    if record is not None:
        record = keep_path(path, record)
        write_record(path, record)
        observe("end", task, method, epochs, epochs)
    return record
