"""Alternating training: epochs of descent on all weights, then the readout in closed form."""

import dataclasses
from collections.abc import Callable
from typing import Any

import jax.numpy as jnp
import numpy as np

from neuralopt.engine import Callback, Report, train
from neuralopt.engine.history import settled
from neuralopt.joint.base import Base
from neuralopt.joint.record import Record
from neuralopt.joint.restart import flat, go_on, layers
from neuralopt.models import MLP, Loss
from neuralopt.models.mlp import Params
from neuralopt.readout import choose, ridge_path, solve


@dataclasses.dataclass(frozen=True)
class JointLoss:
    r"""The supervised loss plus the squared distance to what the real neighbours say.

    .. math:: \frac{1}{w_s + w_a} \left(w_s\, L(f, y) + w_a\, \overline{c\, |\rho f + b - t|^2}\right)

    A hashable value without arrays, so that all chunks share one compiled program: rho, the trust c and the
    shifted targets t - b come with the rows.
    """

    mlp: MLP
    loss: Any
    supervised: float
    alignment: float

    def __call__(self, params: Params, batch: Any) -> Any:
        """Return the loss of a batch (X, y, t - b, c, rho)."""
        X, y, t, c, rho = batch
        f = self.mlp.forward(params, X)
        first = self.loss.value(f, y) if isinstance(self.loss, Loss) else jnp.mean(self.loss(f, y))
        aligned = jnp.mean(c * jnp.mean(jnp.square(rho[:, None] * f - t), axis=1))
        return (self.supervised * first + self.alignment * aligned) / (self.supervised + self.alignment)


def refit(
    base: Base,
    X: np.ndarray,
    Y: np.ndarray,
    aim: tuple[np.ndarray, np.ndarray, float],
    weights: tuple[float, float],
    reg_lambda: float | str,
) -> Base:
    """Return the network with the readout that minimises `JointLoss` of squared errors, plus the penalty.

    Both terms are squares of the same outputs, so that they are one weighted ridge on blended targets.

    Parameters
    ----------
    base : Base
        Whose features stay.
    X, Y : array
        Scaled simulated rows.
    aim : (array of shape (n, k), array of shape (n,), float)
        Shifted targets of the neighbours, the trust in them, rho.
    weights : (float, float)
        Of the supervised and the alignment term.
    reg_lambda : float >= 0, "loo" or "gcv"
        Of the ridge, in units of the sum of squares.

    Returns
    -------
    Base
        With the new readout.
    """
    t, c, rho = aim
    supervised, alignment = (w / sum(weights) for w in weights)
    pull = alignment * c * rho
    s = supervised + pull * rho
    blended = (supervised * Y + pull[:, None] * t) / s[:, None]
    H = base.features(X)
    if isinstance(reg_lambda, str):
        readout = choose(ridge_path(H, blended, None, s), reg_lambda).readout
    else:
        readout = solve(H, blended, reg_lambda, s)
    return base.with_readout(readout.weights, readout.bias)


class _Losses(Callback):
    every = 1  # see `Watch`

    def __init__(self, record: Record, base: Callable[[Params], Base]) -> None:
        self._record, self._base = record, base

    def on_chunk(self, report: Report) -> bool:
        params = [(np.asarray(W, np.float64), np.asarray(b, np.float64)) for W, b in report.params]
        for loss, rate in zip(report.rows["loss"], report.rows["learning_rate"], strict=True):
            self._record.add(lambda: self._base(params), float(loss), float(rate))
        return False


def by_alternation(
    base: Base,
    X: np.ndarray,
    Y: np.ndarray,
    *,
    loss: Any,
    weights: tuple[float, float],
    aim: Callable[[Base], tuple[np.ndarray, np.ndarray, float]],
    optimizer: Any,
    epochs: int,
    batch_size: int | str,
    refit_every: int,
    reg_lambda: float | str,
    seed: int,
    record: Record,
) -> tuple[Base, bool]:
    """Train in chunks of epochs through the compiled engine, the readout solved between two chunks.

    The optimizer starts anew in every chunk: its averages belong to gradients of a readout that is no more.

    Parameters
    ----------
    base : Base
        Where to start.
    X, Y : array
        Scaled simulated rows.
    loss : Loss or callable
        Of outputs and targets.
    weights : (float, float)
        Of the supervised and the alignment term.
    aim : callable
        Takes a Base, returns what the neighbours say, see `refit`.
    optimizer : Transform
        Any of the library's.
    epochs : int >= 1
        In all.
    batch_size : int or "full"
        Rows of a step.
    refit_every : int >= 1
        Epochs between two solutions.
    reg_lambda : float >= 0, "loo" or "gcv"
        Of the ridge.
    seed : int
        Of the order of the rows; every chunk has another.
    record : Record
        Told of every epoch.

    Returns
    -------
    (Base, bool)
        The network, and whether the losses had settled.
    """
    mlp, done, losses, slot = base.mlp, 0, [], record.replay.slot()
    if slot is not None and slot.found:
        content, held = slot.read()
        done, losses = content["done"], list(held["losses"])
        record.restore(held["rows"], held["seen"])
        base = Base(mlp, layers([held[f"params/{k}"] for k in range(2 * len(base.params))]))
    size = batch_size if isinstance(batch_size, str) else min(batch_size, len(X))
    while done < epochs:
        chunk = min(refit_every, epochs - done)
        target = t, c, rho = aim(base)
        result = train(
            JointLoss(mlp, loss, *weights),
            tuple(a.astype(np.float32) for a in (X, Y, t, c, np.full(len(X), rho))),
            params=base.params,
            optimizer=optimizer,
            epochs=chunk,
            batch_size=size,
            seed=seed + done,
            callbacks=[_Losses(record, lambda params: Base(mlp, params))],
        )
        go_on(result)
        params = [(np.asarray(W, np.float64), np.asarray(b, np.float64)) for W, b in result.params]
        base = refit(Base(mlp, params), X, Y, target, weights, reg_lambda)
        losses += list(result.history["loss"])
        done += chunk
        if slot is not None:
            rows, seen = record.arrays()
            params = {f"params/{k}": array for k, array in enumerate(flat(base.params))}
            slot.hold({"done": done}, {"losses": np.array(losses), "rows": rows, "seen": seen, **params})
    return base, settled(np.array(losses))
