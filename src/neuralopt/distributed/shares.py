"""How the rows of every batch are dealt to the workers."""

from typing import Any

import numpy as np

from neuralopt.core.errors import InvalidArgument
from neuralopt.engine.batches import Plan
from neuralopt.engine.runners import chunk_orders


def check_shares(plan: Plan, workers: int, weighted: bool) -> None:
    """Raise unless every batch can be dealt to so many workers.

    Parameters
    ----------
    plan : Plan
        Of the batches of all workers together.
    workers : int
    weighted : bool
        Whether rows can be weighted; then shares need not be equal.

    Raises
    ------
    InvalidArgument
        For fewer rows than workers, or unequal shares of a loss that mixes rows.
    """
    check_rows(plan.batch_size, workers)
    if plan.batch_size % workers and not weighted:
        raise InvalidArgument(
            f"a loss of one's own takes equal shares of each batch, got batch_size={plan.batch_size} for "
            f"{workers} workers. Take a multiple of {workers}."
        )


def check_rows(batch_size: int, workers: int) -> None:
    """Raise unless there is a row for every worker."""
    if batch_size < workers:
        raise InvalidArgument(
            f"every worker needs a row of each batch, got batch_size={batch_size} for {workers} "
            "workers. The batch size is that of all workers together: raise it, or take fewer workers."
        )


def share_size(plan: Plan, workers: int) -> int:
    """Return the rows of one worker's share."""
    return -(-plan.batch_size // workers)


def deal(plan: Plan, batches: np.ndarray, workers: int) -> np.ndarray:
    """Return an array of shape (..., batch_size) as one of shape (workers, ..., share), filled up with 0."""
    size = share_size(plan, workers)
    missing = size * workers - batches.shape[-1]
    filled = np.pad(batches, [(0, 0)] * (batches.ndim - 1) + [(0, missing)])
    return np.moveaxis(filled.reshape(*batches.shape[:-1], workers, size), -2, 0)


def share_orders(plan: Plan, seed: int, epoch: int, until: int, capacity: int, workers: int) -> np.ndarray:
    """Return which rows every worker takes, shape (workers, capacity, steps, share); see `chunk_orders`."""
    if plan.full:
        rows = np.arange(plan.rows, dtype=np.int32)
        return deal(plan, np.broadcast_to(rows, (capacity, 1, plan.rows)), workers)
    return deal(plan, chunk_orders(plan, seed, epoch, until, capacity), workers)


def share_weights(plan: Plan, workers: int, dtype: Any) -> np.ndarray | None:
    """Return the weights of every worker's rows, shape (workers, steps, share), or None for equal ones.

    The mean over the workers of their weighted sums is the weighted sum of the batch.
    """
    if plan.weights is None and plan.batch_size % workers == 0:
        return None
    weights = plan.weights
    if weights is None:
        weights = np.full((plan.steps, plan.batch_size), 1 / plan.batch_size)
    return deal(plan, weights * workers, workers).astype(dtype)
