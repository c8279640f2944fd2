"""The largest entries only."""

from typing import Any

from neuralopt.core.method import method, switch
from neuralopt.distributed.exchanges.base import Exchange, Parts, check_fraction
from neuralopt.distributed.exchanges.collectives import Collective, all_gather
from neuralopt.distributed.exchanges.layout import Layout
from neuralopt.distributed.exchanges.sparse import ENTRY_BYTES, count, send_largest


@method
class TopK(Exchange):
    r"""Send the entries of largest magnitude; keep the rest for later.

    .. math:: c_{t,k} = g_{t,k} + e_{t,k}, \quad \bar g_t = \tfrac1K \sum_k \mathrm{top}(c_{t,k}), \quad
        e_{t+1,k} = c_{t,k} - \mathrm{top}(c_{t,k})

    Memory: one number per parameter and worker.

    Parameters
    ----------
    fraction : 0 < float <= 1, default 0.01
        Share of the entries that every worker sends.

    Notes
    -----
    Adam divides by a running root of squares that sparse gradients distort; it then learns worse than
    SGD. `DGC` and `Momentum1Bit` are made for momentum. What is sent grows with K - 1.

    References
    ----------
    Stich, Cordonnier and Jaggi, 2018, arXiv:1809.07599.

    Examples
    --------
    >>> TopK(0.01).bytes_per_step(Layout(((100, 100),), workers=2))
    800.0
    """

    fraction: float = switch(0.01)

    def __post_init__(self) -> None:
        check_fraction(self)

    def init(self, layout: Layout) -> Parts:
        """Return the residual, zero; see `Exchange.init`."""
        return Parts(layout.zeros())

    def apply(self, vector: Any, state: Parts, layout: Layout, step: Any) -> tuple[Any, Parts]:
        """Return the mean of the largest entries; see `Exchange.apply`."""
        wanted = vector + state.own
        agreed, places, values = send_largest(wanted, count(self.fraction, layout), layout)
        return agreed, Parts(wanted.at[places].add(-values))

    def collectives(self, layout: Layout, step: int | None = None) -> tuple[Collective, ...]:
        """Return one all-gather; see `Exchange.collectives`."""
        return (all_gather(layout, count(self.fraction, layout), ENTRY_BYTES),)
