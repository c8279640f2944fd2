"""``text compare``: the five optimizers on question-answer pairs, by one or several embeddings."""

import csv
import io
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from neuralopt.benchmark.budget import Budget
from neuralopt.benchmark.compare import Comparison, Observer, compare
from neuralopt.benchmark.convergence import interval
from neuralopt.benchmark.text_task import TextTask
from neuralopt.storage import write_json, write_text

OPTIMIZERS = ("gd", "sgd", "adam", "adagrad", "rmsprop")
"""Full-batch gradient descent, and four in mini-batches."""

TEXT_BUDGET = Budget(epochs=100, widen=3)
"""Five learning rates, widened at an edge, five seeds, 100 epochs, batches of 32, 64 hidden tanh units."""


def compare_text(
    tasks: Sequence[TextTask],
    *,
    optimizers: Sequence[Any] = OPTIMIZERS,
    budget: Budget = TEXT_BUDGET,
    output: str | Path | None = None,
    resume: bool = False,
    title: str | None = None,
    observe: Observer | None = None,
) -> Comparison:
    """Compare optimizers on the text task, and embeddings with each other.

    Besides what `compare` does there is a table of convergence, stability and test accuracy for each task.
    Its target is set by NAdamW, which is tuned and run like the others and is no competitor. With several
    tasks on the same pairs a table has their test accuracies side by side.

    Parameters
    ----------
    tasks : sequence of TextTask
        From `make_text_task`; one for each embedding.
    optimizers : sequence, default gd, sgd, adam, adagrad, rmsprop
        As for `compare`.
    budget : Budget
        Five learning rates and seeds, 100 epochs, batches of 32, 64 hidden units; rates widened at an edge.
    output : path, optional
        As for `compare`.
    resume : bool, default False
        As for `compare`.
    title : str, optional
        As for `compare`.
    observe : callable, optional
        As for `compare`.

    Returns
    -------
    Comparison
        The folder also holds ``convergence.csv``.

    Raises
    ------
    InvalidArgument, DataError, StorageError
        As `compare`.
    """
    result = compare(
        tasks,
        optimizers=optimizers,
        budget=budget,
        output=output,
        resume=resume,
        title=title,
        observe=observe,
    )
    done = result.ranking["tasks"]
    if len(done) > 1:
        done[0].setdefault("tables", []).append(side_by_side(done))
        write_json(result.records / "ranking.json", result.ranking)
    write_text(result.folder / "convergence.csv", _csv(done))
    return result


def side_by_side(tasks: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Return the test accuracies of several embeddings as one table.

    Parameters
    ----------
    tasks : sequence of dict
        Parts of a ranking, on the same pairs.

    Returns
    -------
    dict
        Title, columns, rows of texts, note.
    """
    found: dict[str, dict[str, str]] = {}
    for task in tasks:
        for row in task["rows"]:
            figures = (
                None if row["metric"] is None else [row["metric"], row["metric_low"], row["metric_high"]]
            )
            found.setdefault(row["label"], {})[task["name"]] = interval(figures)
    names = [task["name"] for task in tasks]
    return {
        "title": "Embeddings side by side: test accuracy, 95 % interval",
        "columns": ["Method", *names],
        "rows": [[label, *(cells.get(name, "–") for name in names)] for label, cells in found.items()],
        "note": "The same questions are in training, validation and test of all embeddings.",
    }


def _csv(tasks: Sequence[dict[str, Any]]) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    for task in tasks:
        for table in task.get("tables", [])[:1]:
            writer.writerow(["Task", *table["columns"]])
            writer.writerows([task["name"], *row] for row in table["rows"])
    return text.getvalue()
