"""A dropout rate that follows the gap between training and validation."""

import math
from typing import Any, NamedTuple

import numpy as np

from neuralopt.core.errors import InvalidArgument
from neuralopt.core.method import hyper, method
from neuralopt.core.namespace import namespace
from neuralopt.schedules.base import Schedule
from neuralopt.schedules.basic import Constant
from neuralopt.schedules.feedback import Feedback


class AdaptiveDropoutState(NamedTuple):
    """What `AdaptiveDropout` has learnt."""

    count: Any  # (), int32, observations so far
    rate: Any  # (), the dropout rate in force
    train: Any  # (), smoothed training loss
    valid: Any  # (), smoothed validation loss
    best_train: Any  # (), the least of each since the last change
    best_valid: Any  # ()
    gap: Any  # (), the least gap since the last change
    grown: Any  # (), int32, observations in a row in which the gap had grown
    stalled: Any  # (), int32, observations in a row in which neither loss improved


@method
class AdaptiveDropout(Feedback):
    r"""A dropout rate that rises while the network overfits and falls while it no longer learns.

    Observation n is of a training loss :math:`l_n` and a validation loss :math:`v_n`. Both are smoothed
    (:math:`L_1 = l_1`, :math:`V_1 = v_1`), and their gap is compared with the least since the last change:

    .. math::
        L_n &= \beta L_{n-1} + (1 - \beta)\,l_n, \qquad V_n = \beta V_{n-1} + (1 - \beta)\,v_n, \qquad
        G_n = V_n - L_n \\
        a_n &= a_{n-1} + 1 \text{ if } G_n > \max(G^*, 0) + \theta\,|V_n|, \text{ else } 0 \\
        s_n &= 0 \text{ if } L_n < L^* - \theta\,|L^*| \text{ or } V_n < V^* - \theta\,|V^*|,
        \text{ else } s_{n-1} + 1

    where the stars are the least values since the last change of the rate. Then

    .. math::
        p_n = \begin{cases}
            \min(p_{n-1} + \delta,\ p_{high}) & a_n \ge K \quad\text{(the gap grows)} \\
            \max(p_{n-1} - \delta,\ p_{low}) & a_n < K,\ s_n \ge K \quad\text{(both losses stall)} \\
            p_{n-1} & \text{else}
        \end{cases}

    After a rise or a fall, both counts begin again at 0 and the stars at the values of now. An
    observation that is not finite changes nothing.

    Parameters
    ----------
    initial : float in [0, 1), default 0.1
        The rate before anything is observed, :math:`p_0`.
    low, high : float in [0, 1), default 0 and 0.5
        The bounds of the rate.
    step : float in (0, 1), default 0.05
        How much the rate changes at once, :math:`\delta`.
    patience : int >= 1, default 3
        Observations in a row that it takes, K.
    threshold : float >= 0, default 1e-3
        The share of a loss that counts as a change, :math:`\theta`.
    smoothing : float in [0, 1), default 0.5
        The decay :math:`\beta` of the moving averages; 0 means none.

    Notes
    -----
    The monitored figure must be the validation loss, the same loss as that of training. A training loss
    taken with dropout is higher than one without, so the gap is understated, the more so the higher the
    rate; growth since the last change is looked at for that reason, and not the gap itself.

    Examples
    --------
    >>> from neuralopt.schedules import feedback_init, feedback_observe, settle
    >>> dropout = AdaptiveDropout(0.25, step=0.25, patience=2, smoothing=0.0)
    >>> states = feedback_init(dropout)
    >>> for valid, train in ((1.0, 1.0), (1.0, 0.8), (1.0, 0.6)):
    ...     states = feedback_observe(dropout, states, valid, train)
    >>> float(settle(dropout, states)(0))
    0.5
    """

    initial: Any = hyper(0.1, low=0, high=1, high_open=True)
    low: Any = hyper(0.0, low=0, high=1, high_open=True)
    high: Any = hyper(0.5, low=0, high=1, high_open=True)
    step: Any = hyper(0.05, low=0, low_open=True, high=1, high_open=True)
    patience: Any = hyper(3, low=1, whole=True)
    threshold: Any = hyper(1e-3, low=0)
    smoothing: Any = hyper(0.5, low=0, high=1, high_open=True)

    def __post_init__(self) -> None:
        bounds = self.low, self.initial, self.high
        if all(isinstance(b, int | float) for b in bounds) and not self.low <= self.initial <= self.high:
            raise InvalidArgument(
                f"AdaptiveDropout: low <= initial <= high must hold, got {', '.join(map(repr, bounds))}."
            )

    def init(self) -> AdaptiveDropoutState:
        """Return the state with nothing observed; see `Feedback.init`."""
        zero, loss, most = np.asarray(0, np.int32), np.asarray(0.0), np.asarray(math.inf)
        rate = np.asarray(self.initial, dtype=np.float64)
        return AdaptiveDropoutState(zero, rate, loss, loss, most, most, most, zero, zero)

    def observe(self, state: AdaptiveDropoutState, metric: Any, loss: Any = None) -> AdaptiveDropoutState:
        """Return the state after one more pair of losses; see `Feedback.observe`."""
        if loss is None:
            raise InvalidArgument(
                "AdaptiveDropout needs the training loss beside the validation loss, got None. "
                "Give both: feedback_observe(optimizer, states, validation_loss, training_loss)."
            )
        xp = namespace(metric, loss, *state)
        old = AdaptiveDropoutState(*map(xp.asarray, state))
        dtype = old.rate.dtype
        step, theta, beta, low, high, l, v = (
            xp.asarray(number, dtype=dtype)
            for number in (self.step, self.threshold, self.smoothing, self.low, self.high, loss, metric)
        )
        first, finite = old.count == 0, xp.isfinite(l) & xp.isfinite(v)
        # what is not finite is passed over at the end; until then it must not meet itself as inf - inf
        l, v = (xp.where(finite, seen, xp.zeros_like(seen)) for seen in (l, v))
        train = xp.where(first, l, beta * old.train + (1 - beta) * l)
        valid = xp.where(first, v, beta * old.valid + (1 - beta) * v)
        gap, zero = valid - train, xp.zeros_like(old.grown)

        growing = gap > xp.maximum(old.gap, xp.zeros_like(gap)) + theta * xp.abs(valid)
        grown = xp.where(growing, old.grown + 1, zero)
        better = _below(old.best_train, train, theta) | _below(old.best_valid, valid, theta)
        stalled = xp.where(better, zero, old.stalled + 1)

        up = grown >= self.patience
        down = (stalled >= self.patience) & ~up
        rate = xp.where(up, xp.minimum(old.rate + step, high), old.rate)
        rate = xp.where(down, xp.maximum(old.rate - step, low), rate)
        changed = up | down

        def since_change(best: Any, now: Any) -> Any:
            return xp.where(changed, now, xp.minimum(best, now))

        new = AdaptiveDropoutState(
            old.count + 1,
            rate,
            train,
            valid,
            since_change(old.best_train, train),
            since_change(old.best_valid, valid),
            since_change(old.gap, gap),
            xp.where(changed, zero, grown),
            xp.where(changed, zero, stalled),
        )
        return AdaptiveDropoutState(*(xp.where(finite, n, o) for n, o in zip(new, old, strict=True)))

    def at(self, state: AdaptiveDropoutState) -> Schedule:
        """Return the rate in force; see `Feedback.at`."""
        return Constant(state.rate)


def _below(best: Any, now: Any, theta: Any) -> Any:
    """Return whether a loss is below its best by more than a share; an infinite best is always above."""
    xp = namespace(best, now)
    known = xp.where(xp.isfinite(best), best, xp.zeros_like(best))
    return ~xp.isfinite(best) | (now < known - theta * xp.abs(known))
