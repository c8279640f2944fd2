"""Run one method on one task and write down everything it did."""

import dataclasses
from collections.abc import Callable
from typing import Any

import numpy as np

from neuralopt.benchmark.methods import Method, learning_rates
from neuralopt.benchmark.references import fit_boosting, fit_linear
from neuralopt.benchmark.statistics import Score, best_learning_rate, bootstrap_mean, bootstrap_r2
from neuralopt.benchmark.task import Task
from neuralopt.core.results import Status
from neuralopt.engine import SweepResult, sweep
from neuralopt.models import MLP, CrossEntropy, Loss, SquaredError, accuracy, r2

_STEPS, _FEWEST, _MOST = 3000, 20, 200


@dataclasses.dataclass(frozen=True)
class Budget:
    """What every gradient method gets, the same for all.

    Attributes
    ----------
    rates : int or tuple of float
        How many learning rates over each method's range, or the rates themselves.
    seeds : int
        Paired runs at every learning rate: same initial parameters, same order of rows.
    epochs : int or None
        Passes over the training rows; None aims at 3000 steps within 20 to 200 epochs.
    batch_size : int
    hidden : tuple of int
        Widths of the hidden layers.
    activation : str
    """

    rates: int | tuple[float, ...] = 5
    seeds: int = 5
    epochs: int | None = None
    batch_size: int = 32
    hidden: tuple[int, ...] = (64,)
    activation: str = "tanh"

    def epochs_for(self, task: Task) -> int:
        """Return the epochs of a run on a task."""
        steps = max(1, len(task.train.X) // self.batch_size)
        return self.epochs or int(np.clip(_STEPS // steps, _FEWEST, _MOST))

    def network(self, task: Task) -> MLP:
        """Return the network that is trained on a task."""
        return MLP((task.train.X.shape[1], *self.hidden, task.outputs), self.activation)


@dataclasses.dataclass(frozen=True)
class Record:
    """What one method did on one task: a JSON header and arrays.

    Arrays are indexed by learning rate (L), seed (S) and epoch (E): ``train_loss``,
    ``validation_loss``, ``validation_metric`` of shape (L, S, E), NaN after a run ended;
    ``test_loss``, ``test_metric``, ``best_epoch`` of shape (L, S); ``model/<layer>/W`` and ``/b`` of
    the chosen run. A reference has L = S = 1 and E = 0.
    """

    header: dict[str, Any]
    arrays: dict[str, np.ndarray]


def run_method(
    method: Method, task: Task, budget: Budget, progress: Callable[[int], bool] | None = None
) -> Record | None:
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
    return (
        _reference(method, task)
        if method.family == "reference"
        else _gradient(method, task, budget, progress)
    )


def _loss(task: Task) -> Loss:
    return CrossEntropy() if task.kind == "classification" else SquaredError()


def _gradient(
    method: Method, task: Task, budget: Budget, progress: Callable[[int], bool] | None
) -> Record | None:
    metric = "accuracy" if task.kind == "classification" else "r2"
    rates = learning_rates(method, budget.rates) if isinstance(budget.rates, int) else np.array(budget.rates)
    epochs, network = budget.epochs_for(task), budget.network(task)
    whole = getattr(method.optimizer, "full_batch", False)
    result = sweep(
        network,
        (task.train.X, task.train.y),
        optimizer=method.optimizer,
        learning_rates=rates.tolist(),
        seeds=range(budget.seeds),
        loss=_loss(task),
        epochs=epochs,
        batch_size=None if whole else budget.batch_size,
        validation=(task.validation.X, task.validation.y),
        metrics=[metric],
        progress=progress,
    )
    if any(status is Status.INTERRUPTED for row in result.status for status in row):
        return None
    shape = (len(rates), budget.seeds)
    outputs = np.stack(
        [
            [
                network.forward(result.params(i, j), task.test.X.astype(np.float32))
                for j in range(budget.seeds)
            ]
            for i in range(len(rates))
        ]
    ).astype(np.float64)
    diverged = np.array([[s is Status.DIVERGED for s in row] for row in result.status])
    lowest = np.where(diverged, np.inf, _lowest(result.history["validation_loss"]))
    best = best_learning_rate(lowest)
    test_loss, test_metric = _figures(task, outputs.reshape(-1, *outputs.shape[2:]))
    header = {
        "learning_rates": [float(rate) for rate in rates],
        "seeds": list(range(budget.seeds)),
        "best": best,
        "epochs": epochs,
        "batch_size": len(task.train.X) if whole else min(budget.batch_size, len(task.train.X)),
        "parameters": network.parameter_count,
        "statuses": [[status.value for status in row] for row in result.status],
        "diverged": diverged.tolist(),
        "seconds": {"compile": result.compile_seconds, "train": result.seconds},
        "hyperparameters": {"optimizer": repr(method.optimizer)},
        "network": dataclasses.asdict(network),
        "scores": None if best is None else _scores(task, outputs[best][~diverged[best]]),
    }
    arrays = {
        "train_loss": result.history["loss"],
        "validation_loss": result.history["validation_loss"],
        "validation_metric": result.history[f"validation_{metric}"],
        "test_loss": np.where(diverged, np.nan, test_loss.reshape(shape)),
        "test_metric": np.where(diverged, np.nan, test_metric.reshape(shape)),
        "best_epoch": result.best_epoch,
    }
    if best is not None:
        arrays |= _chosen(result, best, int(np.argmin(lowest[best])))
    return _record(method, task, header, arrays)


def _lowest(curves: np.ndarray) -> np.ndarray:
    """Return the lowest finite entry of every curve, infinity where there is none."""
    return np.where(np.isfinite(curves), curves, np.inf).min(axis=-1)


def _chosen(result: SweepResult, rate: int, seed: int) -> dict[str, np.ndarray]:
    return model_arrays(result.params(rate, seed))


def model_arrays(params: Any) -> dict[str, np.ndarray]:
    """Return a network's parameters under the names they have in files."""
    pairs = [(f"model/{k}/W", f"model/{k}/b", W, b) for k, (W, b) in enumerate(params)]
    return {name: array for w, c, W, b in pairs for name, array in ((w, W), (c, b))}


def _reference(method: Method, task: Task) -> Record:
    arrays: dict[str, np.ndarray] = {name: np.zeros((1, 1, 0)) for name in _CURVES}
    network = None
    if method.slug == "linear":
        outputs, params = fit_linear(task)
        arrays |= model_arrays(params)
        network = dataclasses.asdict(MLP((task.train.X.shape[1], task.outputs), "identity"))
    else:
        outputs = fit_boosting(task)
    test_loss, test_metric = _figures(task, outputs[None])
    header = {
        "learning_rates": [],
        "seeds": [0],
        "best": None,
        "epochs": 0,
        "batch_size": len(task.train.X),
        "parameters": sum(a.size for name, a in arrays.items() if name.startswith("model/")),
        "statuses": [[Status.MAX_EPOCHS.value]],
        "diverged": [[False]],
        "seconds": {"compile": 0.0, "train": 0.0},
        "hyperparameters": {},
        "network": network,
        "scores": _scores(task, outputs[None]),
    }
    arrays |= {
        "test_loss": test_loss.reshape(1, 1),
        "test_metric": test_metric.reshape(1, 1),
        "best_epoch": np.zeros((1, 1), np.int32),
    }
    return _record(method, task, header, arrays)


_CURVES = ("train_loss", "validation_loss", "validation_metric")


def _record(method: Method, task: Task, header: dict[str, Any], arrays: dict[str, np.ndarray]) -> Record:
    own = {"task": task.name, "method": method.slug, "label": method.label, "family": method.family}
    return Record({**own, **header}, arrays)


def _figures(task: Task, outputs: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return test loss and metric of every run, from outputs of shape (runs, n_test, k)."""
    y, loss = task.test.y, _loss(task)
    metric = accuracy if task.kind == "classification" else r2
    with np.errstate(all="ignore"):  # a diverged run may overflow; it is marked as such
        losses = np.array([float(loss.value(out, y)) for out in outputs])
        return losses, np.array([float(metric(out, y)) for out in outputs])


def _scores(task: Task, outputs: np.ndarray) -> dict[str, list[float]]:
    """Return loss and metric with their intervals, from the runs at the chosen learning rate."""
    y = task.test.y
    if task.kind == "classification":
        rows = np.stack([CrossEntropy().rows(out, y) for out in outputs])
        hits = np.stack([(out.argmax(axis=1) == y).astype(float) for out in outputs])
        loss, metric = bootstrap_mean(rows), bootstrap_mean(hits)
    else:
        squared = (outputs - y) ** 2
        loss, metric = bootstrap_mean(squared.mean(axis=2)), bootstrap_r2(squared, y)
    return {"loss": _plain(loss), "metric": _plain(metric)}


def _plain(score: Score) -> list[float]:
    return [float(figure) for figure in score]
