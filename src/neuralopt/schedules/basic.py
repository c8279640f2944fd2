"""The simplest schedules: a constant, and a function of one's own."""

import inspect
from collections.abc import Callable
from typing import Any

import numpy as np

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
        try:
            inspect.signature(self.function).bind(0)
        except TypeError as error:
            raise InvalidArgument(
                f"Function: function must take the step and nothing else, got {self.function!r}: {error}."
            ) from error
        except ValueError:  # a function in C does not tell what it takes
            pass

    def value(self, step: Any) -> Any:
        """Return what the function returns, as a float; see `Schedule.value`."""
        _, t = floats(step)
        found = self.function(step)
        shape = None if found is None else getattr(found, "shape", np.shape(found))
        if shape not in ((), t.shape):
            got = "None" if shape is None else f"shape {shape}"
            raise InvalidArgument(
                f"Function: function must return one number for each step, got {got} for a step of shape "
                f"{t.shape} from {self.function!r}. Likely cause: a missing return, or a list of values in "
                "place of a function of the step."
            )
        return t * 0 + found
