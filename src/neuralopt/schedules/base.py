"""What a schedule is: a pure function of the step."""

import abc
import itertools
import numbers
from typing import Any

from neuralopt.core.errors import InvalidArgument
from neuralopt.core.namespace import namespace


class Schedule(abc.ABC):
    """A hyperparameter's value as a pure function of the step.

    Steps count updates from 0. Because nothing but the step is looked at, a
    run resumed at step k continues exactly as if it had never stopped. Past
    its end a schedule holds its last value, before step 0 the first one.

    ``a * b`` is the `Product` of two schedules (or of one and a number), and
    ``a.then(b, at=k)`` their `Join`.
    """

    # an array times a schedule is a schedule, not an array of objects
    __array_ufunc__ = None

    @abc.abstractmethod
    def value(self, step: Any) -> Any:
        """Return the value in force at a step.

        Parameters
        ----------
        step : int or int array
            Of any shape, counted from 0.

        Returns
        -------
        float array
            Of the shape of ``step``.
        """

    def __call__(self, step: Any) -> Any:
        # one rule for all: a formula would go on where no step is
        if isinstance(step, numbers.Real):
            return self.value(max(step, 0))
        xp = namespace(step)
        step = xp.asarray(step)
        return self.value(xp.maximum(step, xp.zeros_like(step)))

    @property
    def length(self) -> float:
        """Steps after which the value is held; of a schedule without an end, what shows its shape."""
        return 0.0

    def frame(self, steps: Any = None) -> Any:
        """Return the values as a table.

        Parameters
        ----------
        steps : int or int array, optional
            How many steps from 0, or which ones. By default the schedule's own `length` and a
            little more, at no more than 1000 steps.

        Returns
        -------
        pandas.DataFrame
            With the columns ``step`` and ``value``. Of a feedback schedule: before any observation.
        """
        # tables and pictures are for people; training must not wait for their libraries
        from neuralopt.schedules.picture import frame

        return frame(self, steps)

    def plot(self, steps: Any = None, ax: Any = None) -> Any:
        """Draw the values over the steps.

        Parameters
        ----------
        steps : int or int array, optional
            As for `frame`.
        ax : matplotlib.axes.Axes, optional
            Where to draw; by default on a new figure.

        Returns
        -------
        matplotlib.axes.Axes
            With one more line.
        """
        from neuralopt.schedules.picture import plot

        return plot(self, steps, ax)

    def __mul__(self, other: Any) -> "Schedule":
        # the operators' classes are schedules themselves, so their module needs this one first
        from neuralopt.schedules.combine import Product

        return Product((self, other))

    def __rmul__(self, other: Any) -> "Schedule":
        from neuralopt.schedules.combine import Product

        return Product((other, self))

    def then(self, other: Any, at: Any) -> "Schedule":
        """Return this schedule followed by another one.

        Parameters
        ----------
        other : schedule or float
            Its step 0 is the step ``at``.
        at : int > 0
            The first step that belongs to ``other``.

        Returns
        -------
        Join
            Of the two.
        """
        from neuralopt.schedules.combine import Join

        return Join((self, other), (at,))


def whole(number: Any) -> bool:
    """Return whether a number or an array is of whole numbers; traced ones too."""
    dtype = getattr(number, "dtype", None)
    if dtype is None:
        return isinstance(number, numbers.Integral)
    return namespace(number).isdtype(dtype, "integral")


def floats(step: Any, *parameters: Any) -> tuple[Any, ...]:
    """Return the namespace, the step and hyperparameters as float arrays of it.

    NumPy works in float64; JAX in its default float, so that a schedule under
    ``jit`` costs no conversion. Python's numbers become arrays too: NumPy's power
    of a number and of an array of shape () differ in the last digit, and a
    schedule read from a file must not.
    """
    for number in parameters:
        if isinstance(number, Schedule):
            raise InvalidArgument(
                f"the numbers of a schedule must be numbers, got {number!r} as one of them. "
                "Compose schedules instead: a * b, a.then(b, at=step), Warmup(after=a)."
            )
    xp = namespace(step, *parameters)
    dtype = xp.__array_namespace_info__().default_dtypes()["real floating"]
    return xp, *(xp.asarray(number, dtype=dtype) for number in (step, *parameters))


def since(step: Any, start: Any) -> Any:
    """Return how many steps have passed since a start, 0 before it.

    Whole numbers stay whole: in float32 the difference of two large steps
    would lose its last digits.
    """
    if whole(step) and whole(start):
        xp = namespace(step, start)
        return xp.maximum(xp.asarray(step), xp.asarray(start)) - start
    xp, t, start = floats(step, start)
    return xp.maximum(t - start, xp.zeros_like(t))


def until(step: Any, end: Any) -> Any:
    """Return how many steps are left until an end, 0 after it; whole numbers stay whole."""
    if whole(step) and whole(end):
        xp = namespace(step, end)
        return end - xp.minimum(xp.asarray(step), xp.asarray(end))
    xp, t, end = floats(step, end)
    return xp.maximum(end - t, xp.zeros_like(t))


def length_of(schedule: Any) -> float:
    """Return the length of a schedule; a number and a bare function have none."""
    return float(getattr(schedule, "length", 0.0))


def reached(step: Any, boundary: Any) -> Any:
    """Return where a step has come to a boundary; whole numbers are compared as such."""
    if whole(step) and whole(boundary):
        return namespace(step, boundary).asarray(step) >= boundary
    _, t, boundary = floats(step, boundary)
    return t >= boundary


def check_increasing(owner: str, name: str, given: tuple[Any, ...], above: float = -1) -> None:
    """Raise unless plain numbers increase and begin above a bound; traced ones pass."""
    if not all(isinstance(number, numbers.Real) for number in given):
        return
    if not all(a < b for a, b in itertools.pairwise((above, *given))):
        law = "increase" if above < 0 else f"increase and be greater than {above}"
        raise InvalidArgument(
            f"{owner}: {name} must {law}, got {tuple(given)}. They are steps counted from 0, not lengths."
        )


def check_parts(owner: Any) -> None:
    """Raise unless a schedule's ``schedules`` are a tuple of at least one schedule or number."""
    parts, name = owner.schedules, type(owner).__name__
    if not isinstance(parts, tuple) or not parts:
        raise InvalidArgument(
            f"{name}: schedules must be a tuple of at least one schedule or number, got {parts!r}."
        )
