"""The two legs that all quantised exchanges share, with error feedback on both."""

import functools
import operator
from collections.abc import Callable
from typing import Any

import jax
import numpy as np

from neuralopt.distributed.exchanges.base import Parts, fit
from neuralopt.distributed.exchanges.collectives import AXIS, gather, scatter
from neuralopt.distributed.exchanges.layout import Layout


def residuals(layout: Layout, unit: int) -> tuple[Any, Any]:
    """Return the two residuals at the start: of all that is sent, and of the part that is owned."""
    size = layout.padded(unit)
    return layout.zeros(size), layout.zeros(size // layout.workers)


def two_phase(
    vector: Any,
    errors: tuple[Any, Any],
    layout: Layout,
    unit: int,
    pack: Callable[[Any], Any],
    unpack: Callable[[Any], Any],
) -> tuple[Any, tuple[Any, Any]]:
    """Return the mean of quantised vectors, itself quantised, and what both quantisations left over.

    Parameters
    ----------
    vector : array of shape (n,)
        This worker's.
    errors : (array of shape (p,), array of shape (p / K,))
        From the exchange before.
    layout : Layout
    unit : int
        Numbers that are quantised together; p is n rounded up to K units.
    pack : callable
        Turns a vector into rows to send, one for each unit.
    unpack : callable
        Turns rows back into a vector of the layout's dtype; leading axes stay.

    Returns
    -------
    agreed : array of shape (n,)
    errors : (array, array)
    """
    sent, owned = errors
    size = layout.padded(unit)
    # padding stands for nothing: what a sign makes of its zeros is not owed to anybody
    real = jax.numpy.asarray(np.arange(size) < layout.size).reshape(layout.workers, -1)
    mine = real[jax.lax.axis_index(AXIS)]
    wanted = fit(vector, size) + sent
    rows = pack(wanted)
    sent = (wanted - unpack(rows)) * real.reshape(-1)
    # the worker that owns a part adds the others' up, and quantises their mean once more
    parts = scatter(rows, layout.workers)
    # one by one: XLA on a CPU is slow to reduce over a short first axis
    added = functools.reduce(operator.add, map(unpack, parts))
    total = (added / layout.workers + owned) * mine
    rows = pack(total)
    owned = (total - unpack(rows)) * mine
    return unpack(gather(rows))[: layout.size], (sent, owned)


def first_parts(layout: Layout, unit: int) -> Parts:
    """Return the state of an exchange that remembers the two residuals only."""
    return Parts(residuals(layout, unit))
