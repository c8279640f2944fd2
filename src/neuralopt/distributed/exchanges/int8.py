"""Eight bits for every number."""

from typing import Any

import jax
import jax.numpy as jnp

from neuralopt.core.method import method
from neuralopt.distributed.exchanges.base import Exchange, Parts
from neuralopt.distributed.exchanges.collectives import Collective, two_legs
from neuralopt.distributed.exchanges.layout import Layout
from neuralopt.distributed.exchanges.two_phase import first_parts, two_phase

BLOCK, _SCALE_BYTES, _LARGEST = 256, 4, 127


@method
class Int8(Exchange):
    r"""Send whole numbers up to 127 and a scale for each block of 256, with error feedback on both legs.

    .. math::

        s = \max_{i \in \text{block}} |c_i| / 127, \quad q_i = \mathrm{round}(c_i / s), \quad
        e_i \leftarrow c_i - s\,q_i

    The scale stands in the same buffer as the numbers, so that each leg is one collective. Memory:
    1 + 1/K numbers per parameter and worker.

    Notes
    -----
    An all-reduce of the whole numbers would have to carry them in 32 bits and save nothing.

    References
    ----------
    Dettmers, 2016, arXiv:1511.04561: eight bits by blocks. Seide et al., 2014: error feedback.

    Examples
    --------
    >>> Int8().bytes_per_step(Layout(((784, 512), (512,)), workers=2))
    408200.0
    """

    def init(self, layout: Layout) -> Parts:
        """Return the residuals, zero; see `Exchange.init`."""
        return first_parts(layout, BLOCK)

    def apply(self, vector: Any, state: Parts, layout: Layout, step: Any) -> tuple[Any, Parts]:
        """Return the mean of quantised vectors; see `Exchange.apply`."""

        def unpack(rows: Any) -> Any:
            return unpack_blocks(rows, layout.dtype)

        agreed, errors = two_phase(vector, state.own, layout, BLOCK, pack_blocks, unpack)
        return agreed, Parts(errors)

    def collectives(self, layout: Layout, step: int | None = None) -> tuple[Collective, ...]:
        """Return both legs; see `Exchange.collectives`."""
        return two_legs(layout, layout.padded(BLOCK) // BLOCK * (BLOCK + _SCALE_BYTES), 1)


def unpack_blocks(rows: Any, dtype: Any) -> Any:
    """Return the numbers that rows of `pack_blocks` stand for; leading axes stay."""
    scales = jax.lax.bitcast_convert_type(rows[..., BLOCK:], jnp.float32).astype(dtype)
    found = rows[..., :BLOCK].astype(dtype) * scales[..., None]
    return found.reshape(*found.shape[:-2], -1)


def pack_blocks(numbers: Any) -> Any:
    """Return whole numbers with the four bytes of their scale, one row for each block."""
    blocks = numbers.reshape(-1, BLOCK)
    scales = (jnp.max(jnp.abs(blocks), axis=1) / _LARGEST).astype(jnp.float32)
    # a block of zeros has scale 0
    divisors = jnp.where(scales > 0, scales, jnp.ones_like(scales)).astype(numbers.dtype)
    whole = jnp.round(blocks / divisors[:, None])
    whole = jnp.clip(whole, -_LARGEST, _LARGEST).astype(jnp.int8)
    return jnp.concatenate([whole, jax.lax.bitcast_convert_type(scales, jnp.int8)], axis=1)
