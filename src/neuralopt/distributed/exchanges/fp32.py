"""The plain mean."""

from typing import Any

from neuralopt.core.method import method
from neuralopt.distributed.exchanges.base import Exchange, Parts
from neuralopt.distributed.exchanges.collectives import Collective, all_reduce, mean
from neuralopt.distributed.exchanges.layout import Layout


@method
class Fp32(Exchange):
    r"""Send all numbers as they are, in one collective.

    .. math:: \bar g_t = \tfrac1K \sum_k g_{t,k}

    In a float64 run the numbers are float64 and take twice the bytes. No memory.

    Examples
    --------
    >>> Fp32().bytes_per_step(Layout(((784, 512), (512,)), workers=2))
    1607680.0
    """

    def init(self, layout: Layout) -> Parts:
        """Return nothing to remember; see `Exchange.init`."""
        return Parts()

    def apply(self, vector: Any, state: Parts, layout: Layout, step: Any) -> tuple[Any, Parts]:
        """Return the mean; see `Exchange.apply`."""
        return mean(vector), state

    def collectives(self, layout: Layout, step: int | None = None) -> tuple[Collective, ...]:
        """Return one all-reduce; see `Exchange.collectives`."""
        return (all_reduce(layout, layout.size, layout.itemsize),)
