"""Search a network on a table: one fit, one score on rows that nothing has seen, one kept model."""

import dataclasses
from pathlib import Path
from typing import Any

import numpy as np

from neuralopt.benchmark.folder import CHECKPOINT, choose_folder, prepared
from neuralopt.benchmark.naming import slug
from neuralopt.benchmark.task import Task
from neuralopt.core.errors import InvalidArgument
from neuralopt.core.results import Status
from neuralopt.estimators.predictor import Predictor
from neuralopt.models import MLP, accuracy, r2
from neuralopt.models.mlp import Params
from neuralopt.search import HybridModel, SearchModel
from neuralopt.search.kernel import compiled
from neuralopt.search.net import ON_OFF
from neuralopt.search.targets import read_targets

_SHOWN = {"f1": "F1", "auc": "AUC", "cross_entropy": "cross-entropy", "hinge": "hinge loss"}
_WEIGHTS, _FEWEST, _MOST = 10_000, 2, 20  # set in one run of a comparison, and its sweeps


@dataclasses.dataclass(frozen=True)
class SearchSettings:
    """How a table is searched.

    Parameters
    ----------
    loss : str or None
        As for `SearchModel`; None is the cross-entropy of classes, else the squared error.
    activation : str
    hidden : tuple of int
        Units of the hidden layers.
    levels : tuple of float or None
    sweeps : int
        At most.
    budget_s : float or None
    hybrid : bool
        Descend between two searches.
    seed : int
    """

    loss: str | None = None
    activation: str = "step"
    hidden: tuple[int, ...] = (64,)
    levels: tuple[float, ...] | None = None
    sweeps: int = 30
    budget_s: float | None = None
    hybrid: bool = False
    seed: int = 0


@dataclasses.dataclass(frozen=True)
class SearchRun:
    """What a search left behind: the model with its summary, the file, and scores by name."""

    model: SearchModel
    path: Path
    scores: dict[str, float]


def run_search(
    task: Task,
    settings: SearchSettings,
    *,
    output: str | Path | None = None,
    resume: bool = False,
    verbose: bool = False,
) -> SearchRun:
    """Search on a task's training and validation rows, score on its test rows, keep the model.

    Parameters
    ----------
    task : Task
    settings : SearchSettings
    output : path or None
        New folder; None means ``neuralopt-runs/<name>-search``, numbered from the second on.
    resume : bool
        Go on from the checkpoint in the folder.
    verbose : bool
        Show the progress.

    Returns
    -------
    SearchRun

    Raises
    ------
    InvalidArgument, DataError
        For arguments that break their law, or a loss that does not fit the target.
    """
    classes = task.kind == "classification"
    loss = settings.loss or ("cross_entropy" if classes else "squared_error")
    if not classes and loss != "squared_error":
        raise InvalidArgument(
            f"loss {loss!r} is for classes, the target {', '.join(task.encoder.target_names)} is a number. "
            "Leave out --loss, or give --task classification."
        )
    kind = HybridModel if settings.hybrid else SearchModel
    model = kind(
        task.train.X.shape[1],
        settings.hidden,
        task.outputs,
        loss=loss,
        activation=settings.activation,
        levels=settings.levels,
        budget_s=settings.budget_s,
        seed=settings.seed,
    )
    X, y = (np.concatenate([getattr(part, name) for part in (task.train, task.validation)]) for name in "Xy")
    name = f"{slug(task.name)}-search"
    folder = choose_folder(output, name, resume, "run", CHECKPOINT)
    with prepared(folder, resume, inside=""):
        given: dict[str, Any] = {
            "verbose": verbose,
            "checkpoint": folder / CHECKPOINT,
            "resume": resume,
        }
        if isinstance(model, HybridModel):
            model.search_and_train(X, y, settings.sweeps, 0.01, **given)
        else:
            model.search(X, y, settings.sweeps, **given)
        origin: dict[str, Any] = {
            "title": name,
            "config": dataclasses.asdict(settings),
            "choice": model.choice,
        }
        path = folder / f"{name}.model.safetensors"
        Predictor(task.encoder, model.mlp, model.params, origin).save(path)
    return SearchRun(model, path, _scores(task, model, X, y, settings.loss))


def prepare_search() -> None:
    """Begin to compile the loops of a search, where they can be compiled, beside what runs before it."""
    compiled("loops", wait=False)


def searched_network(network: MLP) -> MLP:
    """Return the network that a comparison searches: the same widths, of step units.

    Step units are what a search is for; on smooth units a gradient is the better way.
    """
    if len(network.layer_sizes) == 2 or network.activation in ON_OFF:
        return network
    return dataclasses.replace(network, activation="step")


def search_once(name: str, task: Task, network: MLP, seed: int) -> tuple[Params, Status]:
    """Train a comparison's network by ``"search"`` or ``"hybrid"``, under squared error.

    The sweeps are counted, not timed, so that a comparison can be repeated: as many as set about 10,000
    weights in all, at least two and at most twenty, of a hybrid half of them in each of its searches.

    Parameters
    ----------
    name : {"search", "hybrid"}
    task : Task
        Only its training rows are looked at.
    network : MLP
        What is trained; see `searched_network`.
    seed : int
        Of all that is drawn.

    Returns
    -------
    params : list of (W, b)
        The best found.
    status : Status
        Why it ended.
    """
    first, *hidden, last = network.layer_sizes
    options: dict[str, Any] = {"activation": network.activation, "seed": seed}
    model = (HybridModel if name == "hybrid" else SearchModel)(first, hidden, last, **options)
    sweeps = int(np.clip(_WEIGHTS // network.parameter_count, _FEWEST, _MOST))
    X, y = task.train.X, task.train.y
    if isinstance(model, HybridModel):
        model.search_and_train(X, y, sweeps // 2, 0.01)
    else:
        model.search(X, y, sweeps)
    return model.params, model.status


def _scores(
    task: Task, model: SearchModel, X: np.ndarray, y: np.ndarray, asked: str | None
) -> dict[str, float]:
    """Return what the model reaches, by the loss that was asked for as well, and what a constant would."""
    metric, word = (accuracy, "accuracy") if task.kind == "classification" else (r2, "R²")
    parts = ((X, y, "rows searched"), (task.test.X, task.test.y, "test rows"))
    found = {}
    for rows, truth, where in parts:
        outputs = model.forward(rows)
        found[f"{word} on {len(rows)} {where}"] = float(metric(outputs, truth))
        if task.kind == "classification" and asked in _SHOWN:
            found[f"{_SHOWN[asked]} on {len(rows)} {where}"] = _by_loss(asked, outputs, truth)
    if task.kind == "classification":
        common = np.bincount(y).argmax()
        found["accuracy of the most common class there"] = float(np.mean(task.test.y == common))
    return found


def _by_loss(asked: str, outputs: np.ndarray, y: np.ndarray) -> float:
    """Return F1 or AUC, or a mean loss; NaN of an AUC where one class is absent."""
    if asked == "auc" and len(np.unique(y)) < 2:
        return float("nan")
    lost = read_targets(y, len(y), outputs.shape[1], asked).objective(asked, outputs).values(outputs[None], y)
    return 1 - float(lost[0]) if asked in ("f1", "auc") else float(lost[0])
