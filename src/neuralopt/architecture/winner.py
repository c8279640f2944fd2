"""The best architecture of an arm, trained from scratch at its true size."""

import dataclasses
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from neuralopt.architecture.data import SearchData
from neuralopt.architecture.plan import Plan
from neuralopt.architecture.space import Genes, Space
from neuralopt.core import tree
from neuralopt.engine import Callback, Progress, train
from neuralopt.engine.callbacks import Report
from neuralopt.estimators.architecture_predictor import ArchitecturePredictor
from neuralopt.models import METRICS, MLP

_FULL = 1 << 32  # no candidate has this number, so that its weights are drawn by no other


@dataclasses.dataclass(frozen=True)
class Trained:
    """A network that was trained in full.

    Attributes
    ----------
    model : ArchitecturePredictor
    validation_metric : float
    test_metric : float or None
        None where there are no test rows.
    """

    model: ArchitecturePredictor
    validation_metric: float
    test_metric: float | None


class _Stop(Callback):
    def __init__(self, stopped: Callable[[], bool]) -> None:
        self._stopped = stopped

    def on_chunk(self, report: Report) -> bool | None:
        return self._stopped()


def train_in_full(
    space: Space,
    genes: Genes,
    data: SearchData,
    *,
    plan: Plan,
    optimizer: Any,
    batch_size: int,
    origin: dict[str, Any],
    checkpoint: Path | None = None,
    stopped: Callable[[], bool] = lambda: False,
    title: str | None = None,
) -> Trained | None:
    """Train one architecture from scratch at its true size.

    Parameters
    ----------
    space : Space
    genes : tuple of int
    data : SearchData
    plan : Plan
        Epochs and seed.
    optimizer : Optimizer
    batch_size : int
    origin : dict
        Kept with the model.
    checkpoint : Path or None
        To go on after a kill.
    stopped : callable
        Asked between chunks of epochs.
    title : str or None
        Of a progress bar; None draws none.

    Returns
    -------
    Trained or None
        None when it was stopped.
    """
    network = space.network(genes)
    callbacks: Sequence[Callback] = [_Stop(stopped)] + ([Progress(title)] if title else [])
    model: Any = network
    if not isinstance(network, MLP):
        # drawn here in NumPy: to compile the drawing of every shape takes XLA half a minute
        drawn = space.draw(genes, np.random.default_rng([plan.seed, _FULL]))
        model = network.bind(tree.map(lambda a: np.asarray(a, np.float32), space.sliced(*drawn, genes)))
    result = train(
        model,
        (space.prepare(data.train[0]), data.train[1]),
        optimizer=optimizer,
        loss=data.loss,
        epochs=plan.epochs,
        batch_size=batch_size,
        seed=plan.seed,
        callbacks=callbacks,
        checkpoint=checkpoint,
        resume=checkpoint is not None and checkpoint.exists(),
    )
    if stopped():
        return None
    if isinstance(network, MLP):
        variables: Any = result.params
    else:
        found = {"params": result.params}
        if result.statistics is not None:
            found["batch_stats"] = result.statistics.values
        variables = tree.map(np.asarray, found)
    kept = ArchitecturePredictor(data.encoder, network, variables, origin, data.layout)

    def score(part: tuple[np.ndarray, np.ndarray]) -> float:
        return float(METRICS[data.metric](kept.outputs(part[0]), part[1]))

    return Trained(kept, score(data.validation), None if data.test is None else score(data.test))
