"""The largest entries only."""

from typing import Any

from neuralopt.core.method import method, switch
from neuralopt.distributed.exchanges.base import Exchange, Layout, Parts, check_fraction
from neuralopt.distributed.exchanges.sparse import count, send_largest, sparse_bytes


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

    def messages(self, layout: Layout) -> int:
        """Return the messages of one all-gather; see `Exchange.messages`."""
        return layout.workers - 1

    def bytes_per_step(self, layout: Layout, step: int | None = None) -> float:
        """Return the bytes of the entries; see `Exchange.bytes_per_step`."""
        return sparse_bytes(count(self.fraction, layout), layout)
