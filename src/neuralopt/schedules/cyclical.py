"""Triangles between two values."""

import numbers
from typing import Any

from neuralopt.core.errors import InvalidArgument
from neuralopt.core.method import hyper, method, switch
from neuralopt.schedules.base import Schedule, floats
from neuralopt.schedules.decay import completed


@method
class Cyclical(Schedule):
    r"""Up and down between two values, again and again, with full, halved or decaying height.

    .. math::
        \eta_t = l + (h - l)\,a_t \begin{cases} u/U & u \le U \\ (U + D - u)/D & u > U \end{cases}
        \qquad n = \lfloor t/(U+D) \rfloor, \quad u = t - n(U+D)

    .. math:: a_t = 1, \quad 2^{-n} \quad\text{or}\quad \gamma^t

    Parameters
    ----------
    low, high : float
        The two values l and h.
    up_steps : int > 0, default 1000
        Steps U from low to high.
    down_steps : int > 0 or None
        Steps D back; None means as many as up.
    mode : {"triangular", "triangular2", "exp_range"}
        The height :math:`a_t`: always full, halved each cycle, or times gamma each step.
    gamma : float > 0, default 1
        Only for ``"exp_range"``.

    References
    ----------
    Smith, "Cyclical learning rates for training neural networks", 2017, arXiv:1506.01186, section 3.1.

    Examples
    --------
    >>> cycle = Cyclical(0.0, 1.0, up_steps=2, down_steps=4, mode="triangular2")
    >>> [float(cycle(t)) for t in (0, 1, 2, 4, 6, 8)]
    [0.0, 0.5, 1.0, 0.5, 0.0, 0.5]
    """

    low: Any = hyper(1e-4)
    high: Any = hyper(1e-3)
    up_steps: Any = hyper(1000, low=0, low_open=True)
    down_steps: Any = hyper(None, low=0, low_open=True)
    mode: str = switch("triangular", "triangular", "triangular2", "exp_range")
    gamma: Any = hyper(1.0, low=0, low_open=True)

    def __post_init__(self) -> None:
        if all(isinstance(v, numbers.Real) for v in (self.low, self.high)) and self.low > self.high:
            raise InvalidArgument(
                f"Cyclical: low <= high must hold, got {self.low!r} and {self.high!r}. "
                "A cycle begins at the low value."
            )

    @property
    def _down(self) -> Any:
        return self.up_steps if self.down_steps is None else self.down_steps

    @property
    def length(self) -> float:
        """Three cycles, for it has no end; see `Schedule.length`."""
        return 3 * float(self.up_steps + self._down)

    def value(self, step: Any) -> Any:
        """Return the triangle's value; see `Schedule.value`."""
        whole_cycle = self.up_steps + self._down
        cycle = completed(step, whole_cycle)
        xp, t, low, high, gamma = floats(step, self.low, self.high, self.gamma)
        _, into, up, down = floats(step - cycle * whole_cycle, self.up_steps, self._down)
        height = xp.where(into <= up, into / up, (up + down - into) / down)
        if self.mode == "triangular2":
            height = height * 0.5 ** floats(cycle)[1]
        elif self.mode == "exp_range":
            height = height * gamma**t
        return low + (high - low) * height
