"""A linear warm-up in front of any schedule."""

import numbers
from typing import Any

from neuralopt.core.errors import InvalidArgument
from neuralopt.core.method import hyper, method, value_at
from neuralopt.core.namespace import namespace
from neuralopt.schedules.base import Schedule, as_float
from neuralopt.schedules.basic import Cosine


@method
class Warmup(Schedule):
    r"""A straight line up to a schedule's first value, then the schedule itself.

    .. math:: \eta_t = s + (f(0) - s)\,t/W \ (t < W), \qquad \eta_t = f(t - W) \ (t \ge W)

    Parameters
    ----------
    after : schedule or float
        What follows, f; its step 0 is the end of the warm-up.
    steps : int >= 1
        Length W of the warm-up, in updates.
    start : float, default 0
        The value s at step 0.

    Examples
    --------
    >>> [round(float(Warmup(1.0, steps=4)(t)), 3) for t in (0, 1, 4, 100)]
    [0.0, 0.25, 1.0, 1.0]
    """

    after: Any = hyper(1e-3)
    steps: Any = hyper(100, low=1)
    start: Any = hyper(0.0)

    def value(self, step: Any) -> Any:
        """Return the warm-up's or the following schedule's value; see `Schedule.value`."""
        t = as_float(step, self.start)
        xp = namespace(t, self.steps)
        zero = xp.zeros_like(t)
        first = value_at(self.after, zero)
        rising = self.start + (first - self.start) * t / self.steps
        return xp.where(t < self.steps, rising, value_at(self.after, xp.maximum(t - self.steps, zero)))


@method
class WarmupCosine(Schedule):
    """A linear warm-up from 0 to the peak, then half a cosine down to the end value.

    Parameters
    ----------
    peak : float
        The highest value, reached after the warm-up.
    warmup_steps : int >= 1
        Length of the warm-up.
    total_steps : int > warmup_steps
        Length of the whole, warm-up included.
    end : float, default 0
        The value from ``total_steps`` on.

    Examples
    --------
    >>> schedule = WarmupCosine(peak=1.0, warmup_steps=2, total_steps=6)
    >>> [round(float(schedule(t)), 3) for t in (0, 1, 2, 4, 6)]
    [0.0, 0.5, 1.0, 0.5, 0.0]
    """

    peak: Any = hyper(1e-3)
    warmup_steps: Any = hyper(100, low=1)
    total_steps: Any = hyper(1000, low=2)
    end: Any = hyper(0.0)

    def __post_init__(self) -> None:
        lengths = self.total_steps, self.warmup_steps
        if all(isinstance(n, numbers.Real) for n in lengths) and lengths[0] <= lengths[1]:
            raise InvalidArgument(
                "WarmupCosine: total_steps must be greater than warmup_steps, "
                f"got {lengths[0]} and {lengths[1]}. The total includes the warm-up."
            )

    def value(self, step: Any) -> Any:
        """Return the value in force; see `Schedule.value`."""
        cosine = Cosine(self.peak, self.total_steps - self.warmup_steps, self.end)
        return Warmup(cosine, self.warmup_steps).value(step)
