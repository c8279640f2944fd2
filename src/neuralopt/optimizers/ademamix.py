"""AdEMAMix: Adam with a fast and a very slow momentum."""

from typing import Any, ClassVar, NamedTuple

from neuralopt.core import tree
from neuralopt.core.method import hyper, method, switch, value_at
from neuralopt.optimizers.base import (
    MOMENTS,
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


class AdEMAMixState(NamedTuple):
    """State of `AdEMAMix`."""

    count: Any  # (), int32
    learning_rate: Any  # (), in force at the last update
    mu: Any  # like params, fast first moment
    mu_slow: Any  # like params, slow first moment
    nu: Any  # like params, second moment

    meanings = MOMENTS


@register
@method
class AdEMAMix(Optimizer):
    r"""Adam with a second, slow momentum that remembers tens of thousands of steps.

    .. math::
        m^1_t &= \beta_1 m^1_{t-1} + (1-\beta_1) g_t, \qquad
        m^2_t = \beta_3^{(t)} m^2_{t-1} + (1-\beta_3^{(t)}) g_t, \qquad
        v_t = \beta_2 v_{t-1} + (1-\beta_2) g_t^2 \\
        w_t &= (1 - \eta_t\lambda)\, w_{t-1} - \eta_t
        \frac{m^1_t/(1-\beta_1^t) + \alpha^{(t)} m^2_t}{\sqrt{v_t/(1-\beta_2^t)} + \epsilon}

    During the first :math:`T` steps the slow momentum is brought in gradually: :math:`\alpha^{(t)} =
    \alpha\, t/T`, and :math:`\beta_3^{(t)}` goes from :math:`\beta_1` to :math:`\beta_3` so that its half
    life grows linearly,

    .. math::
        \beta_3^{(t)} = \exp\frac{\ln\beta_1 \ln\beta_3}{(1-t/T)\ln\beta_3 + (t/T)\ln\beta_1}.

    Parameters
    ----------
    learning_rate : float >= 0 or schedule, default 1e-3
        Step size; it multiplies the decay as well.
    b1 : 0 <= float < 1 or schedule, default 0.9
        Decay of the fast momentum; above 0 where ``warmup_steps`` is.
    b2 : 0 <= float < 1 or schedule, default 0.999
        Decay of the second moment.
    b3 : 0 <= float < 1 or schedule, default 0.9999
        Decay of the slow momentum, after the warm-up.
    alpha : float >= 0 or schedule, default 5
        Weight of the slow momentum, after the warm-up; the paper takes 4 to 10.
    eps : float > 0, default 1e-8
        Added to the root, after the bias correction.
    weight_decay : float >= 0 or schedule, default 0
        The factor :math:`\lambda`, as in the authors' code; 0.1 in the paper's language models.
    mask : {"matrices", "all"} or callable, default "matrices"
        Which parameters decay.
    warmup_steps : float > 0, default 0
        :math:`T`; the paper takes the whole number of steps of the run. 0 means no warm-up.

    Notes
    -----
    Memory: three numbers per parameter. The slow momentum has no bias correction. optax has no
    scheduler for ``alpha`` and ``b3`` of its own and counts them from 0, the paper from 1.

    References
    ----------
    Pagliardini, Ablin and Grangier, 2024, arXiv:2409.03137, algorithm 1 and section 3.

    Examples
    --------
    >>> import numpy as np
    >>> opt, params = AdEMAMix(0.1), [np.array([1.0])]
    >>> opt.update([np.array([2.0])], opt.init(params), params)[0][0].round(6)
    array([-0.10005])
    """

    learning_rate: Any = hyper(1e-3, low=0)
    b1: Any = hyper(0.9, low=0, high=1, high_open=True)
    b2: Any = hyper(0.999, low=0, high=1, high_open=True)
    b3: Any = hyper(0.9999, low=0, high=1, high_open=True)
    alpha: Any = hyper(5.0, low=0)
    eps: Any = eps_hyper(1e-8)
    weight_decay: Any = hyper(0.0, low=0)
    mask: Any = switch("matrices")
    warmup_steps: Any = hyper(0.0, low=0)

    learning_rate_range: ClassVar[tuple[float, float]] = (3e-4, 1e-1)

    def __post_init__(self) -> None:
        check_mask(self.mask)

    def init(self, params: Any) -> AdEMAMixState:
        """Return the first state, all three moments zero; see `Transform.init`."""
        return AdEMAMixState(*self._first(params), *(tree.zeros_like(params) for _ in range(3)))

    def update(
        self, grads: Any, state: AdEMAMixState, params: Any, *, value: Any = None, value_fn: Any = None
    ) -> tuple[Any, AdEMAMixState]:
        """Return the step; see `Transform.update`."""
        t, rate = self._begin(grads, state, params)
        fields = (self.b1, self.b2, self.b3, self.alpha, self.eps, self.weight_decay)
        now = [value_at(h, state.count) for h in fields]

        @per_dtype
        def constants(like: Any) -> tuple[Any, ...]:
            xp, lr, b1, b2, b3, alpha, eps, decay, steps, step = scalars(
                like, rate, *now, self.warmup_steps, t
            )
            part = _part(xp, step, steps)
            b3 = _slow(xp, b1, b3, part)
            c1, c2 = bias_correction(xp, b1, step), bias_correction(xp, b2, step)
            return xp, lr, b1, b2, b3, alpha * part, eps, decay, c1, c2

        def leaf(decays: bool, g: Any, m: Any, s: Any, v: Any, p: Any) -> tuple[Any, Any, Any, Any]:
            xp, lr, b1, b2, b3, alpha, eps, decay, c1, c2 = constants(p)
            g = work(g)
            m = ema(b1, m, g)
            s = ema(b3, s, g)
            v = ema(b2, v, g * g)
            move = (m / c1 + alpha * s) / (xp.sqrt(v / c2) + eps)
            return finish(-lr * (move + decay * work(p) if decays else move), p), m, s, v

        decays = selected(self.mask, params)
        updates, mu, mu_slow, nu = tree.map_unzip(
            4, leaf, decays, grads, state.mu, state.mu_slow, state.nu, params
        )
        return updates, AdEMAMixState(t, rate, mu, mu_slow, nu)


def _part(xp: Any, step: Any, steps: Any) -> Any:
    """Return the part of the warm-up that is done, 1 without warm-up."""
    one = xp.ones_like(step)
    return xp.minimum(step / xp.maximum(steps, one), one)


def _slow(xp: Any, b1: Any, b3: Any, part: Any) -> Any:
    """Return the decay of the slow momentum; exactly ``b3`` once the warm-up is over."""
    one, floor = xp.ones_like(b1), xp.asarray(1e-30, dtype=b1.dtype)
    first, last = xp.log(xp.maximum(b1, floor)), xp.log(xp.maximum(b3, floor))
    warming = part < one
    between = xp.where(warming, (one - part) * last + part * first, one)
    return xp.where(warming, xp.minimum(xp.exp(first * last / between), b3), b3)
