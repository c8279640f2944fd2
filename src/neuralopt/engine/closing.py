"""The end of an epoch: what is booked, observed and decided."""

from typing import Any

from neuralopt.core import tree
from neuralopt.core.results import Status
from neuralopt.engine.loop import LoopState, Method, Point
from neuralopt.engine.record import effective
from neuralopt.schedules import feedback_observe

CALM_EPOCHS = 10
"""Epochs in a row whose training loss must change by no more than the tolerance to be called converged."""


def close_epoch(
    xp: Any,
    method: Method,
    state: LoopState,
    point: Point,
    kept: tuple[Any, Any],
    losses: Any,
    shares: Any,
    figures: dict[str, Any],
) -> tuple[LoopState, dict[str, Any]]:
    """Book an epoch: track the best, decide whether the run ends, return the row of the history.

    Parameters
    ----------
    xp : module
        Array namespace.
    method : Method
        As it was given, feedback schedules not settled.
    state : LoopState
        Before the epoch.
    point : Point
        After the epoch's steps.
    kept : (tree, tree)
        The parameters that were evaluated, and their statistics.
    losses : array of shape (steps,)
        Loss of every batch before its step; NaN where a guard skipped it.
    shares : array of shape (steps,)
        Share of the epoch's rows in every batch; they sum to one.
    figures : dict
        Of the validation, ``validation_loss`` among them, or empty.

    Returns
    -------
    state : LoopState
    row : dict of scalar arrays
    """
    optimizer, limits, noise = method
    dtype = state.best.dtype
    losses, shares = xp.astype(losses, dtype), xp.astype(shares, dtype)
    loss, reference, skipped = _mean_loss(xp, optimizer, losses, shares)
    monitored = xp.astype(figures.get("validation_loss", loss), dtype)
    epoch = state.epoch + 1
    improved = monitored < state.best - limits.min_delta
    zero = xp.zeros_like(state.wait)
    wait = xp.where(improved, zero, state.wait + 1)
    calm = xp.where(xp.abs(loss - state.previous) <= limits.tolerance, state.calm + 1, zero)
    reference = xp.where(state.epoch == 0, reference, state.reference)
    bound = limits.divergence * xp.maximum(xp.abs(reference), xp.ones_like(reference))
    diverged = ~(xp.isfinite(loss) & xp.isfinite(monitored) & (loss <= bound))
    if optimizer.guards:  # an epoch without any step is the guard's to judge
        diverged = (diverged & ~xp.all(skipped)) | optimizer.diverged(point.opt_state)

    status = state.status
    for ended, why in (
        (calm >= CALM_EPOCHS, Status.CONVERGED),
        (wait >= limits.patience, Status.EARLY_STOPPED),
        (diverged, Status.DIVERGED),
    ):
        status = xp.where(ended, xp.asarray(why.code, dtype=xp.int32), status)

    def better(new: Any, old: Any) -> Any:
        return xp.where(improved, new, old)

    best_params, best_statistics = state.best_params, state.best_statistics
    if not isinstance(best_params, tuple) or best_params:
        best_params = tree.map(better, kept[0], best_params)
        best_statistics = tree.map(better, kept[1], best_statistics)
    row = {"loss": loss, "learning_rate": point.opt_state.learning_rate}
    row |= effective(optimizer, noise, state.feedback, point.opt_state, epoch * losses.shape[0] - 1)
    if optimizer.guards:
        row["skipped_steps"] = xp.sum(xp.astype(skipped, dtype))
    feedback = tuple(
        feedback_observe(part, states, monitored, loss, {"loss": loss, **figures})
        for part, states in zip((optimizer, noise and noise.rates), state.feedback, strict=True)
    )
    return LoopState(
        params=point.params,
        opt_state=point.opt_state,
        epoch=epoch,
        status=status,
        best=better(monitored, state.best),
        best_epoch=better(epoch, state.best_epoch),
        best_params=best_params,
        wait=wait,
        calm=calm,
        previous=loss,
        reference=reference,
        statistics=point.statistics,
        estimated=kept[1] if optimizer.averages else (),
        best_statistics=best_statistics,
        feedback=feedback,
    ), row | figures


def _mean_loss(xp: Any, optimizer: Any, losses: Any, shares: Any) -> tuple[Any, Any, Any]:
    """Return the epoch's loss, the first batch's, and which steps were skipped (None without a guard)."""
    if not optimizer.guards:
        return xp.sum(losses * shares), losses[0], None
    skipped = xp.isnan(losses)
    zeros = xp.zeros_like(losses)
    counted = xp.where(skipped, zeros, shares)
    total = xp.sum(counted)
    sum_ = xp.sum(xp.where(skipped, zeros, losses) * counted)
    # of no step at all the mean is not a number
    some = total > 0
    loss = xp.where(some, sum_ / xp.where(some, total, xp.ones_like(total)), xp.full_like(total, xp.nan))
    return loss, xp.where(skipped[0], loss, losses[0]), skipped
