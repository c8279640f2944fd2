"""Constant and cosine."""

import math
from typing import Any

from neuralopt.core.method import hyper, method
from neuralopt.core.namespace import namespace
from neuralopt.schedules.base import Schedule, as_float


@method
class Constant(Schedule):
    """The same value at every step.

    Parameters
    ----------
    constant : float
        The value.

    Examples
    --------
    >>> float(Constant(0.1)(7))
    0.1
    """

    constant: Any = hyper(1e-3)

    def value(self, step: Any) -> Any:
        """Return the constant; see `Schedule.value`."""
        return 0 * as_float(step, self.constant) + self.constant


@method
class Cosine(Schedule):
    r"""Half a cosine from the peak down to the end value.

    .. math:: \eta_t = e + (p - e)\,\tfrac12\bigl(1 + \cos(\pi \min(t, T)/T)\bigr)

    Parameters
    ----------
    peak : float
        Value at step 0, p.
    total_steps : int >= 1
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
    total_steps: Any = hyper(1000, low=1)
    end: Any = hyper(0.0)

    def value(self, step: Any) -> Any:
        """Return the cosine's value; see `Schedule.value`."""
        t = as_float(step, self.peak)
        xp = namespace(t, self.total_steps)
        progress = xp.minimum(t / self.total_steps, xp.ones_like(t))
        return self.end + (self.peak - self.end) * 0.5 * (1 + xp.cos(math.pi * progress))  # eq. 5
