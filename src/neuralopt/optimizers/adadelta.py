"""AdaDelta."""

from typing import Any, ClassVar, NamedTuple

from neuralopt.core import tree
from neuralopt.core.method import hyper, method, value_at
from neuralopt.optimizers.base import Optimizer, ema, finish, per_dtype, scalars, work
from neuralopt.optimizers.registry import register


class AdaDeltaState(NamedTuple):
    """State of `AdaDelta`."""

    count: Any  # (), int32
    learning_rate: Any  # (), in force at the last update
    nu: Any  # like params, mean of squared gradients
    delta: Any  # like params, mean of squared steps, before the learning rate


@register
@method
class AdaDelta(Optimizer):
    r"""AdaDelta: steps in the units of the parameters, from running means of squared gradients and steps.

    .. math::
        v_t &= \rho v_{t-1} + (1-\rho) g_t^2 \\
        d_t &= \frac{\sqrt{s_{t-1} + \epsilon}}{\sqrt{v_t + \epsilon}}\, g_t, \qquad
        s_t = \rho s_{t-1} + (1-\rho) d_t^2 \\
        w_t &= w_{t-1} - \eta_t d_t

    Parameters
    ----------
    learning_rate : float >= 0 or schedule, default 1
        Factor of the step; the paper has none, which is 1.
    rho : 0 <= float < 1 or schedule, default 0.95
        Decay of both running means.
    eps : float > 0 or schedule, default 1e-6
        Added under both roots; it sets the length of the first steps, about
        :math:`\sqrt{\epsilon/(1-\rho)}`.

    Notes
    -----
    Memory: two numbers per parameter. All libraries agree on the formula and none on the numbers:
    the default learning rate of Keras is 0.001, which moves a thousandth as far, and rho is 0.9 in
    torch and optax.

    References
    ----------
    Zeiler, 2012, arXiv:1212.5701, algorithm 1.

    Examples
    --------
    >>> import numpy as np
    >>> opt, params = AdaDelta(), [np.array([1.0])]
    >>> opt.update([np.array([2.0])], opt.init(params), params)[0][0].round(6)
    array([-0.004472])
    """

    learning_rate: Any = hyper(1.0, low=0)
    rho: Any = hyper(0.95, low=0, high=1, high_open=True)
    eps: Any = hyper(
        1e-6, low=0, low_open=True, cure="Without it no parameter ever moves: the first step is sqrt(eps)."
    )

    learning_rate_range: ClassVar[tuple[float, float]] = (0.3, 100.0)

    def init(self, params: Any) -> AdaDeltaState:
        """Return the first state, both means zero; see `Transform.init`."""
        return AdaDeltaState(*self._first(params), tree.zeros_like(params), tree.zeros_like(params))

    def update(
        self, grads: Any, state: AdaDeltaState, params: Any, *, value: Any = None, value_fn: Any = None
    ) -> tuple[Any, AdaDeltaState]:
        """Return the step; see `Transform.update`."""
        t, rate = self._begin(grads, state, params)
        now = [rate, value_at(self.rho, state.count), value_at(self.eps, state.count)]

        @per_dtype
        def constants(like: Any) -> tuple[Any, ...]:
            xp, lr, rho, eps = scalars(like, *now)
            # with a decay of exactly 0 and no gradient the step would be 0 / 0
            return xp, lr, xp.maximum(rho, xp.asarray(1e-30, dtype=rho.dtype)), eps

        def leaf(g: Any, v: Any, s: Any, p: Any) -> tuple[Any, Any, Any]:
            xp, lr, rho, eps = constants(p)
            g = work(g)
            v = ema(rho, v, g * g)
            s = ema(rho, s, (s + eps) / (v + eps) * (g * g))
            # the step told by the new mean of squared steps: were it told by the old one, the new one
            # could not take its place, and XLA would copy it (134 MB and four times as slow for 16 x 1 M)
            d = g * xp.sqrt((s + rho * eps) / (rho * (v + eps) + (1 - rho) * (g * g)))
            return finish(-lr * d, p), v, s

        updates, nu, delta = tree.map_unzip(3, leaf, grads, state.nu, state.delta, params)
        return updates, AdaDeltaState(t, rate, nu, delta)
