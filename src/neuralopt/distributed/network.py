"""What sending costs on a network."""

import abc
import dataclasses
from typing import Any

from neuralopt.core.method import hyper, method
from neuralopt.distributed.exchanges.base import Exchange
from neuralopt.distributed.exchanges.collectives import Collective
from neuralopt.distributed.exchanges.layout import Layout


class AnyNetwork(abc.ABC):
    """What workers are joined by."""

    bandwidth: Any

    @abc.abstractmethod
    def waiting(self, collective: Collective) -> float:
        """Return the seconds that a collective takes beside its bytes."""

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
            Seconds: what each collective waits, and its bytes over the bandwidth.
        """
        sent = exchange.collectives(layout, step)
        return float(sum(self.waiting(one) + one.bytes / self.bandwidth for one in sent))


@method
class Network(AnyNetwork):
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

    def waiting(self, collective: Collective) -> float:
        """Return the messages one after the other times the latency."""
        return collective.messages * self.latency


@dataclasses.dataclass(frozen=True)
class MeasuredNetwork(AnyNetwork):
    """What `measure_network` found between workers that were there.

    Attributes
    ----------
    all_reduce, all_to_all, all_gather : float
        Seconds that one such collective takes beside its bytes, with computing before and after it: threads
        wake up, and the quicker worker waits.
    bandwidth : float
        Bytes per second that one worker sends in an all-reduce.
    workers : int
        How many there were; it holds for these.
    step_seconds : float
        Of computing one step, all workers at once, nothing being sent.

    Examples
    --------
    >>> from neuralopt.distributed import PowerSGD
    >>> found = MeasuredNetwork(0.002, 0.001, 0.0015, 1e9, 2, 0.005)
    >>> round(found.seconds(PowerSGD(4), Layout(((784, 512),), workers=2)), 6)  # two all-reduces
    0.004021
    """

    all_reduce: float
    all_to_all: float
    all_gather: float
    bandwidth: float
    workers: int
    step_seconds: float

    def waiting(self, collective: Collective) -> float:
        """Return what was measured for such a collective."""
        return getattr(self, collective.kind)
