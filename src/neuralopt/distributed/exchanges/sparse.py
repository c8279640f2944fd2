"""Sending a few entries of a vector with their places."""

from typing import Any

import jax
import jax.numpy as jnp

from neuralopt.distributed.exchanges.collectives import AXIS
from neuralopt.distributed.exchanges.layout import Layout

#: Four of value and four of place.
ENTRY_BYTES = 8


def count(fraction: float, layout: Layout) -> int:
    """Return how many entries a share of the vector is, at least one."""
    return max(1, round(fraction * layout.size))


def send_largest(vector: Any, entries: int, layout: Layout) -> tuple[Any, Any, Any]:
    """Return the mean of every worker's largest entries, this worker's places, and what it sent there.

    Parameters
    ----------
    vector : array of shape (n,)
        This worker's.
    entries : int
        How many are sent, by magnitude.
    layout : Layout

    Returns
    -------
    agreed : array of shape (n,)
    places : int32 array of shape (entries,)
    values : array of shape (entries,)
        Rounded to float32, as they were sent.
    """
    places = jax.lax.top_k(jnp.abs(vector), entries)[1]
    values = vector[places].astype(jnp.float32)
    # values and places in one buffer: one collective
    buffer = jnp.stack([jax.lax.bitcast_convert_type(values, jnp.int32), places.astype(jnp.int32)])
    found = jax.lax.all_gather(buffer, AXIS)
    theirs = jax.lax.bitcast_convert_type(found[:, 0], jnp.float32).astype(layout.dtype).reshape(-1)
    agreed = jnp.zeros(layout.size, layout.dtype).at[found[:, 1].reshape(-1)].add(theirs) / layout.workers
    return agreed, places, values.astype(layout.dtype)
