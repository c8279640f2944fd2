"""What sending costs on a network."""

from typing import Any

from neuralopt.core.method import hyper, method
from neuralopt.distributed.exchanges.base import Exchange, Layout


@method
class Network:
    """A network between workers, all links alike.

    Parameters
    ----------
    latency : float >= 0, default 50e-6
        Seconds until a message arrives.
    bandwidth : float > 0, default 125e6
        Bytes per second of one worker's link; 125e6 are one gigabit.

    Examples
    --------
    >>> from neuralopt.distributed import Fp32
    >>> Network(latency=1e-3, bandwidth=1e6).seconds(Fp32(), Layout(((1000,),), workers=2))
    0.006
    """

    latency: Any = hyper(50e-6, low=0)
    bandwidth: Any = hyper(125e6, low=0, low_open=True)

    def seconds(self, exchange: Exchange, layout: Layout, step: int | None = None) -> float:
        """Return how long one exchange is on the way.

        Parameters
        ----------
        exchange : Exchange
        layout : Layout
        step : int, optional
            Exchanges done before; by default one after any warm-up.

        Returns
        -------
        float
            Seconds: messages one after the other times the latency, and bytes over the bandwidth.
        """
        bytes_ = exchange.bytes_per_step(layout, step)
        return float(exchange.messages(layout) * self.latency + bytes_ / self.bandwidth)
