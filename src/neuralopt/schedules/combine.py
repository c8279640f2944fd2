"""Schedules made of schedules: one after the other, multiplied, scaled."""

from typing import Any

from neuralopt.core.errors import InvalidArgument
from neuralopt.core.method import hyper, method, value_at
from neuralopt.schedules.base import (
    Schedule,
    check_increasing,
    check_parts,
    floats,
    length_of,
    reached,
    since,
)


@method
class Join(Schedule):
    r"""Several schedules one after the other, each counting from its own start.

    .. math:: \eta_t = f_i(t - b_i) \quad (b_i \le t < b_{i+1}), \qquad b_0 = 0

    Parameters
    ----------
    schedules : tuple of schedule or float
        The parts :math:`f_0, f_1, \dots`
    boundaries : tuple of int > 0
        The first step :math:`b_i` of every part but the first; increasing.

    Notes
    -----
    torch's ``SequentialLR`` is the same from step 0 on, but loses its place when it is resumed.

    Examples
    --------
    >>> from neuralopt.schedules import Cosine
    >>> joined = Join((0.5, Cosine(1.0, 2)), (3,))
    >>> [round(float(joined(t)), 3) for t in (0, 2, 3, 4, 9)]
    [0.5, 0.5, 1.0, 0.5, 0.0]
    """

    schedules: tuple[Any, ...] = hyper((1e-3,))
    boundaries: tuple[Any, ...] = hyper(())

    def __post_init__(self) -> None:
        check_parts(self)
        if len(self.boundaries) != len(self.schedules) - 1:
            raise InvalidArgument(
                f"Join: there must be one boundary between each two schedules, got {len(self.schedules)} "
                f"schedules and {len(self.boundaries)} boundaries. The first schedule starts at step 0 "
                "without one."
            )
        check_increasing("Join", "boundaries", self.boundaries, above=0)

    @property
    def length(self) -> float:
        """The last boundary and the length of what follows it; see `Schedule.length`."""
        return float((0, *self.boundaries)[-1]) + length_of(self.schedules[-1])

    def value(self, step: Any) -> Any:
        """Return the value of the part in force; see `Schedule.value`."""
        xp, t = floats(step, *self.boundaries)[:2]
        found = t * 0 + value_at(self.schedules[0], step)
        for start, part in zip(self.boundaries, self.schedules[1:], strict=True):
            found = xp.where(reached(step, start), value_at(part, since(step, start)), found)
        return found


@method
class Product(Schedule):
    r"""Schedules multiplied with each other.

    .. math:: \eta_t = \prod_i f_i(t)

    Parameters
    ----------
    schedules : tuple of schedule or float
        The factors :math:`f_i`.

    Notes
    -----
    What torch's ``ChainedScheduler`` does with schedulers that multiply.

    Examples
    --------
    >>> from neuralopt.schedules import Cosine, Warmup
    >>> round(float((Warmup(1.0, 4) * Cosine(1.0, 4))(2)), 3)
    0.25
    """

    schedules: tuple[Any, ...] = hyper((1e-3,))

    def __post_init__(self) -> None:
        check_parts(self)

    @property
    def length(self) -> float:
        """That of the longest factor; see `Schedule.length`."""
        return max(length_of(part) for part in self.schedules)

    def value(self, step: Any) -> Any:
        """Return the product of the factors' values; see `Schedule.value`."""
        _, t = floats(step)
        found = t * 0 + 1
        for part in self.schedules:
            found = found * value_at(part, step)
        return found


@method
class Scale(Schedule):
    r"""A schedule times a number.

    .. math:: \eta_t = c\,f(t)

    Parameters
    ----------
    schedule : schedule or float
        The schedule f.
    factor : float, default 1
        The number c.

    Examples
    --------
    >>> from neuralopt.schedules import Constant
    >>> float(Scale(Constant(0.5), 0.5)(3))
    0.25
    """

    schedule: Any = hyper(1e-3)
    factor: Any = hyper(1.0)

    @property
    def length(self) -> float:
        """That of the schedule; see `Schedule.length`."""
        return length_of(self.schedule)

    def value(self, step: Any) -> Any:
        """Return the scaled value; see `Schedule.value`."""
        _, t, factor = floats(step, self.factor)
        return t * 0 + factor * value_at(self.schedule, step)
