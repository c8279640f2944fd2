"""AdaBound."""

from typing import Any, ClassVar

from neuralopt.core import tree
from neuralopt.core.method import hyper, method, switch
from neuralopt.optimizers.adam import AdamState
from neuralopt.optimizers.base import Optimizer, eps_hyper, finish, moment_scalars, moments, per_dtype, work
from neuralopt.optimizers.registry import register


@register
@method
class AdaBound(Optimizer):
    r"""AdaBound: Adam whose step size is held between bounds that close on that of SGD.

    .. math::
        a_t &= \operatorname{clip}\Big(
        \frac{\eta_t \sqrt{1-\beta_2^t}}{(1-\beta_1^t)(\sqrt{v_t} + \epsilon)},\;
        f_t \big(1 - \tfrac{1}{\gamma t + 1}\big),\; f_t \big(1 + \tfrac{1}{\gamma t}\big)\Big) \\
        w_t &= w_{t-1} - a_t m_t, \qquad f_t = f\, \eta_t / \eta_0

    with Adam's moments :math:`m_t` and :math:`v_t`.

    Parameters
    ----------
    learning_rate : float >= 0 or schedule, default 1e-3
        Adam's step size.
    b1, b2, eps : float or schedule
        Laws and defaults as in `Adam`.
    final_learning_rate : float >= 0 or schedule, default 0.1
        The step size :math:`f` of SGD that the bounds close on.
    gamma : float > 0 or schedule, default 1e-3
        How fast they close.
    base_learning_rate : float > 0, optional
        The rate :math:`\eta_0` that the final one belongs to; by default the learning rate at step
        0. Give it with a warm-up from 0, where otherwise :math:`f_t = f` once the rate is above 0.
    convention : {"official", "paper"}, default "official"
        ``"official"`` is the authors' code, as written above; ``"paper"`` has no bias correction,
        holds :math:`f` against a schedule, and divides the step by :math:`\sqrt t`.

    Notes
    -----
    Memory: two numbers per parameter. The final rate is that of SGD, so it has the unit of the
    parameters over that of the gradients and wants tuning as SGD's does. The authors' code never
    updates a group of parameters that is added later; here there are no groups.

    References
    ----------
    Luo, Xiong, Liu and Sun, 2019, arXiv:1902.09843, algorithm 2.

    Examples
    --------
    >>> import numpy as np
    >>> opt, params = AdaBound(0.1), [np.array([1.0])]
    >>> opt.update([np.array([2.0])], opt.init(params), params)[0][0].round(6)
    array([-0.1])
    """

    learning_rate: Any = hyper(1e-3, low=0)
    b1: Any = hyper(0.9, low=0, high=1, high_open=True)
    b2: Any = hyper(0.999, low=0, high=1, high_open=True)
    eps: Any = eps_hyper(1e-8)
    final_learning_rate: Any = hyper(0.1, low=0)
    gamma: Any = hyper(1e-3, low=0, low_open=True)
    base_learning_rate: Any = hyper(None, low=0, low_open=True)
    convention: str = switch("official", "official", "paper")

    learning_rate_range: ClassVar[tuple[float, float]] = (3e-4, 1e-1)

    def init(self, params: Any) -> AdamState:
        """Return the first state, both moments zero; see `Transform.init`."""
        return AdamState(*self._first(params), tree.zeros_like(params), tree.zeros_like(params))

    def update(
        self, grads: Any, state: AdamState, params: Any, *, value: Any = None, value_fn: Any = None
    ) -> tuple[Any, AdamState]:
        """Return the step; see `Transform.update`."""
        t, rate = self._begin(grads, state, params)
        base = self._rate(0 * t, params) if self.base_learning_rate is None else self.base_learning_rate
        official = self.convention == "official"
        common = moment_scalars(self, rate, state.count, self.final_learning_rate, self.gamma, base, t)

        @per_dtype
        def constants(like: Any) -> tuple[Any, ...]:
            xp, down, b1, b2, eps, k1, k2, final, gamma, base, t = common(like)
            one, none, lr = xp.ones_like(base), xp.zeros_like(base), -down
            ratio = xp.where(base > 0, lr / xp.where(base > 0, base, one), xp.where(lr > 0, one, none))
            closing = gamma * t
            f = final * ratio if official else final
            low, high = f * closing / (closing + 1), f * (closing + 1) / closing
            size = lr * k1 / k2 if official else lr
            return xp, b1, b2, eps, size, low, high, xp.sqrt(t)

        def leaf(g: Any, m: Any, v: Any, p: Any) -> tuple[Any, Any, Any]:
            xp, b1, b2, eps, size, low, high, root_t = constants(p)
            m, v = moments(work(g), m, v, b1, b2)
            bounded = xp.minimum(xp.maximum(size / (xp.sqrt(v) + eps), low), high)
            step = -bounded * m
            return finish(step if official else step / root_t, p), m, v

        updates, mu, nu = tree.map_unzip(3, leaf, grads, state.mu, state.nu, params)
        return updates, AdamState(t, rate, mu, nu)
