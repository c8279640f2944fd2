"""The gradient phase: Adam through the engine, with straight-through gradients for on/off units."""

import time
from typing import Any, NamedTuple

import numpy as np

from neuralopt.core.results import Status
from neuralopt.engine import Callback, EarlyStopping, History, Progress, Report, train
from neuralopt.engine.setup import NEVER
from neuralopt.models import LOSSES, MLP
from neuralopt.models.mlp import Params
from neuralopt.optimizers import Adam
from neuralopt.search.net import ON_OFF
from neuralopt.search.straight_through import DescentLoss
from neuralopt.search.targets import Targets

SURROGATE = "cross_entropy"
"""What is descended where the loss has no gradient: 01, F1, AUC."""


class Descended(NamedTuple):
    """What a descent gave."""

    params: Params
    history: History
    status: Status


class _UntilTime(Callback):
    every = 1

    def __init__(self, end: float) -> None:
        self._end = end

    def on_chunk(self, report: Report) -> bool:
        return time.perf_counter() >= self._end


def descend(
    mlp: MLP,
    params: Params,
    X: np.ndarray,
    targets: Targets,
    loss: Any,
    *,
    epochs: int,
    learning_rate: float,
    batch_size: Any,
    seed: int,
    end: float = np.inf,
    verbose: bool = False,
    keep: dict[str, Any] | None = None,
) -> Descended:
    """Train by Adam, keep the best epoch's parameters.

    Under squared error the targets are scaled to a spread of one and the output layer is scaled back,
    so that a learning rate means the same in any unit; the recorded loss is in the targets' own unit.
    ``keep`` has the arguments of `train` for a checkpoint.
    """
    named = loss if callable(loss) or loss in LOSSES else SURROGATE
    shift, scale, y = 0.0, 1.0, targets.y
    if named == "squared_error":
        shift = targets.real.mean(axis=0)
        scale = float(np.sqrt(np.mean(np.square(targets.real - shift)))) or 1.0
        y = (targets.real - shift) / scale
    *hidden, (V, c) = params
    callbacks: list[Callback] = [EarlyStopping(patience=NEVER)]
    if end < np.inf:
        callbacks.append(_UntilTime(end))
    if verbose:
        callbacks.append(Progress("gradient"))
    shaped = named == "squared_error" or mlp.layer_sizes[-1] > 1  # what the engine's own losses take
    smooth = isinstance(named, str) and mlp.activation not in ON_OFF and shaped
    result = train(
        mlp if smooth else DescentLoss(mlp, named),
        (X, y),
        optimizer=Adam(learning_rate=learning_rate),
        loss=named if smooth else "squared_error",
        epochs=epochs,
        batch_size=batch_size,
        validation=(X, y),  # the loss of all rows after each epoch, by which the best one is kept
        params=[*hidden, (V / scale, (c - shift) / scale)],
        seed=seed,
        callbacks=callbacks,
        dtype="float64",
        backend="numpy" if smooth and end < np.inf else "jax",  # no compiler on borrowed time
        **(keep or {}),
    )
    *hidden, (V, c) = [(np.asarray(W), np.asarray(b)) for W, b in result.params]
    columns = {name: result.history[name] for name in result.history}
    columns["loss"] = columns.pop("validation_loss") * scale**2
    return Descended([*hidden, (V * scale, c * scale + shift)], History(columns), result.status)
