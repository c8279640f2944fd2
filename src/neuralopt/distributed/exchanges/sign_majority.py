"""The workers vote on the sign of every entry."""

from typing import Any, ClassVar

import jax
import jax.numpy as jnp

from neuralopt.core.method import hyper, method
from neuralopt.distributed.exchanges.base import Exchange, Parts, fit
from neuralopt.distributed.exchanges.bits import BIT_BYTES, BLOCK, pack_signs, unpack_signs
from neuralopt.distributed.exchanges.collectives import AXIS, Collective, gather, scatter, two_legs
from neuralopt.distributed.exchanges.layout import Layout


@method
class SignMajority(Exchange):
    r"""Send one bit for each entry of the momentum; step along the sign of the majority.

    .. math:: m_{t,k} = \beta m_{t-1,k} + (1 - \beta) g_{t,k}, \quad
        \bar g_t = \mathrm{sign}\Bigl(\sum_k \mathrm{sign}(m_{t,k})\Bigr)

    Every worker counts the votes of the part that it owns; of a tie its own vote decides. Goes with
    `SGD` without momentum and a learning rate as for `Lion`. Memory: one number per parameter and worker.

    Parameters
    ----------
    momentum : 0 <= float < 1, default 0.9
        The decay beta.

    Notes
    -----
    There is no error feedback: a vote has no magnitude that could be left over, and the step keeps its
    size to the end unless a schedule takes it down. A zero counts as a positive vote.

    References
    ----------
    Bernstein, Zhao, Azizzadenesheli and Anandkumar, 2019, arXiv:1810.05291, algorithm 1.

    Examples
    --------
    >>> SignMajority().bytes_per_step(Layout(((784, 512),), workers=2))
    50176.0
    """

    momentum: Any = hyper(0.9, low=0, high=1, high_open=True)

    takes_momentum: ClassVar[bool] = True

    def init(self, layout: Layout) -> Parts:
        """Return the momentum, zero; see `Exchange.init`."""
        return Parts(layout.zeros())

    def apply(self, vector: Any, state: Parts, layout: Layout, step: Any) -> tuple[Any, Parts]:
        """Return the signs of the majority; see `Exchange.apply`."""
        decay = jnp.asarray(self.momentum, layout.dtype)
        trace = decay * state.own + (1 - decay) * vector
        rows = pack_signs(fit(trace, layout.padded(BLOCK)))
        votes = unpack_signs(scatter(rows, layout.workers), layout.dtype)
        # half a vote more for the owner's: it decides ties and nothing else
        own = votes[jax.lax.axis_index(AXIS)]
        agreed = unpack_signs(gather(pack_signs(votes.sum(0) + own / 2)), layout.dtype)
        return agreed[: layout.size], Parts(trace)

    def collectives(self, layout: Layout, step: int | None = None) -> tuple[Collective, ...]:
        """Return both legs; see `Exchange.collectives`."""
        return two_legs(layout, layout.padded(BLOCK) // BLOCK * BIT_BYTES, 1)
