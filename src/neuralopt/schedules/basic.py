"""The simplest schedules: a constant, and a function of one's own."""

from collections.abc import Callable
from typing import Any

from neuralopt.core.errors import InvalidArgument
from neuralopt.core.method import hyper, method, switch
from neuralopt.schedules.base import Schedule, floats


@method
class Constant(Schedule):
    r"""The same value at every step.

    .. math:: \eta_t = c

    Parameters
    ----------
    constant : float
        The value c.

    Examples
    --------
    >>> float(Constant(0.1)(7))
    0.1
    """

    constant: Any = hyper(1e-3)

    def value(self, step: Any) -> Any:
        """Return the constant; see `Schedule.value`."""
        _, t, constant = floats(step, self.constant)
        return 0 * t + constant


@method
class Function(Schedule):
    r"""A function of one's own as a schedule.

    .. math:: \eta_t = f(t)

    A bare function cannot be handed to a compiled program; this can. It is
    compiled once for each function object, so make it once.

    Parameters
    ----------
    function : callable
        Takes the step, an int array of any shape, and returns a float array of
        that shape, with operations that the array's library has.

    Examples
    --------
    >>> float(Function(lambda step: 1 / (1 + step))(3))
    0.25
    """

    function: Callable[[Any], Any] = switch(None)

    def __post_init__(self) -> None:
        if not callable(self.function):
            raise InvalidArgument(f"Function: function must be callable with a step, got {self.function!r}.")

    def value(self, step: Any) -> Any:
        """Return what the function returns, as a float; see `Schedule.value`."""
        _, t = floats(step)
        return t * 0 + self.function(step)
