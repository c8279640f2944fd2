"""Run one method on one task and write down everything it did."""

import dataclasses
import time
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from neuralopt.benchmark.budget import Budget
from neuralopt.benchmark.convergence import INDEPENDENT, REFERENCE
from neuralopt.benchmark.joint_method import run_joint_method
from neuralopt.benchmark.methods import Method, learning_rates
from neuralopt.benchmark.projection_run import project_once
from neuralopt.benchmark.real_task import RealTask
from neuralopt.benchmark.records import Record, model_arrays
from neuralopt.benchmark.references import fit_boosting, fit_linear, validation_loss
from neuralopt.benchmark.scores import figures, row_scores, score
from neuralopt.benchmark.search_run import search_once, searched_network
from neuralopt.benchmark.statistics import best_learning_rate
from neuralopt.benchmark.task import Task
from neuralopt.benchmark.trajectories import path_arrays, points_for
from neuralopt.benchmark.widening import interrupted, lowest_validation, widened_sweep
from neuralopt.core import tree
from neuralopt.core.results import Status
from neuralopt.engine import SweepResult, sweep
from neuralopt.models import MLP

Progress = Callable[[int], bool]
"""Called with the number of epochs done; returns True to interrupt."""


def run_method(method: Method, task: Task, budget: Budget, progress: Progress | None = None) -> Record | None:
    """Run a method on a task.

    Parameters
    ----------
    method : Method
    task : Task
    budget : Budget
    progress : callable, optional
        Called with the number of epochs done; returns True to interrupt.

    Returns
    -------
    Record or None
        None when the run was interrupted: half a method is no result.
    """
    progress = progress or (lambda epoch: False)
    if method.family == "joint" and isinstance(task, RealTask):
        return run_joint_method(task, budget, progress)
    if method.family == "reference":
        return _reference(method, task, progress)
    if method.family in ("search", "closed form"):
        return _seeded(method, task, budget, progress)
    return _gradient(method, task, budget, progress)


def _gradient(method: Method, task: Task, budget: Budget, progress: Progress) -> Record | None:
    metric = task.metric
    rates = learning_rates(method, budget.rates) if isinstance(budget.rates, int) else np.array(budget.rates)
    epochs, network = budget.epochs_for(task), budget.network(task)
    whole = getattr(method.optimizer, "full_batch", False)

    batch = len(task.train.X) if whole else min(budget.batch_size, len(task.train.X))
    steps = -(-len(task.train.X) // batch)

    def run(tried: np.ndarray, first: int = 0, kind: str = "constant") -> SweepResult:
        return sweep(
            network,
            (task.train.X, task.train.y),
            optimizer=method.optimizer,
            learning_rates=tried.tolist(),
            seeds=range(first, first + budget.seeds),
            schedule=budget.schedule(kind, epochs * steps),
            loss=task.loss,
            epochs=epochs,
            batch_size=None if whole else budget.batch_size,
            validation=(task.validation.X, task.validation.y),
            metrics=[metric],
            progress=progress,
            trajectory=points_for(network) if first == 0 else None,
        )

    rounds = budget.widen if isinstance(budget.rates, int) else 0  # rates that were given stay as they are
    results = {name: widened_sweep(partial(run, kind=name), rates, rounds) for name in budget.schedules}
    if any(interrupted(result) for result in results.values()):
        return None
    kind, result = _best_schedule(results)
    widened, rates = len(result.learning_rates) > len(rates), result.learning_rates
    shape = (len(rates), budget.seeds)
    outputs = _test_outputs(network, result, task)
    diverged = _diverged(result)
    lowest = lowest_validation(result)
    best = best_learning_rate(lowest)
    test_loss, test_metric = figures(task, outputs.reshape(-1, *outputs.shape[2:]))
    header = {
        "learning_rates": [float(rate) for rate in rates],
        "seeds": list(range(budget.seeds)),
        "best": best,
        "epochs": epochs,
        "steps": steps,
        "schedule": kind,
        "batch_size": batch,
        "rows": len(task.train.X),
        "parameters": network.parameter_count,
        "state": _state_size(method, network),
        "statuses": [[status.value for status in row] for row in result.status],
        "diverged": diverged.tolist(),
        "tried": sum(_diverged(one).size for one in results.values()),
        "tried_diverged": sum(int(_diverged(one).sum()) for one in results.values()),
        "seconds": {"compile": result.compile_seconds, "train": result.seconds},
        "hyperparameters": {"optimizer": repr(method.optimizer)},
        "network": dataclasses.asdict(network),
        "scores": None if best is None else score(task, outputs[best]),
    }
    if widened:
        header["widened"] = [float(rates[0]), float(rates[-1])]
    arrays = {
        "train_loss": result.history["loss"],
        "validation_loss": result.history["validation_loss"],
        "validation_metric": result.history[f"validation_{metric}"],
        "test_loss": np.where(diverged, np.nan, test_loss.reshape(shape)),
        "test_metric": np.where(diverged, np.nan, test_metric.reshape(shape)),
        "best_epoch": result.best_epoch,
    }
    if best is not None:
        arrays |= model_arrays(result.params(best, int(np.argmin(lowest[best]))))
        arrays["test_rows"] = row_scores(task, outputs[best])
        arrays |= path_arrays(result.path(best))
        if method.slug == REFERENCE:
            alone = run(rates[best : best + 1], INDEPENDENT, kind)
            arrays["independent_validation_loss"] = alone.history["validation_loss"][0]
    return _record(method, task, header, arrays)


def _diverged(result: SweepResult) -> np.ndarray:
    """Return which runs diverged, shape (L, S)."""
    return np.array([[status is Status.DIVERGED for status in row] for row in result.status])


def _best_schedule(results: dict[str, SweepResult]) -> tuple[str, SweepResult]:
    """Return the schedule whose chosen learning rate has the lowest median validation loss, and its sweep."""
    reached = {}
    for name, result in results.items():
        lowest = lowest_validation(result)
        best = best_learning_rate(lowest)
        reached[name] = np.inf if best is None else float(np.median(lowest[best]))
    name = min(reached, key=lambda one: reached[one])
    return name, results[name]


def _state_size(method: Method, network: MLP) -> float:
    """Return how many numbers an optimizer keeps for each parameter."""
    held = method.optimizer.init(network.init(0))
    return sum(np.size(leaf) for leaf in tree.leaves(held)) / network.parameter_count


def _test_outputs(network: MLP, result: SweepResult, task: Task) -> np.ndarray:
    """Return what every run's network says of the test rows, shape (L, S, n_test, k)."""
    rates, seeds = range(len(result.learning_rates)), range(len(result.seeds))
    with np.errstate(all="ignore"):  # a diverged run may overflow; it is marked as such
        X = task.test.X.astype(np.float32)
        return np.array(
            [[network.forward(result.params(i, j), X) for j in seeds] for i in rates], dtype=np.float64
        )


def _reference(method: Method, task: Task, progress: Progress) -> Record | None:
    arrays: dict[str, np.ndarray] = {name: np.zeros((1, 1, 0)) for name in _CURVES}
    network, begin = None, time.perf_counter()
    fit = (lambda part: fit_linear(part)[0]) if method.slug == "linear" else _boosting(progress)
    outputs = _held_out(task, fit) if isinstance(task, RealTask) else fit(task)
    if outputs is None:
        return None
    if method.slug == "linear":
        every = np.arange(len(task.test.X))
        whole = task.pooled(every, every) if isinstance(task, RealTask) else task
        arrays |= model_arrays(fit_linear(whole)[1])
        network = dataclasses.asdict(MLP((task.train.X.shape[1], task.outputs), "identity"))
    seconds = time.perf_counter() - begin
    test_loss, test_metric = figures(task, outputs[None])
    header = {
        "learning_rates": [],
        "seeds": [0],
        "best": None,
        "epochs": 0,
        "batch_size": len(task.train.X),
        "parameters": sum(a.size for name, a in arrays.items() if name.startswith("model/")),
        "statuses": [[Status.MAX_EPOCHS.value]],
        "diverged": [[False]],
        "seconds": {"compile": 0.0, "train": seconds},
        "hyperparameters": {},
        "network": network,
        "scores": score(task, outputs[None]),
    }
    arrays |= {
        "test_rows": row_scores(task, outputs[None]),
        "test_loss": test_loss.reshape(1, 1),
        "test_metric": test_metric.reshape(1, 1),
        "best_epoch": np.zeros((1, 1), np.int32),
    }
    return _record(method, task, header, arrays)


def _seeded(method: Method, task: Task, budget: Budget, progress: Progress) -> Record | None:
    """Search, or project, from every seed; keep the network of the lowest validation loss."""
    network, begin = budget.network(task), time.perf_counter()
    if method.family == "search":
        network = searched_network(network)
    outputs, held, statuses = [], [], []
    best: tuple[float, Any] = (np.inf, None)
    for seed in range(budget.seeds):
        if progress(0):
            return None
        if method.family == "search":
            params, status = search_once(method.slug, task, network, seed)
        else:
            params, status = project_once(task, network, seed)
        if status is Status.INTERRUPTED:
            return None
        outputs.append(network.forward(params, task.test.X))
        held.append(validation_loss(network.forward(params, task.validation.X), task.validation.y))
        statuses.append(status.value)
        if held[-1] < best[0]:
            best = held[-1], params
    test_loss, test_metric = figures(task, np.array(outputs))
    header = {
        "learning_rates": [],
        "seeds": list(range(budget.seeds)),
        "best": None,
        "epochs": 0,
        "batch_size": len(task.train.X),
        "parameters": network.parameter_count,
        "statuses": [statuses],
        "diverged": [[False] * budget.seeds],
        "seconds": {"compile": 0.0, "train": time.perf_counter() - begin},
        "hyperparameters": {},
        "network": dataclasses.asdict(network),
        "scores": score(task, np.array(outputs)),
    }
    shape = (1, budget.seeds)
    arrays: dict[str, np.ndarray] = {name: np.zeros((*shape, 0)) for name in _CURVES}
    arrays |= {
        "test_rows": row_scores(task, np.array(outputs)),
        "test_loss": test_loss.reshape(shape),
        "test_metric": test_metric.reshape(shape),
        "best_epoch": np.zeros(shape, np.int32),
    }
    return _record(method, task, header, arrays | model_arrays(best[1]))


def _boosting(progress: Progress) -> Callable[[Task], np.ndarray | None]:
    return lambda task: fit_boosting(task, progress)


def _held_out(task: RealTask, fit: Callable[[Task], np.ndarray | None]) -> np.ndarray | None:
    """Return the answers to the real rows, each by a fit to both tables without it; None when interrupted."""
    outputs = np.empty((len(task.test.X), task.outputs))
    for kept, asked in task.fits():
        found = fit(task.pooled(kept, asked))
        if found is None:
            return None
        outputs[asked] = found
    return outputs


_CURVES = ("train_loss", "validation_loss", "validation_metric")


def _record(method: Method, task: Task, header: dict[str, Any], arrays: dict[str, np.ndarray]) -> Record:
    own = {"task": task.name, "method": method.slug, "label": method.label, "family": method.family}
    return Record({**own, **header}, arrays)
