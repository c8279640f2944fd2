"""Training of the simulator's network with the readout always at its optimum."""

import dataclasses
import functools
from collections.abc import Callable
from typing import Any

import jax
import numpy as np

from neuralopt.core import tree
from neuralopt.engine import Callback, Report, train
from neuralopt.engine.history import settled
from neuralopt.joint.base import Base
from neuralopt.joint.descent import descend
from neuralopt.joint.projection import Projected
from neuralopt.joint.record import Record
from neuralopt.joint.restart import Recorded, go_on
from neuralopt.models import MLP
from neuralopt.models.mlp import Params
from neuralopt.readout import choose, ridge_path, solve

PENALTY = 1e-6  # on the readout, in the sum of squares of scaled targets: far below any noise
_PULL = 1e-9  # on the features' weights, in the mean of squares
_HELD = 0.1  # share of the rows that the first part of the descent is watched on
_QUIET = 2e-4  # held-out mean square, in scaled targets, below which it is no noise but a steep corner
_FIRST = 0.4  # share of the steps in the first part


def start(mlp: MLP, seed: int) -> Params:
    """Return first parameters whose units bend at different places.

    A tanh unit with bias zero is odd about the centre of the data; biases drawn as widely as the products
    a W spread the bends over the data, which shortens the descent.
    """
    random = np.random.default_rng(seed)
    params = []
    for fan_in, fan_out in zip(mlp.layer_sizes[:-1], mlp.layer_sizes[1:], strict=True):
        scale = 0.5 if not params else 1.0
        params.append(
            (
                random.normal(size=(fan_in, fan_out)) * scale / np.sqrt(fan_in),
                random.normal(size=fan_out) * scale,
            )
        )
    return params


def features_of(mlp: MLP) -> MLP:
    """Return the network without its readout."""
    return MLP(mlp.layer_sizes[:-1], mlp.activation, mlp.activation)


def solved(mlp: MLP, hidden: Params, X: np.ndarray, Y: np.ndarray, penalty: float = PENALTY) -> Base:
    """Return the network with the readout solved on rows."""
    readout = solve(features_of(mlp).forward(hidden, X), Y, penalty)
    return Base(mlp, [*hidden, (readout.weights, readout.bias)])


def by_lbfgs(
    mlp: MLP, params: Params, X: np.ndarray, Y: np.ndarray, steps: int, seed: int, record: Record
) -> tuple[Base, bool]:
    """Train by L-BFGS; return the network and whether the descent had settled.

    The first part holds a tenth of the rows out. Where their error begins to rise, and is not tiny all the
    same, the targets have noise that the features were about to learn: those of the least error are kept,
    and the readout is solved on all rows with the penalty of least leave-one-out error. Otherwise the
    descent goes on with all rows.
    """
    order = np.random.default_rng(seed).permutation(len(X))
    held = order[: int(_HELD * len(X))] if len(X) >= 50 else order[:0]
    taught = np.sort(order[len(held) :])
    first = max(1, int(_FIRST * steps)) if len(held) else steps
    network, top, like = features_of(mlp), Projected(PENALTY), params[:-1]

    def goal(rows: np.ndarray) -> Any:
        A, T = X[rows], Y[rows]

        def value_and_grad(x: np.ndarray) -> tuple[float, np.ndarray]:
            value, grads = network.value_and_grad(tree.unravel(x, like), A, T, top)
            return float(value) + _PULL * float(x @ x), tree.ravel(grads) + 2 * _PULL * x

        return value_and_grad

    def held_error(x: np.ndarray) -> float:
        base = solved(mlp, tree.unravel(x, like), X[taught], Y[taught])
        return float(np.mean((base.predict(X[held]) - Y[held]) ** 2))

    def watch(rows: np.ndarray) -> Any:
        def after(x: np.ndarray, value: float) -> None:
            base = functools.partial(solved, mlp, tree.unravel(x, like), X[rows], Y[rows])
            record.add(base, value, 1.0, walked=True)

        return after

    x = tree.ravel(like)
    error, replay = held_error if len(held) else None, record.replay
    found = descend(goal(taught), x, first, error, watch(taught), replay)
    if found.overfitted and held_error(found.x) > _QUIET:
        hidden = tree.unravel(found.x, like)
        choice = choose(ridge_path(network.forward(hidden, X), Y))
        return Base(mlp, [*hidden, (choice.readout.weights, choice.readout.bias)]), True
    if steps > first:
        everything = np.arange(len(X))
        found = descend(goal(everything), found.x, steps - first, None, watch(everything), replay)
    return solved(mlp, tree.unravel(found.x, like), X, Y), found.settled


@dataclasses.dataclass(frozen=True)
class ProjectedLoss:
    """`Projected` as a loss that the engine compiles: the readout is solved and held, then differentiated."""

    network: MLP
    top: Projected

    def __call__(self, hidden: Params, batch: Any) -> Any:
        """Return the loss of a batch."""
        X, Y = batch

        @jax.custom_vjp
        def left(H: Any) -> Any:
            return self.top.value_and_gradient(H, Y)[0]

        left.defvjp(lambda H: self.top.value_and_gradient(H, Y), lambda gradient, value: (gradient * value,))
        return left(self.network.forward(hidden, X))


def by_engine(
    mlp: MLP,
    params: Params,
    X: np.ndarray,
    Y: np.ndarray,
    optimizer: Any,
    steps: int,
    seed: int,
    record: Record,
) -> tuple[Base, bool]:
    """Train by any optimizer of the library, on all rows at once, compiled; see `by_lbfgs`."""
    loss = ProjectedLoss(features_of(mlp), Projected(PENALTY))
    watch, slot = Watch(record, lambda hidden: solved(mlp, hidden, X, Y)), record.replay.slot()
    result = train(
        loss,
        (X, Y),
        params=params[:-1],
        optimizer=optimizer,
        epochs=steps,
        batch_size="full",
        seed=seed,
        callbacks=[watch],
        dtype="float64",
        checkpoint=None if slot is None else Recorded(slot, record),
    )
    go_on(result)
    return solved(mlp, result.params, X, Y), settled(result.history["loss"])


class Watch(Callback):
    """Writes the epochs of a run of the engine into the record of the joint fit."""

    every = 1  # the real rows are looked at after the same epochs, however fast the machine is

    def __init__(self, record: Record, to_base: Callable[[Params], Base]) -> None:
        self._record, self._to_base = record, to_base

    def on_chunk(self, report: Report) -> bool:
        """Write the epochs of a chunk down; see `Callback.on_chunk`."""
        hidden = jax.device_get(report.params)
        for loss, rate in zip(report.rows["loss"], report.rows["learning_rate"], strict=True):
            self._record.add(lambda: self._to_base(hidden), float(loss), float(rate))
        return False
