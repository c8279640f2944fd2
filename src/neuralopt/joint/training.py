"""Training of the simulator's network in any of the modes."""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

from neuralopt import optimizers
from neuralopt.core.errors import InvalidArgument, did_you_mean
from neuralopt.engine import History
from neuralopt.joint.alignment import Affine, affine, real_head
from neuralopt.joint.alternating import by_alternation
from neuralopt.joint.base import Base
from neuralopt.joint.classes import by_cross_entropy, one_hot
from neuralopt.joint.implicit import by_implicit
from neuralopt.joint.neighbours import find_neighbours, neighbour_targets
from neuralopt.joint.record import Record
from neuralopt.joint.restart import as_whole
from neuralopt.joint.variable_projection import by_engine, by_lbfgs, solved, start
from neuralopt.models import MLP, get_loss
from neuralopt.neighbors import SimilarityLookup
from neuralopt.storage import Replay

MODES = ("variable_projection", "alternating", "implicit")


class Real(NamedTuple):
    """The real rows in scaled units, as far as training looks at them."""

    X: np.ndarray  # (n, d), n >= 3
    Y: np.ndarray  # (n, k)
    weights: np.ndarray  # (n,)
    lookup: SimilarityLookup  # over the rows, with Y as targets


class Trained(NamedTuple):
    """What `train_base` returns."""

    base: Base
    history: History
    settled: bool  # whether the loss had stopped falling


def train_base(
    X_sim: np.ndarray,
    y_sim: np.ndarray,
    *,
    hidden: Sequence[int] = (64,),
    mode: str = "variable_projection",
    optimizer: Any = None,
    learning_rate: Any = 0.01,
    epochs: int = 500,
    batch_size: int | str = 32,
    reg_lambda: float | str = "loo",
    seed: int = 0,
    task: str = "regression",
    activation: str = "tanh",
    loss: Any = "squared_error",
    loss_weights: Sequence[float] = (10.0, 1.0),
    refit_every: int = 5,
    real: Real | None = None,
    outputs: int | None = None,
    replay: Replay | None = None,
) -> Trained:
    """Train the simulator's network.

    Parameters
    ----------
    X_sim : array of shape (n, d)
        Scaled simulated inputs.
    y_sim : array of shape (n, k), or int array of shape (n,) for classes
        Scaled targets.
    hidden : sequence of int >= 1, default (64,)
        Units of the hidden layers.
    mode : {"variable_projection", "alternating", "implicit"}, default "variable_projection"
        See `JointOptimizer`.
    optimizer : str, Transform or None, default None
        None is L-BFGS; in the alternating mode Adam.
    learning_rate : float > 0 or schedule, default 0.01
        Of optimizers given by name; L-BFGS searches along its line.
    epochs : int >= 1, default 500
        Passes over the simulated rows.
    batch_size : int >= 1 or "full", default 32
        In the alternating mode; the others see all rows at once.
    reg_lambda : float >= 0, "loo" or "gcv", default "loo"
        Of the ridges on the real rows and, in the alternating mode, of the readout's.
    seed : int, default 0
        Of first parameters and orders of rows.
    task : {"regression", "classification"}, default "regression"
        What the targets are.
    activation : str, default "tanh"
        Of the hidden layers.
    loss : str, Loss or callable, default "squared_error"
        The supervised loss of the alternating mode.
    loss_weights : sequence of two or three floats, default (10, 1)
        Of the supervised term, of the alignment term and, in the implicit mode, of the neighbours'.
    refit_every : int >= 1, default 5
        Epochs between two solutions of the readout in the alternating mode.
    real : Real, optional
        The real rows; without them there is nothing to align to.
    outputs : int, optional
        Number of classes; needed for classification.
    replay : Replay, optional
        Of a fit that may be killed: what was trained is kept.

    Returns
    -------
    Trained
        The network, the history, whether the training settled.
    """
    if mode not in MODES:
        raise InvalidArgument(
            f"mode must be one of {', '.join(MODES)}, got {mode!r}.{did_you_mean(str(mode), MODES)}"
        )
    Y = one_hot(y_sim, outputs or int(y_sim.max()) + 1) if task == "classification" else y_sim
    mlp = MLP((X_sim.shape[1], *hidden, Y.shape[1]), activation)
    params = start(mlp, seed)
    pair = (float(loss_weights[0]), float(loss_weights[1]))
    record = Record(_looker(real, reg_lambda), pair, replay)

    def whole(phase: Callable[..., tuple[Base, bool]], *given: Any, **named: Any) -> tuple[Base, bool]:
        return as_whole(record, mlp, lambda: phase(*given, **named, record=record))

    if mode == "alternating":
        base, settled = whole(
            by_alternation,
            solved(mlp, params[:-1], X_sim, Y, 1.0),
            X_sim,
            Y,
            loss=get_loss(loss),
            weights=pair,
            aim=_aim(real, X_sim, Y),
            optimizer=by_name("adam" if optimizer is None else optimizer, learning_rate),
            epochs=epochs,
            batch_size=batch_size,
            refit_every=refit_every,
            reg_lambda=reg_lambda,
            seed=seed,
        )
    else:
        first = epochs if mode == "variable_projection" or real is None else max(1, epochs // 2)
        if optimizer is None or optimizer == "lbfgs":
            base, settled = whole(by_lbfgs, mlp, params, X_sim, Y, first, seed)
        else:
            chosen = by_name(optimizer, learning_rate)
            base, settled = whole(by_engine, mlp, params, X_sim, Y, chosen, first, seed)
        if mode == "implicit" and real is not None and epochs > first:
            t, c, _ = _aim(real, X_sim, Y)(base)
            scale = affine(base.predict(real.X), real.Y, real.weights)
            data = (X_sim, Y, real.X, real.Y, real.weights, t + scale.shift, c)
            third = float(loss_weights[2]) if len(loss_weights) > 2 else 0.1 * pair[1]
            base, settled = whole(by_implicit, base, data, (*pair, third), epochs - first)
    if task == "classification":
        base, settled = whole(by_cross_entropy, base, X_sim, y_sim, max(1, epochs // 2), seed)
    return Trained(base, record.history, settled)


def by_name(optimizer: Any, learning_rate: Any) -> Any:
    """Return an optimizer, one that is given by name with the learning rate."""
    return optimizers.get(optimizer, learning_rate=learning_rate) if isinstance(optimizer, str) else optimizer


def _looker(
    real: Real | None, reg_lambda: float | str
) -> Callable[[Base], tuple[float, float, float]] | None:
    if real is None:
        return None

    def look(base: Base) -> tuple[float, float, float]:
        head = real_head(base, real.X, real.Y, reg_lambda, real.weights)
        return head.error, head.reg_lambda, head.dof

    return look


def _aim(
    real: Real | None, X: np.ndarray, Y: np.ndarray
) -> Callable[[Base], tuple[np.ndarray, np.ndarray, float]]:
    """Return a function from a network to shifted targets, trust and scale of the alignment term."""
    if real is None:
        nothing = np.zeros_like(Y), np.zeros(len(X)), 1.0
        return lambda base: nothing
    near = find_neighbours(real.lookup, X)

    def aim(base: Base) -> tuple[np.ndarray, np.ndarray, float]:
        scale: Affine = affine(base.predict(real.X), real.Y, real.weights)
        targets = neighbour_targets(near, real.lookup, base, scale, X)
        return targets - scale.shift, near.trusted, scale.rho

    return aim
