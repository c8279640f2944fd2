"""The closed-form readout from rows that lie in several places: statistics travel, rows do not."""

from collections.abc import Sequence

import jax

from neuralopt.core import tree
from neuralopt.core.errors import InvalidArgument
from neuralopt.distributed.exchanges.collectives import AXIS
from neuralopt.readout import CoMoments, merge


def merge_shards(shards: Sequence[CoMoments]) -> CoMoments:
    """Return the co-moments of all rows from those of each shard.

    They are merged in pairs, and pairs of pairs: rounding grows with the logarithm of their number.

    Parameters
    ----------
    shards : sequence of CoMoments
        From `neuralopt.readout.comoments`; a shard without rows may be among them.

    Returns
    -------
    CoMoments
        To be solved by `neuralopt.readout.solve_comoments`.

    Raises
    ------
    InvalidArgument
        For none, or shards of different numbers of features or targets.

    Examples
    --------
    >>> import numpy as np
    >>> from neuralopt.readout import comoments, solve_comoments
    >>> H, Y = np.arange(6.0)[:, None], np.arange(6.0)[:, None] * 2 + 1
    >>> whole = merge_shards([comoments(H[k::3], Y[k::3]) for k in range(3)])
    >>> solve_comoments(whole, 0.0).weights.round(6)
    array([[2.]])
    """
    found = list(shards)
    shapes = {(*shard.hh.shape, *shard.hy.shape) for shard in found}
    if len(shapes) != 1:
        got = "none" if not found else ", ".join(f"hy of {s.hy.shape}" for s in found)
        raise InvalidArgument(
            f"merge_shards needs co-moments of the same features and targets, got {got}. "
            "Likely cause: shards from different layers or tables."
        )
    while len(found) > 1:
        pairs = [merge(*found[k : k + 2]) for k in range(0, len(found) - 1, 2)]
        found = pairs + found[2 * len(pairs) :]
    return found[0]


def all_merge(moments: CoMoments, axis: str = AXIS) -> CoMoments:
    """Return the co-moments of all workers' rows on every one of them, in one collective.

    Parameters
    ----------
    moments : CoMoments
        This worker's, as JAX arrays of one dtype.
    axis : str, default "workers"
        The mapped axis that the workers lie along.

    Returns
    -------
    CoMoments
        The same bits on all workers.

    Examples
    --------
    >>> import jax
    >>> from neuralopt.readout import comoments
    >>> H, Y = jax.numpy.arange(6.0).reshape(2, 3, 1), jax.numpy.ones((2, 3, 1))
    >>> both = jax.vmap(lambda h, y: all_merge(comoments(h, y)), axis_name="workers", out_axes=None)(H, Y)
    >>> float(both.hh[0, 0])
    17.5
    """
    gathered = jax.lax.all_gather(tree.ravel(moments), axis)
    return merge_shards([tree.unravel(gathered[k], moments) for k in range(gathered.shape[0])])
