"""Prodigy: AdamW that finds its own learning rate."""

from typing import Any, ClassVar, NamedTuple

from neuralopt.core import tree
from neuralopt.core.method import hyper, method, switch, value_at
from neuralopt.core.namespace import namespace
from neuralopt.optimizers.base import (
    Optimizer,
    bias_correction,
    ema,
    eps_hyper,
    finish,
    per_dtype,
    scalars,
    work,
)
from neuralopt.optimizers.registry import register
from neuralopt.transforms.masks import check_mask, selected


class ProdigyState(NamedTuple):
    """State of `Prodigy`."""

    count: Any  # (), int32
    learning_rate: Any  # (), in force at the last update; d multiplies it
    d: Any  # (), the estimate of the distance from the start to a solution
    numerator: Any  # (), r of the paper
    start: Any  # like params, where the run began
    mu: Any  # like params, first moment of d g
    nu: Any  # like params, second moment of d g
    sums: Any  # like params, s of the paper


@register
@method
class Prodigy(Optimizer):
    r"""AdamW whose step size is an estimate of the distance from the start to a solution.

    With :math:`a_t = \eta_t d_t` (times Adam's bias correction where it is switched on),

    .. math::
        m_{t+1} &= \beta_1 m_t + (1-\beta_1)\, d_t g_t, \qquad
        v_{t+1} = \beta_2 v_t + (1-\beta_2)\, d_t^2 g_t^2 \\
        r_{t+1} &= \beta_3 r_t + \tfrac{d_t}{d_0} a_t \langle g_t, w_0 - w_t\rangle, \qquad
        s_{t+1} = \beta_3 s_t + \tfrac{d_t}{d_0} a_t g_t \\
        d_{t+1} &= \max\left(d_t,\; c\, \frac{r_{t+1}}{\lVert s_{t+1}\rVert_1}\right), \qquad
        \beta_3 = \sqrt{\beta_2} \\
        w_{t+1} &= (1 - a_t\lambda)\, w_t - a_t \frac{m_{t+1}}{\sqrt{v_{t+1}} + d_{t+1}\epsilon}

    Parameters
    ----------
    learning_rate : float >= 0 or schedule, default 1.0
        A factor on the estimate; leave it at 1 and shape it by a schedule (cosine, say).
    b1, b2, eps : float or schedule
        Laws and defaults as in `Adam`.
    weight_decay : float >= 0 or schedule, default 0
        The factor :math:`\lambda`.
    mask : {"matrices", "all"} or callable, default "matrices"
        Which parameters decay.
    d0 : float > 0, default 1e-6
        First estimate, to be below the truth; it grows exponentially from there.
    d_coef : float > 0, default 1
        The factor :math:`c` on the estimate.
    bias_correction : bool, default False
        Multiply :math:`a_t` by Adam's :math:`\sqrt{1-\beta_2^t}/(1-\beta_1^t)`, as optax always does.
    safeguard_warmup : bool, default False
        Leave the learning rate out of :math:`s`, for runs with a warm-up.

    Notes
    -----
    Memory: four numbers per parameter. The step in force is ``state.learning_rate * state.d``. One estimate
    serves all parameters. While every gradient was zero the estimate stays; optax makes it NaN.

    References
    ----------
    Mishchenko and Defazio, 2023, arXiv:2306.06101, algorithm 4 and the authors' code.

    Examples
    --------
    >>> import numpy as np
    >>> opt, params = Prodigy(), [np.array([1.0])]
    >>> state = opt.init(params)
    >>> for _ in range(60):
    ...     updates, state = opt.update(params, state, params)
    ...     params = tree.apply_updates(params, updates)
    >>> bool(abs(params[0][0]) < 0.5), bool(0.05 < state.d < 1)
    (True, True)
    """

    learning_rate: Any = hyper(1.0, low=0)
    b1: Any = hyper(0.9, low=0, high=1, high_open=True)
    b2: Any = hyper(0.999, low=0, high=1, high_open=True)
    eps: Any = eps_hyper(1e-8)
    weight_decay: Any = hyper(0.0, low=0)
    mask: Any = switch("matrices")
    d0: Any = hyper(1e-6, low=0, low_open=True)
    d_coef: Any = hyper(1.0, low=0, low_open=True)
    bias_correction: bool = switch(False, False, True)
    safeguard_warmup: bool = switch(False, False, True)

    learning_rate_range: ClassVar[tuple[float, float]] = (0.1, 10.0)

    def __post_init__(self) -> None:
        check_mask(self.mask)

    def init(self, params: Any) -> ProdigyState:
        """Return the first state, the estimate at ``d0``; see `Transform.init`."""
        count, rate = self._first(params)
        d = tree.cast(self.d0, rate.dtype, rate)
        start = tree.map(lambda p: namespace(p).asarray(p, copy=True), params)
        zeros = [tree.zeros_like(params) for _ in range(3)]
        return ProdigyState(count, rate, d, namespace(d).zeros_like(d), start, *zeros)

    def update(
        self, grads: Any, state: ProdigyState, params: Any, *, value: Any = None, value_fn: Any = None
    ) -> tuple[Any, ProdigyState]:
        """Return the step; see `Transform.update`."""
        t, rate = self._begin(grads, state, params)
        now = [value_at(h, state.count) for h in (self.b1, self.b2, self.eps, self.weight_decay)]
        # the scalars of the estimate, which all parameters share
        xp, rate_, d, d0, coef, b1, b2, step = scalars(
            state.d, rate, state.d, self.d0, self.d_coef, *now[:2], t
        )
        b3 = xp.sqrt(b2)
        size = rate_ * d
        if self.bias_correction:
            size = size * xp.sqrt(bias_correction(xp, b2, step)) / bias_correction(xp, b1, step)
        gain = d / d0 * (d if self.safeguard_warmup else size)

        @per_dtype
        def first(like: Any) -> tuple[Any, ...]:
            return scalars(like, d, b1, b2, b3, gain)

        def moments(g: Any, p0: Any, m: Any, v: Any, s: Any, p: Any) -> tuple[Any, ...]:
            xp, d, b1, b2, b3, gain = first(p)
            g = work(g)
            along = xp.sum(g * (work(p0) - work(p)))
            s = b3 * s + gain * g
            return ema(b1, m, d * g), ema(b2, v, (d * g) ** 2), s, along, xp.sum(xp.abs(s))

        mu, nu, sums, along, sizes = tree.map_unzip(
            5, moments, grads, state.start, state.mu, state.nu, state.sums, params
        )
        numerator = b3 * state.numerator + d / d0 * size * _total(along, state.d)
        denominator = _total(sizes, state.d)
        some = denominator > xp.zeros_like(d)
        guess = coef * numerator / xp.where(some, denominator, xp.ones_like(d))
        d = xp.where(some, xp.maximum(d, guess), d)

        @per_dtype
        def second(like: Any) -> tuple[Any, ...]:
            return scalars(like, size, d, *now[2:])

        def move(decays: bool, m: Any, v: Any, p: Any) -> Any:
            xp, a, d, eps, decay = second(p)
            step = m / (xp.sqrt(v) + d * eps)
            return finish(-a * (step + decay * work(p) if decays else step), p)

        updates = tree.map(move, selected(self.mask, params), mu, nu, params)
        return updates, ProdigyState(t, rate, d, numerator, state.start, mu, nu, sums)


def _total(parts: Any, like: Any) -> Any:
    """Return the sum of scalars of several dtypes in that of ``like``."""
    return sum(tree.cast(part, like.dtype, like) for part in tree.leaves(parts))
