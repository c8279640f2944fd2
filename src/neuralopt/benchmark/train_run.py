"""Train a network on a table, perhaps with several workers: one fit, one score, one kept model."""

import dataclasses
from pathlib import Path
from typing import Any

import numpy as np

from neuralopt import optimizers
from neuralopt.benchmark.folder import CHECKPOINT, choose_folder, prepared
from neuralopt.benchmark.naming import slug
from neuralopt.benchmark.task import Task
from neuralopt.core.errors import InvalidArgument
from neuralopt.core.scalars import check_count
from neuralopt.distributed import DataParallel, DiLoCo, LocalSGD, ParameterServer
from neuralopt.distributed.by_name import get_cluster, get_exchange
from neuralopt.engine import EarlyStopping, Progress, TrainResult, train
from neuralopt.engine.distribution import Distribution
from neuralopt.engine.setup import NEVER
from neuralopt.estimators.predictor import Predictor
from neuralopt.models import MLP, accuracy, r2

METHODS = ("synchronous", "local-sgd", "diloco", "server")


@dataclasses.dataclass(frozen=True)
class TrainSettings:
    """How a table is trained on.

    Parameters
    ----------
    optimizer : str or None
        A name; None is Adam, or SGD beside an exchange that keeps the momentum.
    learning_rate : float or None
        By default the optimizer's own.
    hidden : tuple of int
        Units of the hidden layers.
    activation : str
    epochs : int
    batch_size : int
        Of all workers together.
    workers : int
        1 trains in this process.
    method : str
        One of `METHODS`.
    exchange : str
        As for `get_exchange`.
    period : int or None
        Steps between two exchanges of the local methods; None is 16.
    simulated : bool
        Whether the workers are simulated in this process.
    cluster : str or None
        As for `get_cluster`; by default workers are processes of this machine.
    seed : int
    """

    optimizer: str | None = None
    learning_rate: float | None = None
    hidden: tuple[int, ...] = (64,)
    activation: str = "tanh"
    epochs: int = 100
    batch_size: int = 32
    workers: int = 1
    method: str = "synchronous"
    exchange: str = "fp32"
    period: int | None = None
    simulated: bool = False
    cluster: str | None = None
    seed: int = 0

    def distribution(self) -> Distribution | None:
        """Return what `train` takes as ``distribute``."""
        if self.method not in METHODS:
            raise InvalidArgument(f"--method must be one of {', '.join(METHODS)}, got {self.method!r}.")
        exchange = get_exchange(self.exchange)
        if self.period is not None and not self.method.endswith(("sgd", "diloco")):
            raise InvalidArgument(
                f"--period is for --method local-sgd and diloco, got --method {self.method}, which exchanges "
                "at every step. Leave it out, or take one of these."
            )
        check_count("--workers", self.workers)
        if exchange.takes_momentum and self.optimizer not in (None, "sgd"):
            raise InvalidArgument(
                f"--exchange {self.exchange} keeps the momentum itself and takes --optimizer sgd, got "
                f"--optimizer {self.optimizer}. Leave it out."
            )
        if self.workers == 1:
            of_many = ", ".join(
                option
                for option, value in (
                    (f"--method {self.method}", self.method != METHODS[0]),
                    (f"--exchange {self.exchange}", self.exchange != "fp32"),
                    ("--simulated", self.simulated),
                    (f"--cluster {self.cluster}", self.cluster),
                )
                if value
            )
            if of_many:
                raise InvalidArgument(f"{of_many} takes several workers, got --workers 1. Give --workers 2.")
            return None
        if self.simulated and self.cluster:
            raise InvalidArgument("--simulated workers are in this process; leave out --cluster.")
        cluster = get_cluster(self.cluster) if self.cluster else None
        if self.method == "server":
            if self.simulated:
                raise InvalidArgument("--method server runs on processes; leave out --simulated.")
            return ParameterServer(
                workers=self.workers, exchange=exchange, address=cluster and cluster.address
            )
        backend = cluster or ("simulated" if self.simulated else "processes")
        given: dict[str, Any] = {"workers": self.workers, "exchange": exchange, "backend": backend}
        if self.method == "synchronous":
            return DataParallel(**given)
        return (LocalSGD if self.method == "local-sgd" else DiLoCo)(period=self.period or 16, **given)


@dataclasses.dataclass(frozen=True)
class TrainRun:
    """What a training left behind: the result, the file, and scores by name."""

    result: TrainResult
    path: Path
    scores: dict[str, float]


def run_training(
    task: Task,
    settings: TrainSettings,
    *,
    output: str | Path | None = None,
    resume: bool = False,
    verbose: bool = False,
) -> TrainRun:
    """Train on a task's training rows, choose the epoch by its validation rows, score on its test rows.

    Parameters
    ----------
    task : Task
    settings : TrainSettings
    output : path or None
        New folder; None means ``neuralopt-runs/<name>-train``, numbered from the second on.
    resume : bool
        Go on from the checkpoint in the folder.
    verbose : bool
        Show the progress.

    Returns
    -------
    TrainRun

    Raises
    ------
    InvalidArgument, DataError
        For arguments that break their law.
    WorkerError
        When workers cannot be kept alive.
    """
    distribute = settings.distribution()
    momentum = distribute is not None and get_exchange(settings.exchange).takes_momentum
    optimizer = optimizers.get(settings.optimizer or ("sgd" if momentum else "adam"))
    if settings.learning_rate is not None:
        optimizer = dataclasses.replace(optimizer, learning_rate=settings.learning_rate)
    network = MLP((task.train.X.shape[1], *settings.hidden, task.outputs), settings.activation)
    name = f"{slug(task.name)}-train"
    folder = choose_folder(output, name, resume, "run", CHECKPOINT)
    with prepared(folder, resume, inside=""):
        result = train(
            network,
            (task.train.X, task.train.y),
            optimizer=optimizer,
            loss=task.loss,
            epochs=settings.epochs,
            batch_size=settings.batch_size,
            validation=(task.validation.X, task.validation.y),
            seed=settings.seed,
            callbacks=[EarlyStopping(patience=NEVER, restore_best=True)] + ([Progress()] if verbose else []),
            checkpoint=folder / CHECKPOINT,
            resume=resume,
            distribute=distribute,
        )
        path = folder / f"{name}.model.safetensors"
        origin = {"title": name, "config": dataclasses.asdict(settings), "choice": "best validation epoch"}
        Predictor(task.encoder, network, result.params, origin).save(path)
    return TrainRun(result, path, _scores(task, result))


def _scores(task: Task, result: TrainResult) -> dict[str, float]:
    metric, word = (accuracy, "accuracy") if task.kind == "classification" else (r2, "R²")
    outputs = np.asarray(result.model.forward(task.test.X))
    return {f"{word} on {len(task.test.X)} test rows": float(metric(outputs, task.test.y))}
