"""Sixteen bits for every number."""

from typing import Any

import jax
import jax.numpy as jnp

from neuralopt.core.method import method
from neuralopt.distributed.exchanges.base import Exchange, Parts
from neuralopt.distributed.exchanges.collectives import Collective, two_legs
from neuralopt.distributed.exchanges.layout import Layout
from neuralopt.distributed.exchanges.two_phase import first_parts, two_phase


@method
class Bf16(Exchange):
    r"""Send numbers rounded to bfloat16, with error feedback on both legs.

    .. math::

        q_{t,k} = \mathrm{bf16}(g_{t,k} + e_{t,k}), \quad e_{t+1,k} = g_{t,k} + e_{t,k} - q_{t,k}, \quad
        \bar g_t = \mathrm{bf16}\bigl(\tfrac1K \sum_k q_{t,k} + r_t\bigr)

    The bits travel as unsigned integers: XLA on a CPU widens a collective of bfloat16 to float32.
    Memory: 1 + 1/K numbers per parameter and worker.

    References
    ----------
    Seide, Fu, Droppo, Li and Yu, 2014, Interspeech: error feedback.

    Examples
    --------
    >>> Bf16().bytes_per_step(Layout(((784, 512), (512,)), workers=2))
    803840.0
    """

    def init(self, layout: Layout) -> Parts:
        """Return the residuals, zero; see `Exchange.init`."""
        return first_parts(layout, 1)

    def apply(self, vector: Any, state: Parts, layout: Layout, step: Any) -> tuple[Any, Parts]:
        """Return the mean of rounded vectors; see `Exchange.apply`."""

        def pack(numbers: Any) -> Any:
            return jax.lax.bitcast_convert_type(numbers.astype(jnp.bfloat16), jnp.uint16)

        def unpack(bits: Any) -> Any:
            return jax.lax.bitcast_convert_type(bits, jnp.bfloat16).astype(layout.dtype)

        agreed, errors = two_phase(vector, state.own, layout, 1, pack, unpack)
        return agreed, Parts(errors)

    def collectives(self, layout: Layout, step: int | None = None) -> tuple[Collective, ...]:
        """Return both legs; see `Exchange.collectives`."""
        return two_legs(layout, layout.padded(1), 2)
