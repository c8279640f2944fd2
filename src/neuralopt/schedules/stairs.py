"""Stairs: a factor every so many steps, or at given steps."""

from typing import Any

from neuralopt.core.method import hyper, method
from neuralopt.schedules.base import Schedule, check_increasing, floats, reached
from neuralopt.schedules.decay import completed


@method
class Step(Schedule):
    r"""Multiplication by a factor every so many steps.

    .. math:: \eta_t = p\,c^{\lfloor t/s \rfloor}

    Parameters
    ----------
    initial : float
        Value at step 0, p.
    step_size : int > 0, default 1000
        Steps s from one change to the next.
    factor : float > 0, default 0.1
        The factor c.

    Examples
    --------
    >>> [float(Step(1.0, 10, factor=0.5)(t)) for t in (0, 9, 10, 20)]
    [1.0, 1.0, 0.5, 0.25]
    """

    initial: Any = hyper(1e-3)
    step_size: Any = hyper(1000, low=0, low_open=True)
    factor: Any = hyper(0.1, low=0, low_open=True)

    @property
    def length(self) -> float:
        """Five stairs, for it has no end; see `Schedule.length`."""
        return 5 * float(self.step_size)

    def value(self, step: Any) -> Any:
        """Return the stair's value; see `Schedule.value`."""
        _, times, initial, factor = floats(completed(step, self.step_size), self.initial, self.factor)
        return initial * factor**times


@method
class MultiStep(Schedule):
    r"""Multiplication by a factor at each of the given steps.

    .. math:: \eta_t = p\,c^{\,\#\{i : b_i \le t\}}

    Parameters
    ----------
    initial : float
        Value at step 0, p.
    boundaries : tuple of int > 0
        The steps :math:`b_i` at which the value changes; increasing.
    factor : float > 0, default 0.1
        The factor c.

    Examples
    --------
    >>> [float(MultiStep(1.0, (10, 15), factor=0.5)(t)) for t in (0, 9, 10, 15, 99)]
    [1.0, 1.0, 0.5, 0.25, 0.25]
    """

    initial: Any = hyper(1e-3)
    boundaries: tuple[Any, ...] = hyper((1000,))
    factor: Any = hyper(0.1, low=0, low_open=True)

    def __post_init__(self) -> None:
        check_increasing("MultiStep", "boundaries", self.boundaries, above=0)

    @property
    def length(self) -> float:
        """The last boundary; see `Schedule.length`."""
        return float((0, *self.boundaries)[-1])

    def value(self, step: Any) -> Any:
        """Return the stair's value; see `Schedule.value`."""
        xp, t, initial, factor, *_ = floats(step, self.initial, self.factor, *self.boundaries)
        times = t * 0
        for boundary in self.boundaries:
            times = times + xp.astype(reached(step, boundary), t.dtype)
        return initial * factor**times
