"""Reduce a schedule where the monitored figure no longer improves."""

import math
from typing import Any, NamedTuple

import numpy as np

from neuralopt.core.method import hyper, method, switch, value_at
from neuralopt.core.namespace import namespace
from neuralopt.schedules.base import Schedule, floats, length_of
from neuralopt.schedules.feedback import Feedback


class PlateauState(NamedTuple):
    """What `ReduceOnPlateau` has learnt."""

    best: Any  # (), the best figure so far
    bad: Any  # (), int32, observations since then that were not better
    cooling: Any  # (), int32, observations for which nothing is counted yet
    factor: Any  # (), by which the schedule is multiplied


@method
class Reduced(Schedule):
    """A schedule times a factor, but not below a bound that the schedule itself is above."""

    after: Any = hyper(1e-3)
    factor: Any = hyper(1.0)
    min_value: Any = hyper(0.0)

    @property
    def length(self) -> float:
        """That of the schedule; see `Schedule.length`."""
        return length_of(self.after)

    def value(self, step: Any) -> Any:
        """Return the reduced value; see `Schedule.value`."""
        xp, t, full, factor, bound = floats(step, value_at(self.after, step), self.factor, self.min_value)
        return t * 0 + xp.minimum(full, xp.maximum(factor * full, bound))


@method
class ReduceOnPlateau(Feedback):
    r"""A schedule that is multiplied by a factor each time the monitored figure stops improving.

    .. math:: \eta_t = \min\bigl(f(t),\ \max(c_n f(t),\ m)\bigr), \qquad c_0 = 1

    After observation n of the figure :math:`y_n`, with the best b of those before:

    .. math::
        \text{better} &= y_n < b\,(1 - \theta) \quad\text{(relative)} \qquad\text{or}\qquad
        y_n < b - \theta \quad\text{(absolute)} \\
        k &\leftarrow 0 \text{ if better or cooling, else } k + 1 \\
        c_n &= \max(\gamma c_{n-1},\ c_{min}),\ k \leftarrow 0,\ \text{cooling for } C
        \text{ observations} \qquad\text{if } k > K

    A figure that is NaN is not better. For ``mode="max"`` better is :math:`y_n > b\,(1 + \theta)` or
    :math:`y_n > b + \theta`.

    Parameters
    ----------
    after : schedule or float
        What is reduced, f.
    factor : float in (0, 1), default 0.1
        The factor :math:`\gamma` of each reduction.
    patience : int >= 0, default 10
        Observations K without improvement that are borne; the next one reduces.
    threshold : float >= 0, default 1e-4
        What counts as an improvement, :math:`\theta`.
    threshold_mode : {"rel", "abs"}
        Whether the threshold is a share of the best figure or a difference.
    cooldown : int >= 0, default 0
        Observations C after a reduction before anything is counted again.
    min_factor : float in [0, 1], default 0
        The least that all reductions together multiply by, :math:`c_{min}`.
    min_value : float, default 0
        Reductions go down to this value m and no further. Where the schedule itself is
        lower, as in a warm-up, it is left as it is.
    mode : {"min", "max"}
        Whether a smaller or a larger figure is better.
    monitor : str or None
        The column of the history to observe in `neuralopt.train`, such as ``"validation_accuracy"``;
        None for the validation loss, or the training loss without validation data.

    Notes
    -----
    The counting is that of torch's ``ReduceLROnPlateau``, of which ``min_value`` is the ``min_lr``. torch
    also skips a change smaller than ``eps=1e-8``; nothing is skipped here.

    Examples
    --------
    >>> from neuralopt.schedules import feedback_init, feedback_observe, settle
    >>> plateau = ReduceOnPlateau(0.5, factor=0.5, patience=1)
    >>> states = feedback_init(plateau)
    >>> for loss in (1.0, 0.9, 0.9, 0.9):
    ...     states = feedback_observe(plateau, states, loss)
    >>> float(settle(plateau, states)(0))
    0.25
    """

    after: Any = hyper(1e-3)
    factor: Any = hyper(0.1, low=0, low_open=True, high=1, high_open=True)
    patience: Any = hyper(10, low=0, whole=True)
    threshold: Any = hyper(1e-4, low=0)
    threshold_mode: str = switch("rel", "rel", "abs")
    cooldown: Any = hyper(0, low=0, whole=True)
    min_factor: Any = hyper(0.0, low=0, high=1)
    min_value: Any = hyper(0.0)
    mode: str = switch("min", "min", "max")
    monitor: str | None = switch(None)

    def init(self) -> PlateauState:
        """Return the state with nothing observed; see `Feedback.init`."""
        worst = math.inf if self.mode == "min" else -math.inf
        zero = np.asarray(0, np.int32)
        return PlateauState(np.asarray(worst), zero, zero, np.asarray(1.0))

    def observe(self, state: PlateauState, metric: Any, loss: Any = None) -> PlateauState:
        """Return the state after one more figure; see `Feedback.observe`."""
        xp = namespace(metric, *state)
        best, factor = xp.asarray(state.best), xp.asarray(state.factor)
        figure = xp.asarray(metric, dtype=best.dtype)
        sign = 1 if self.mode == "min" else -1
        margin = self.threshold if self.threshold_mode == "abs" else 0.0
        share = self.threshold if self.threshold_mode == "rel" else 0.0
        bound = xp.asarray(best * (1 - sign * share) - sign * margin, dtype=best.dtype)
        better = sign * figure < sign * bound
        zero = xp.zeros_like(xp.asarray(state.bad))
        cooling = state.cooling > 0
        bad = xp.where(better | cooling, zero, state.bad + 1)
        reduce = bad > self.patience
        rest = xp.where(cooling, state.cooling - 1, zero)
        lower = xp.asarray(factor * self.factor, dtype=factor.dtype)
        bounded = xp.maximum(lower, xp.asarray(self.min_factor, dtype=factor.dtype))
        return PlateauState(
            xp.where(better, figure, best),
            xp.where(reduce, zero, bad),
            xp.where(reduce, xp.asarray(self.cooldown, dtype=zero.dtype), rest),
            xp.where(reduce, bounded, factor),
        )

    def at(self, state: PlateauState) -> Schedule:
        """Return the reduced schedule; see `Feedback.at`."""
        return Reduced(self.after, state.factor, self.min_value)
