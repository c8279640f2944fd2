"""Half a cosine, and cosines with warm restarts."""

import math
from typing import Any

from neuralopt.core.method import hyper, method
from neuralopt.schedules.base import Schedule, floats, whole


@method
class Cosine(Schedule):
    r"""Half a cosine from the peak down to the end value.

    .. math:: \eta_t = e + (p - e)\,\tfrac12\bigl(1 + \cos(\pi \min(t, T)/T)\bigr)

    Parameters
    ----------
    peak : float
        Value at step 0, p.
    total_steps : int > 0
        Steps T until the end value is reached.
    end : float, default 0
        The value e from step T on.

    References
    ----------
    Loshchilov and Hutter, "SGDR", 2017, arXiv:1608.03983, equation 5 (one period).

    Examples
    --------
    >>> [round(float(Cosine(1.0, 4)(t)), 3) for t in (0, 2, 4, 9)]
    [1.0, 0.5, 0.0, 0.0]
    """

    peak: Any = hyper(1e-3)
    total_steps: Any = hyper(1000, low=0, low_open=True)
    end: Any = hyper(0.0)

    @property
    def length(self) -> float:
        """Steps until the end value; see `Schedule.length`."""
        return float(self.total_steps)

    def value(self, step: Any) -> Any:
        """Return the cosine's value; see `Schedule.value`."""
        xp, t, peak, total, end = floats(step, self.peak, self.total_steps, self.end)
        return end + (peak - end) * falling_cosine(xp, xp.minimum(t / total, xp.ones_like(t)))  # eq. 5


def falling_cosine(xp: Any, share: Any) -> Any:
    """Return half a cosine from 1 at share 0 to 0 at share 1."""
    return 0.5 * (1 + xp.cos(math.pi * share))


@method
class CosineRestarts(Schedule):
    r"""Half cosines one after the other, each so many times as long as the one before.

    .. math::
        \eta_t = e + (p - e)\,\tfrac12\Bigl(1 + \cos\frac{\pi (t - s_n)}{T_0 T_{mult}^n}\Bigr), \qquad
        s_n = T_0 \sum_{i<n} T_{mult}^i \le t < s_{n+1}

    The period n is found in closed form, so the value at step k costs the same for every k.

    Parameters
    ----------
    peak : float
        Value at each restart, p.
    T_0 : int > 0
        Steps of the first period.
    T_mult : int >= 1, default 1
        Factor from one period's length to the next.
    end : float, default 0
        The value e that each period falls to.

    References
    ----------
    Loshchilov and Hutter, "SGDR", 2017, arXiv:1608.03983, equation 5.

    Examples
    --------
    >>> schedule = CosineRestarts(1.0, T_0=2, T_mult=2)
    >>> [round(float(schedule(t)), 3) for t in (0, 1, 2, 4, 5, 6)]
    [1.0, 0.5, 1.0, 0.5, 0.146, 1.0]
    """

    peak: Any = hyper(1e-3)
    T_0: Any = hyper(100, low=0, low_open=True)
    T_mult: Any = hyper(1, low=1, whole=True)
    end: Any = hyper(0.0)

    @property
    def length(self) -> float:
        """Three periods, for it has no end; see `Schedule.length`."""
        return float(self.T_0 * (1 + self.T_mult + self.T_mult**2))

    def value(self, step: Any) -> Any:
        """Return the cosine of the period in force; see `Schedule.value`."""
        xp, _, peak, end = floats(step, self.peak, self.end)
        passed, period = _period(step, self.T_0, self.T_mult)
        return end + (peak - end) * falling_cosine(xp, passed / period)  # eq. 5


def _period(step: Any, first: Any, factor: Any) -> tuple[Any, Any]:
    """Return the steps since the last restart and the length of the period that it began."""
    xp, t, length, growth = floats(step, first, factor)
    one = xp.ones_like(t)
    equal = growth * one == 1
    more = xp.where(equal, 2 * one, growth * one)
    # the number of the period, or one less: logarithms round, and one too many could not be put right
    number = xp.floor(xp.log(t / length * (more - 1) + 1) / xp.log(more) - 1e-3)
    number = xp.maximum(number, 0 * one)
    begun, size, many = t, length * one, more
    if whole(step) and whole(first) and whole(factor):  # exact beyond the digits of a float32
        begun = xp.asarray(step)
        number, many = xp.astype(number, begun.dtype), xp.astype(more, begun.dtype)
        size = xp.astype(size, begun.dtype)
    start, period = size * (many**number - 1) // (many - 1), size * many**number
    late = begun - start >= period
    start = xp.where(equal, begun // size * size, xp.where(late, start + period, start))
    # as a float: the length of a period may exceed a whole number of 32 bits
    period = floats(period)[1] * xp.where(late, more, one)
    return floats(begun - start)[1], xp.where(equal, length * one, period)
