"""Adam."""

from typing import Any, ClassVar, NamedTuple

from neuralopt.core import tree
from neuralopt.core.method import hyper, method, value_at
from neuralopt.optimizers.base import Optimizer, bias_correction, ema, finish, per_dtype, scalars, work
from neuralopt.optimizers.registry import register


class AdamState(NamedTuple):
    """State of `Adam`."""

    count: Any  # (), int32
    learning_rate: Any  # (), in force at the last update
    mu: Any  # like params, first moment
    nu: Any  # like params, second moment


@register
@method
class Adam(Optimizer):
    r"""Adam: steps scaled by running estimates of the gradient's first two moments.

    .. math::
        m_t &= \beta_1 m_{t-1} + (1-\beta_1) g_t, \qquad v_t = \beta_2 v_{t-1} + (1-\beta_2) g_t^2 \\
        w_t &= w_{t-1} - \eta_t \frac{m_t/(1-\beta_1^t)}{\sqrt{v_t/(1-\beta_2^t)} + \epsilon}

    Parameters
    ----------
    learning_rate : float >= 0 or schedule, default 1e-3
        Step size.
    b1 : 0 <= float < 1 or schedule, default 0.9
        Decay of the first moment.
    b2 : 0 <= float < 1 or schedule, default 0.999
        Decay of the second moment.
    eps : float >= 0, default 1e-8
        Added to the root, after the bias correction.

    Notes
    -----
    Memory: two numbers per parameter. For weight decay take `AdamW`, or put
    `L2Decay` in front with `chain`. Keras puts eps before the bias correction.

    References
    ----------
    Kingma and Ba, 2015, arXiv:1412.6980, algorithm 1.

    Examples
    --------
    >>> import numpy as np
    >>> opt, params = Adam(0.1), [np.array([1.0])]
    >>> opt.update([np.array([2.0])], opt.init(params), params)[0][0].round(6)
    array([-0.1])
    """

    learning_rate: Any = hyper(1e-3, low=0)
    b1: Any = hyper(0.9, low=0, high=1, high_open=True)
    b2: Any = hyper(0.999, low=0, high=1, high_open=True)
    eps: Any = hyper(1e-8, low=0)

    learning_rate_range: ClassVar[tuple[float, float]] = (3e-4, 1e-1)

    def init(self, params: Any) -> AdamState:
        """Return the first state, both moments zero; see `Transform.init`."""
        return AdamState(*self._first(params), tree.zeros_like(params), tree.zeros_like(params))

    def update(
        self, grads: Any, state: AdamState, params: Any, *, value: Any = None, value_fn: Any = None
    ) -> tuple[Any, AdamState]:
        """Return the step; see `Transform.update`."""
        t, rate = self._begin(grads, state.count, params)
        now = [value_at(h, state.count) for h in (self.b1, self.b2, self.eps)]

        @per_dtype
        def constants(like: Any) -> tuple[Any, ...]:
            xp, lr, b1, b2, eps, step = scalars(like, rate, *now, t)
            return xp, -lr, b1, b2, eps, bias_correction(xp, b1, step), bias_correction(xp, b2, step)

        def leaf(g: Any, m: Any, v: Any, p: Any) -> tuple[Any, Any, Any]:
            xp, down, b1, b2, eps, c1, c2 = constants(p)
            g = work(g)
            m = ema(b1, m, g)
            v = ema(b2, v, g * g)
            m_hat, v_hat = m / c1, v / c2
            return finish(down * m_hat / (xp.sqrt(v_hat) + eps), p), m, v

        updates, mu, nu = tree.map_unzip(3, leaf, grads, state.mu, state.nu, params)
        return updates, AdamState(t, rate, mu, nu)
