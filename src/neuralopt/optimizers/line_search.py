"""A line search that asks for values of the loss only, so that it is the same on NumPy and JAX."""

from collections.abc import Callable
from typing import Any

from neuralopt.core.control import while_loop
from neuralopt.core.namespace import namespace

_LEAST, _MOST = 1e-4, 0.9  # parts of the first slope that the mean slope may have: Armijo, Goldstein


def search(loss: Callable[[Any], Any], value: Any, slope: Any, first: Any, *, evaluations: int) -> Any:
    r"""Return a step t whose mean slope is between two parts of the slope at 0.

    .. math::
        f(0) + 0.9\, t f'(0) \;\le\; f(t) \;\le\; f(0) + 10^{-4}\, t f'(0)

    The right side is Armijo's condition. The left one, Goldstein's with a part of its own, refuses steps so
    short that the loss still looks linear; it stands in for Wolfe's condition, which needs
    gradients. Both allow for the rounding of the loss, without which a search in float32 fails
    where the loss is flat. The next trial is the minimum of the parabola through f(0), f'(0) and
    f(t), kept inside the bracket; before there is one the step grows two- to tenfold.

    Parameters
    ----------
    loss : callable
        The loss at a step, as an array of shape ``()`` in the dtype of ``value``.
    value, slope : array
        f(0), and f'(0) <= 0; of shape ``()``.
    first : array
        The first trial.
    evaluations : int
        At most so many values are asked for.

    Returns
    -------
    array
        The step; when none is found, the longest one that kept Armijo's condition, or 0. A loss
        that is not finite counts as too high.

    Examples
    --------
    >>> import numpy as np
    >>> value, slope, first = np.asarray(9.0), np.asarray(-6.0), np.asarray(4.0)
    >>> float(search(lambda t: (t - 3.0) ** 2, value, slope, first, evaluations=9))
    4.0
    >>> float(search(lambda t: (t - 3.0) ** 2, value, slope, 2 * first, evaluations=9))
    3.0
    """
    xp = namespace(value, slope, first)
    room = 2 * xp.finfo(value.dtype).eps * xp.abs(value)

    def going(state: Any) -> Any:
        _, _, _, count, found = state
        return xp.logical_and(xp.logical_not(found), count < evaluations)

    def trial(state: Any) -> Any:
        t, low, high, count, _ = state
        here = loss(t)
        enough = here <= value + _LEAST * t * slope + room
        far = here >= value + _MOST * t * slope - room
        low = xp.where(enough, t, low)
        high = xp.where(enough, high, t)
        found = xp.logical_and(enough, far)
        return (
            xp.where(found, t, _next(xp, t, here - value - slope * t, slope, low, high)),
            low,
            high,
            count + 1,
            found,
        )

    zero = xp.zeros_like(first)
    count = xp.asarray(0, dtype=xp.int32)
    state = (first, zero, zero + xp.inf, count, first < zero)
    return while_loop(going, trial, state)[1]


def _next(xp: Any, t: Any, bend: Any, slope: Any, low: Any, high: Any) -> Any:
    """Return the next trial: the parabola's minimum, inside the bracket or, without one, beyond t."""
    bounded = xp.isfinite(high)
    width = xp.where(bounded, high, t) - low
    bottom = xp.where(bounded, low + 0.1 * width, 2 * t)
    top = xp.where(bounded, high - 0.1 * width, 10 * t)
    bends = bend > 0  # not so where the loss is NaN; infinity gives the shortest step
    guess = -slope * t * t / (2 * xp.where(bends, bend, xp.ones_like(bend)))
    guess = xp.where(bends, guess, xp.where(bounded, low + 0.5 * width, top))
    return xp.minimum(xp.maximum(guess, bottom), top)
