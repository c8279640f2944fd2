"""Schedules in other units than steps: stretched in time, in epochs, in fractions of the run."""

from typing import Any

import numpy as np

from neuralopt.core import tree
from neuralopt.core.errors import InvalidArgument, raise_problems
from neuralopt.core.method import hyper, method, value_at
from neuralopt.schedules.base import Schedule, floats, length_of, whole
from neuralopt.schedules.basic import Function


@method
class Stretch(Schedule):
    r"""A schedule whose axis is stretched: it takes so many times as many steps.

    .. math:: \eta_t = f(t / b)

    When both are whole numbers the quotient's whole part is exact, so a
    boundary of the schedule is met at the very step.

    Parameters
    ----------
    schedule : schedule or float
        The schedule f; it is asked at fractions.
    by : int or float > 0
        Steps b for one unit of its axis.

    Examples
    --------
    >>> from neuralopt.schedules import Cosine
    >>> float(Stretch(Cosine(1.0, 2), by=10)(10).round(3))
    0.5
    """

    schedule: Any = hyper(1e-3)
    by: Any = hyper(1, low=0, low_open=True)

    @property
    def length(self) -> float:
        """That of the schedule times the stretch; see `Schedule.length`."""
        return length_of(self.schedule) * float(self.by)

    def value(self, step: Any) -> Any:
        """Return the schedule's value at the fraction; see `Schedule.value`."""
        xp, t, by = floats(step, self.by)
        if whole(step) and whole(self.by):
            units = xp.asarray(step) // self.by
            _, count, rest = floats(units, xp.asarray(step) - units * self.by)
            axis = count + rest / by
        else:
            axis = t / by
        return t * 0 + value_at(self.schedule, axis)


class Unit(Schedule):
    """A schedule on another axis than steps; `bind` tells it what its unit is.

    Attributes
    ----------
    schedule : Schedule
        A field of every subclass.
    """

    schedule: Any

    @property
    def length(self) -> float:
        """That of the schedule, in its own units; see `Schedule.length`."""
        return length_of(self.schedule)

    def value(self, step: Any) -> Any:
        """Raise: the length of the unit is not known; see `Schedule.value`."""
        raise InvalidArgument(
            f"{type(self).__name__} has no value before it is told how long the run is. neuralopt.train does "
            "that; by hand: bind(optimizer, steps_per_epoch=..., total_steps=...)."
        )


def _check_alone(unit: Any) -> None:
    inner = [p for p in tree.leaves(unit.schedule, is_leaf=_is_unit) if _is_unit(p)]
    if inner:
        raise InvalidArgument(
            f"{type(unit).__name__} cannot hold a {type(inner[0]).__name__}: an axis has one unit. "
            "Put the whole schedule into one of them."
        )


def _is_unit(part: Any) -> bool:
    return isinstance(part, Unit)


@method
class PerEpoch(Unit):
    r"""A schedule whose axis counts epochs instead of steps, fractions included.

    .. math:: \eta_t = f(t / \text{steps per epoch})

    Parameters
    ----------
    schedule : schedule or float
        Its lengths and boundaries are epochs.

    Examples
    --------
    >>> from neuralopt.schedules import Cosine
    >>> bound = bind(PerEpoch(Cosine(1.0, 2)), steps_per_epoch=10, total_steps=50)
    >>> [round(float(bound(t)), 3) for t in (0, 10, 20, 49)]
    [1.0, 0.5, 0.0, 0.0]
    """

    schedule: Any = hyper(1e-3)

    def __post_init__(self) -> None:
        _check_alone(self)


@method
class OfRun(Unit):
    r"""A schedule whose axis is the fraction of the run, from 0 to 1.

    .. math:: \eta_t = f(t / \text{steps of the run})

    Parameters
    ----------
    schedule : schedule or float
        Its lengths and boundaries are fractions of the whole run.

    Examples
    --------
    >>> from neuralopt.schedules import Piecewise
    >>> bound = bind(OfRun(Piecewise((0, 0.1, 1), (0, 1, 0))), steps_per_epoch=10, total_steps=50)
    >>> [round(float(bound(t)), 3) for t in (0, 5, 50)]
    [0.0, 1.0, 0.0]
    """

    schedule: Any = hyper(1e-3)

    def __post_init__(self) -> None:
        _check_alone(self)


def bind(part: Any, steps_per_epoch: Any, total_steps: Any) -> Any:
    """Return a value with every `PerEpoch` and `OfRun` in it turned into a schedule of steps.

    Parameters
    ----------
    part : tree
        An optimizer, a chain, a schedule, or a tuple of such.
    steps_per_epoch : int >= 1
        Updates in one epoch.
    total_steps : int >= 1
        Updates in the whole run.

    Returns
    -------
    tree
        The same value where there is no such unit. The two numbers become leaves. A bare function
        becomes a `Function`, which can be handed to a compiled program.

    Raises
    ------
    InvalidArgument
        When a number is below 1.
    """
    given = {"steps_per_epoch": steps_per_epoch, "total_steps": total_steps}
    raise_problems(
        [
            f"bind: {name} must be a whole number >= 1, got {number!r}."
            for name, number in given.items()
            if isinstance(number, int | float | np.integer) and (number < 1 or number % 1)
        ]
    )

    def bound(node: Any) -> Any:
        if not isinstance(node, Unit):
            return Function(node) if callable(node) else node
        return Stretch(node.schedule, steps_per_epoch if isinstance(node, PerEpoch) else total_steps)

    return tree.map(bound, part, is_leaf=_is_unit)
