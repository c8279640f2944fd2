"""The plain mean."""

from typing import Any

from neuralopt.core.method import method
from neuralopt.distributed.exchanges.base import Exchange, Layout, Parts, all_reduce_bytes, mean


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

    def bytes_per_step(self, layout: Layout, step: int | None = None) -> float:
        """Return the bytes of an all-reduce; see `Exchange.bytes_per_step`."""
        return all_reduce_bytes(layout, layout.size, layout.itemsize)
