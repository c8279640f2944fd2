"""Train one network on question-answer pairs: one fit, one score on questions never seen, one kept model."""

import dataclasses
from pathlib import Path
from typing import Any

import numpy as np

from neuralopt import optimizers
from neuralopt.benchmark.folder import choose_folder, prepared
from neuralopt.benchmark.methods import choose_methods, learning_rates
from neuralopt.benchmark.naming import slug
from neuralopt.benchmark.statistics import Score, best_learning_rate, bootstrap_mean
from neuralopt.benchmark.text_task import TextTask
from neuralopt.benchmark.widening import lowest_validation, widened_sweep
from neuralopt.core.errors import InvalidArgument
from neuralopt.core.results import Status
from neuralopt.engine import Callback, EarlyStopping, SweepResult, TrainResult, sweep, train
from neuralopt.models import RecursiveMLP, TwoLayerMLP

_RATES, _SEEDS, _WIDEN = 5, 3, 3


@dataclasses.dataclass(frozen=True)
class TextSettings:
    """How a network is trained on pairs.

    Parameters
    ----------
    optimizer : str, default "adam"
        A name as for ``neuralopt compare``.
    learning_rate : float > 0 or None, default None
        None chooses it by validation loss, among five over the optimizer's range, widened at an edge.
    epochs : int, default 100
        The best epoch by validation loss is kept.
    batch_size : int, default 32
        GD takes all rows.
    hidden : tuple of int, default (64,)
        Units of the hidden layers, tanh each.
    backend : {"jax", "numpy"}, default "jax"
        Compiled, or plain NumPy.
    seed : int, default 0
        Of initial parameters and order of rows.
    """

    optimizer: str = "adam"
    learning_rate: float | None = None
    epochs: int = 100
    batch_size: int = 32
    hidden: tuple[int, ...] = (64,)
    backend: str = "jax"
    seed: int = 0


@dataclasses.dataclass(frozen=True)
class TextRun:
    """What a training run left behind.

    Attributes
    ----------
    path : Path
        The model.
    result : TrainResult
        Parameters, history, status.
    learning_rate : float
    accuracy : Score
        On the test rows, with a 95 % interval over questions.
    majority : float
        The share of the most common label among the test rows.
    confusion : int array of shape (2, 2)
        Rows are the labels -1 and +1, columns what the network says.
    """

    path: Path
    result: TrainResult
    learning_rate: float
    accuracy: Score
    majority: float
    confusion: np.ndarray

    @property
    def verdict(self) -> str:
        """Whether the network is better than the most common label, in a sentence."""
        words = f"Test accuracy {self.accuracy.value:.3f} [{self.accuracy.low:.3f}, {self.accuracy.high:.3f}]"
        if self.accuracy.low > self.majority:
            return f"{words}: better than the most common label alone ({self.majority:.3f})."
        return (
            f"{words}: no better than the most common label alone ({self.majority:.3f}), as far as these "
            "test questions can tell. Take more pairs, another embedding, or a task whose rules carry over "
            "to new questions."
        )


def train_text(
    task: TextTask,
    settings: TextSettings | None = None,
    *,
    output: str | Path | None = None,
    callbacks: tuple[Callback, ...] = (),
) -> TextRun:
    """Train on a task's training rows, choose by its validation rows, score on its test rows, keep the model.

    Parameters
    ----------
    task : TextTask
        From `make_text_task`.
    settings : TextSettings, optional
        By default Adam, tuned, 100 epochs, 64 hidden units.
    output : path, optional
        New folder; by default ``neuralopt-runs/<name>-train``, numbered from the second on.
    callbacks : tuple of Callback
        Told of every epoch.

    Returns
    -------
    TextRun
        With the file of the model, which ``neuralopt predict`` takes.

    Raises
    ------
    InvalidArgument, StorageError
        Before any training.
    TrainingFailed
        When the loss diverged.
    """
    settings = settings or TextSettings()
    rate = settings.learning_rate
    if rate is not None and not 0 < rate < np.inf:
        raise InvalidArgument(f"learning_rate must be finite and > 0, got {rate!r}.")
    method = choose_methods([settings.optimizer])[0]
    if method.family != "gradient":
        raise InvalidArgument(f"optimizer must be one that descends a gradient, got {settings.optimizer!r}.")
    sizes = (task.train.X.shape[1], *settings.hidden, 1)
    make: Any = TwoLayerMLP if len(sizes) == 3 else lambda *s, **given: RecursiveMLP(s, **given)
    network = make(*sizes, seed=settings.seed, dtype=np.float32)
    name = f"{slug(task.name)}-train"
    folder = choose_folder(output, name, False)
    whole = getattr(method.optimizer, "full_batch", False)
    shared: dict[str, Any] = {
        "loss": task.loss,
        "epochs": settings.epochs,
        "batch_size": None if whole else settings.batch_size,
        "validation": (task.validation.X, task.validation.y),
        "metrics": [task.metric],
    }
    data = task.train.X, task.train.y
    with prepared(folder, False):
        if rate is None:
            rate = _tuned(
                lambda tried: sweep(
                    network.mlp,
                    data,
                    optimizer=method.optimizer,
                    learning_rates=tried.tolist(),
                    seeds=range(_SEEDS),
                    **shared,
                ),
                learning_rates(method, _RATES),
            )
        result = train(
            network,
            data,
            optimizer=optimizers.with_learning_rate(method.optimizer, rate),
            backend=settings.backend,
            seed=settings.seed,
            callbacks=[*callbacks, EarlyStopping(patience=settings.epochs)],
            **shared,
        )
        if result.status is not Status.INTERRUPTED:
            result.raise_for_status()
        origin = {"title": name, "task": task.name, **dataclasses.asdict(settings), "learning_rate": rate}
        path = task.keep(folder / f"{name}.model.safetensors", network.mlp, result.params, origin)
    return _scored(task, result, path, rate)


def _tuned(run: Any, rates: np.ndarray) -> float:
    """Return the learning rate of least validation loss."""
    result: SweepResult = widened_sweep(run, rates, _WIDEN)
    best = best_learning_rate(lowest_validation(result))
    return float(result.learning_rates[0 if best is None else best])


def _scored(task: TextTask, result: TrainResult, path: Path, rate: float) -> TextRun:
    X = task.test.X.astype(result.params[0][0].dtype)
    outputs = np.asarray(result.model.mlp.forward(result.params, X), np.float64)
    true, said = (task.test.y[:, 0] > 0).astype(int), (outputs[:, 0] > 0).astype(int)
    confusion = np.bincount(2 * true + said, minlength=4).reshape(2, 2)
    majority = float(max(true.mean(), 1 - true.mean()))
    accuracy = bootstrap_mean(task.per_unit(task.hits(outputs))[None])
    return TextRun(path, result, rate, accuracy, majority, confusion)
