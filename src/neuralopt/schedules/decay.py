"""Smooth decays: polynomial, exponential, inverse square root."""

from typing import Any

from neuralopt.core.method import hyper, method, switch
from neuralopt.schedules.base import Schedule, floats, until, whole


@method
class Polynomial(Schedule):
    r"""A power of the share of steps that are left; linear for power 1.

    .. math:: \eta_t = e + (p - e)\,\bigl(1 - \min(t, T)/T\bigr)^q

    Parameters
    ----------
    peak : float
        Value at step 0, p.
    total_steps : int > 0
        Steps T until the end value is reached.
    end : float, default 0
        The value e from step T on.
    power : float > 0, default 1
        The power q.

    Examples
    --------
    >>> [float(Polynomial(1.0, 4, power=2)(t)) for t in (0, 2, 4, 9)]
    [1.0, 0.25, 0.0, 0.0]
    """

    peak: Any = hyper(1e-3)
    total_steps: Any = hyper(1000, low=0, low_open=True)
    end: Any = hyper(0.0)
    power: Any = hyper(1.0, low=0, low_open=True)

    @property
    def length(self) -> float:
        """Steps until the end value; see `Schedule.length`."""
        return float(self.total_steps)

    def value(self, step: Any) -> Any:
        """Return the polynomial's value; see `Schedule.value`."""
        left = until(step, self.total_steps)
        _, left, total, peak, end, power = floats(left, self.total_steps, self.peak, self.end, self.power)
        return end + (peak - end) * (left / total) ** power


@method
class Exponential(Schedule):
    r"""Multiplication by a rate every so many steps, smoothly or in stairs.

    .. math:: \eta_t = p\,r^{t/s} \qquad\text{or}\qquad \eta_t = p\,r^{\lfloor t/s \rfloor}

    Parameters
    ----------
    initial : float
        Value at step 0, p.
    rate : float > 0, default 0.9
        The factor r; above 1 the value grows, as in a search for a learning rate.
    steps : int > 0, default 1
        Steps s in which the value changes by the rate. Long runs should say 0.5 in
        many steps, not 0.9999999 in one: float32 has no such number.
    staircase : bool, default False
        Whether it changes only every s steps.

    Examples
    --------
    >>> [float(Exponential(1.0, 0.25, steps=2)(t)) for t in (0, 1, 2)]
    [1.0, 0.5, 0.25]
    """

    initial: Any = hyper(1e-3)
    rate: Any = hyper(0.9, low=0, low_open=True)
    steps: Any = hyper(1, low=0, low_open=True)
    staircase: bool = switch(False, False, True)

    @property
    def length(self) -> float:
        """Ten times ``steps``, for it has no end; see `Schedule.length`."""
        return 10 * float(self.steps)

    def value(self, step: Any) -> Any:
        """Return the decayed value; see `Schedule.value`."""
        _, t, steps, initial, rate = floats(step, self.steps, self.initial, self.rate)
        times = floats(completed(step, self.steps))[1] if self.staircase else t / steps
        return initial * rate**times


def completed(step: Any, size: Any) -> Any:
    """Return how many whole stretches of a size have passed; whole numbers are divided as such."""
    if whole(step) and whole(size):
        xp = floats(step, size)[0]
        return xp.asarray(step) // size
    _, t, size = floats(step, size)
    return t // size


@method
class InverseSqrt(Schedule):
    r"""Decay with the inverse square root of time.

    .. math:: \eta_t = p\,\sqrt{s / (s + t)}

    Behind a `Warmup` of the same s steps it is the Transformer's schedule:
    the value is :math:`p \sqrt{s/t}` for every :math:`t \ge s` of the run.

    Parameters
    ----------
    peak : float
        Value at step 0, p.
    timescale : int > 0, default 1000
        Steps s; the value has halved after 3 s of them.

    References
    ----------
    Vaswani et al., "Attention is all you need", 2017, arXiv:1706.03762, equation 3.

    Examples
    --------
    >>> [float(InverseSqrt(1.0, 100)(t)) for t in (0, 300)]
    [1.0, 0.5]
    """

    peak: Any = hyper(1e-3)
    timescale: Any = hyper(1000, low=0, low_open=True)

    @property
    def length(self) -> float:
        """Ten times the timescale, for it has no end; see `Schedule.length`."""
        return 10 * float(self.timescale)

    def value(self, step: Any) -> Any:
        """Return the decayed value; see `Schedule.value`."""
        xp, t, scale, peak = floats(step, self.timescale, self.peak)
        return peak * xp.sqrt(scale / (scale + t))  # eq. 3, after the warm-up
