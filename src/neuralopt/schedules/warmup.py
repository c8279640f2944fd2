"""A linear warm-up in front of any schedule."""

import numbers
from typing import Any

from neuralopt.core.errors import InvalidArgument
from neuralopt.core.method import hyper, method, value_at
from neuralopt.schedules.base import Schedule, floats, length_of, reached, since
from neuralopt.schedules.cosine import falling_cosine


@method
class Warmup(Schedule):
    r"""A straight line up to a schedule's first value, then the schedule itself.

    .. math:: \eta_t = s + (f(0) - s)\,t/W \ (t < W), \qquad \eta_t = f(t - W) \ (t \ge W)

    Parameters
    ----------
    after : schedule or float
        What follows, f; its step 0 is the end of the warm-up.
    steps : int >= 0
        Length W of the warm-up, in updates; 0 means none.
    start : float, default 0
        The value s at step 0.

    Examples
    --------
    >>> [round(float(Warmup(1.0, steps=4)(t)), 3) for t in (0, 1, 4, 100)]
    [0.0, 0.25, 1.0, 1.0]
    """

    after: Any = hyper(1e-3)
    steps: Any = hyper(100, low=0)
    start: Any = hyper(0.0)

    @property
    def length(self) -> float:
        """The warm-up and the length of what follows; see `Schedule.length`."""
        return float(self.steps) + length_of(self.after)

    def value(self, step: Any) -> Any:
        """Return the warm-up's or the following schedule's value; see `Schedule.value`."""
        xp, t, steps, start = floats(step, self.steps, self.start)
        passed = since(step, self.steps)
        rising = start + (value_at(self.after, xp.zeros_like(passed)) - start) * t / width(xp, t, steps)
        return xp.where(reached(step, self.steps), value_at(self.after, passed), rising)


@method
class WarmupCosine(Schedule):
    r"""A linear warm-up from 0 to the peak, then half a cosine down to the end value.

    .. math::
        \eta_t = p\,t/W \ (t < W), \qquad
        \eta_t = e + (p - e)\,\tfrac12\Bigl(1 + \cos\frac{\pi (\min(t, T) - W)}{T - W}\Bigr) \ (t \ge W)

    Parameters
    ----------
    peak : float
        The highest value p, reached after the warm-up.
    warmup_steps : int >= 0
        Length W of the warm-up; 0 means none.
    total_steps : int > warmup_steps
        Length T of the whole, warm-up included.
    end : float, default 0
        The value e from step T on.

    Examples
    --------
    >>> schedule = WarmupCosine(peak=1.0, warmup_steps=2, total_steps=6)
    >>> [round(float(schedule(t)), 3) for t in (0, 1, 2, 4, 6)]
    [0.0, 0.5, 1.0, 0.5, 0.0]
    """

    peak: Any = hyper(1e-3)
    warmup_steps: Any = hyper(100, low=0)
    total_steps: Any = hyper(1000, low=0, low_open=True)
    end: Any = hyper(0.0)

    def __post_init__(self) -> None:
        lengths = self.total_steps, self.warmup_steps
        if all(isinstance(n, numbers.Real) for n in lengths) and lengths[0] <= lengths[1]:
            raise InvalidArgument(
                "WarmupCosine: total_steps must be greater than warmup_steps, "
                f"got {lengths[0]} and {lengths[1]}. The total includes the warm-up."
            )

    @property
    def length(self) -> float:
        """The length of the whole; see `Schedule.length`."""
        return float(self.total_steps)

    def value(self, step: Any) -> Any:
        """Return the value in force; see `Schedule.value`."""
        length = self.total_steps - self.warmup_steps
        xp, t, warm, rest, peak, end = floats(step, self.warmup_steps, length, self.peak, self.end)
        passed = xp.minimum(floats(since(step, self.warmup_steps))[1] / rest, xp.ones_like(t))
        falling = end + (peak - end) * falling_cosine(xp, passed)
        return xp.where(reached(step, self.warmup_steps), falling, peak * t / width(xp, t, warm))


def width(xp: Any, t: Any, steps: Any) -> Any:
    """Return the length to divide a step by; 1 without a warm-up, where the quotient is not looked at."""
    return xp.where(t * 0 + steps > 0, t * 0 + steps, xp.ones_like(t))
