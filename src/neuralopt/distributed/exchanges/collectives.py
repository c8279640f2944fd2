"""The collectives of the workers' axis, and what each of them sends."""

from typing import Any, NamedTuple

import jax

from neuralopt.distributed.exchanges.layout import Layout

#: The name of the axis that the workers lie along, mapped over devices or simulated.
AXIS = "workers"


class Collective(NamedTuple):
    """One collective of an exchange, as one worker sees it.

    By the ring and pairwise algorithms: an all-reduce of B bytes sends 2 (K - 1) / K * B, an all-to-all
    (K - 1) / K * B, an all-gather K - 1 times a worker's own bytes.
    """

    kind: str  # "all_reduce", "all_to_all" or "all_gather"
    bytes: float  # that one worker sends, headers of the network not counted
    messages: int  # that follow one another: each costs the latency once


def all_reduce(layout: Layout, count: float, itemsize: int) -> Collective:
    """Return what an all-reduce of so many numbers takes."""
    others = layout.workers - 1
    return Collective("all_reduce", 2 * others / layout.workers * count * itemsize, 2 * others)


def two_legs(layout: Layout, count: float, itemsize: int) -> tuple[Collective, Collective]:
    """Return what an all-to-all of so many numbers takes, and an all-gather of the parts after it."""
    others = layout.workers - 1
    each = others / layout.workers * count * itemsize
    return Collective("all_to_all", each, others), Collective("all_gather", each, others)


def all_gather(layout: Layout, count: float, itemsize: int) -> Collective:
    """Return what an all-gather takes to which every worker brings so many numbers."""
    others = layout.workers - 1
    return Collective("all_gather", float(others * count * itemsize), others)


def mean(vector: Any) -> Any:
    """Return the mean over the workers."""
    return jax.lax.pmean(vector, AXIS)


def scatter(rows: Any, workers: int) -> Any:
    """Return the part that this worker owns of every worker's buffer, the workers along the first axis."""
    return jax.lax.all_to_all(rows.reshape(workers, -1, *rows.shape[1:]), AXIS, 0, 0)


def gather(part: Any) -> Any:
    """Return all workers' parts one after the other, the same on every worker."""
    found = jax.lax.all_gather(part, AXIS)
    return found.reshape(-1, *found.shape[2:])
