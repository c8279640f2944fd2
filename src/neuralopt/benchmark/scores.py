"""Test figures of runs, and their intervals."""

import numpy as np

from neuralopt.benchmark.statistics import Score, bootstrap_mean, bootstrap_r2
from neuralopt.benchmark.task import Task
from neuralopt.models import METRICS


def figures(task: Task, outputs: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return test loss and metric of every run.

    Parameters
    ----------
    task : Task
    outputs : float array of shape (runs, n_test, k)
        What the runs' networks say of the test rows.

    Returns
    -------
    loss, metric : float arrays of shape (runs,)
    """
    y, loss, metric = task.test.y, task.loss, METRICS[task.metric]
    with np.errstate(all="ignore"):  # a diverged run may overflow; it is marked as such
        losses = np.array([float(loss.value(out, y)) for out in outputs])
        return losses, np.array([float(metric(out, y)) for out in outputs])


def row_scores(task: Task, outputs: np.ndarray) -> np.ndarray:
    """Return a figure of what is drawn anew for an interval, higher is better: hits, or errors below zero.

    Parameters
    ----------
    task : Task
    outputs : float array of shape (runs, n_test, k)

    Returns
    -------
    float array of shape (runs, units)
        Units are the test rows; of pairs of question and answer the questions.
    """
    if task.kind == "classification":
        found = [task.hits(out) for out in outputs]
    else:
        found = [-np.square(out - task.test.y).mean(axis=1) for out in outputs]
    return np.array([task.per_unit(values) for values in found])


def score(task: Task, outputs: np.ndarray) -> dict[str, list[float]] | None:
    """Return loss and metric with their intervals, over runs and test rows.

    Parameters
    ----------
    task : Task
    outputs : float array of shape (runs, n_test, k)
        Of the runs at the chosen learning rate.

    Returns
    -------
    dict or None
        Value, low and high for ``loss`` and for ``metric``; None where a figure is not finite.
    """
    y = task.test.y
    with np.errstate(all="ignore"):
        if task.kind == "classification":
            rows = np.stack([task.per_unit(task.loss.rows(out, y)) for out in outputs])
            hits = np.stack([task.per_unit(task.hits(out)) for out in outputs])
            if not np.isfinite(rows).all():
                return None
            loss, metric = bootstrap_mean(rows), bootstrap_mean(hits)
        else:
            squared = (outputs - y) ** 2
            if not np.isfinite(squared).all():
                return None
            loss, metric = bootstrap_mean(squared.mean(axis=2)), bootstrap_r2(squared, y)
    return {"loss": _plain(loss), "metric": _plain(metric)}


def _plain(figure: Score) -> list[float]:
    return [float(part) for part in figure]
