"""The training loop's pure parts, once for the compiled and for the NumPy loop."""

from typing import Any, NamedTuple

import numpy as np

from neuralopt.core import tree
from neuralopt.core.results import Status
from neuralopt.engine.objective import Objective
from neuralopt.transforms.base import Transform

CALM_EPOCHS = 10
"""Epochs in a row whose training loss must change by no more than the tolerance to be called converged."""


class Limits(NamedTuple):
    """When a run ends early; plain numbers, so that changing one compiles nothing."""

    patience: Any  # (), int32: epochs without improvement before EARLY_STOPPED
    min_delta: Any  # (), float: how much lower counts as an improvement
    tolerance: Any  # (), float: change of the training loss that counts as none; negative switches it off
    divergence: Any  # (), float: multiple of the first batch's loss (at least of 1) that counts as DIVERGED


class LoopState(NamedTuple):
    """Everything a run needs to go on: what a checkpoint holds."""

    params: Any
    opt_state: Any
    epoch: Any  # (), int32, epochs done
    status: Any  # (), int32, code of a Status
    best: Any  # (), float, lowest monitored loss so far
    best_epoch: Any  # (), int32, epochs done when it was reached
    best_params: Any  # like params; () when they are not kept
    wait: Any  # (), int32, epochs since the last improvement
    calm: Any  # (), int32, epochs in a row without change
    previous: Any  # (), float, training loss of the epoch before
    reference: Any  # (), float, loss of the very first batch


def first_state(params: Any, optimizer: Transform, *, keep_best: bool) -> LoopState:
    """Return the state before the first epoch, in NumPy."""
    zero = np.asarray(0, np.int32)
    infinity = np.asarray(np.inf, tree.scalar_dtype(params))
    return LoopState(
        params=params,
        opt_state=optimizer.init(params),
        epoch=zero,
        status=np.asarray(Status.RUNNING.code, np.int32),
        best=infinity,
        best_epoch=zero,
        best_params=params if keep_best else (),
        wait=zero,
        calm=zero,
        previous=infinity,
        reference=np.zeros_like(infinity),
    )


def train_step(
    objective: Objective, optimizer: Any, params: Any, opt_state: Any, batch: Any, weights: Any
) -> tuple[Any, Any, Any]:
    """Return the parameters and optimizer state after one step, and the loss before it."""
    loss, grads = objective.value_and_grad(params, batch, weights)
    updates, opt_state = optimizer.update(
        grads, opt_state, params, value=loss, value_fn=lambda q: objective.value(q, batch, weights)
    )
    return tree.apply_updates(params, updates), opt_state, loss


def close_epoch(
    xp: Any,
    limits: Limits,
    state: LoopState,
    params: Any,
    opt_state: Any,
    losses: Any,
    shares: Any,
    evaluated: dict[str, Any],
) -> tuple[LoopState, dict[str, Any]]:
    """Book an epoch: track the best, decide whether the run ends, return the row of the history.

    Parameters
    ----------
    xp : module
        Array namespace.
    limits : Limits
    state : LoopState
        Before the epoch.
    params, opt_state : tree
        After the epoch's steps.
    losses : array of shape (steps,)
        Loss of every batch before its step.
    shares : array of shape (steps,)
        Share of the epoch's rows in every batch; they sum to one.
    evaluated : dict
        Validation figures, ``validation_loss`` among them, or empty.

    Returns
    -------
    state : LoopState
    row : dict of scalar arrays
    """
    dtype = state.best.dtype
    losses = xp.astype(losses, dtype)
    loss = xp.sum(losses * xp.astype(shares, dtype))
    monitored = xp.astype(evaluated.get("validation_loss", loss), dtype)
    epoch = state.epoch + 1
    improved = monitored < state.best - limits.min_delta
    zero = xp.zeros_like(state.wait)
    wait = xp.where(improved, zero, state.wait + 1)
    calm = xp.where(xp.abs(loss - state.previous) <= limits.tolerance, state.calm + 1, zero)
    reference = xp.where(state.epoch == 0, losses[0], state.reference)
    bound = limits.divergence * xp.maximum(xp.abs(reference), xp.ones_like(reference))
    diverged = ~(xp.isfinite(loss) & xp.isfinite(monitored) & (loss <= bound))

    status = state.status
    for ended, why in (
        (calm >= CALM_EPOCHS, Status.CONVERGED),
        (wait >= limits.patience, Status.EARLY_STOPPED),
        (diverged, Status.DIVERGED),
    ):
        status = xp.where(ended, xp.asarray(why.code, dtype=xp.int32), status)

    best_params = state.best_params
    if not isinstance(best_params, tuple) or best_params:
        best_params = tree.map(lambda new, old: xp.where(improved, new, old), params, best_params)
    row = {"loss": loss, "learning_rate": opt_state.learning_rate, **evaluated}
    return LoopState(
        params=params,
        opt_state=opt_state,
        epoch=epoch,
        status=status,
        best=xp.where(improved, monitored, state.best),
        best_epoch=xp.where(improved, epoch, state.best_epoch),
        best_params=best_params,
        wait=wait,
        calm=calm,
        previous=loss,
        reference=reference,
    ), row
