"""NAdamW: Adam with Nesterov momentum and decoupled weight decay."""

from typing import Any, ClassVar

from neuralopt.core import tree
from neuralopt.core.method import hyper, method, switch
from neuralopt.optimizers.adam import AdamState
from neuralopt.optimizers.base import (
    Optimizer,
    bias_correction,
    eps_hyper,
    finish,
    moment_scalars,
    moments,
    per_dtype,
    work,
)
from neuralopt.optimizers.registry import register
from neuralopt.transforms.masks import check_mask, selected


@register
@method
class NAdamW(Optimizer):
    r"""Adam with Nesterov momentum and decoupled weight decay.

    .. math::
        \bar m_t &= \beta_1 m_t + (1-\beta_1) g_t \\
        w_t &= (1 - \eta_t \lambda)\, w_{t-1}
             - \eta_t \frac{\bar m_t/(1-\beta_1^t)}{\sqrt{v_t/(1-\beta_2^t)} + \epsilon}

    Parameters
    ----------
    learning_rate : float >= 0 or schedule, default 1e-3
        Step size; it multiplies the decay as well.
    b1, b2, eps : float or schedule
        Laws and defaults as in `Adam`.
    weight_decay : float >= 0 or schedule, default 1e-2
        The factor :math:`\lambda`.
    mask : {"matrices", "all"} or callable, default "matrices"
        Which parameters decay.
    convention : {"algoperf", "optax"}, default "algoperf"
        ``"algoperf"`` divides both parts of :math:`\bar m_t` by :math:`1-\beta_1^t`, as the
        AlgoPerf baseline does; ``"optax"`` divides the momentum part by :math:`1-\beta_1^{t+1}`,
        as Dozat does.

    Notes
    -----
    Memory: two numbers per parameter. torch's ``NAdam`` has a schedule on its momentum and is
    another method.

    References
    ----------
    Dozat, 2016, "Incorporating Nesterov momentum into Adam", algorithm 2; Dahl et al., 2023,
    arXiv:2306.07179 (AlgoPerf), baseline NAdamW.

    Examples
    --------
    >>> import numpy as np
    >>> opt, params = NAdamW(0.1, weight_decay=0.5), [np.array([[1.0]])]
    >>> opt.update([np.array([[2.0]])], opt.init(params), params)[0][0].round(6)
    array([[-0.24]])
    """

    learning_rate: Any = hyper(1e-3, low=0)
    b1: Any = hyper(0.9, low=0, high=1, high_open=True)
    b2: Any = hyper(0.999, low=0, high=1, high_open=True)
    eps: Any = eps_hyper(1e-8)
    weight_decay: Any = hyper(1e-2, low=0)
    mask: Any = switch("matrices")
    convention: str = switch("algoperf", "algoperf", "optax")

    learning_rate_range: ClassVar[tuple[float, float]] = (3e-4, 1e-1)

    def __post_init__(self) -> None:
        check_mask(self.mask)

    def init(self, params: Any) -> AdamState:
        """Return the first state, both moments zero; see `Transform.init`."""
        return AdamState(*self._first(params), tree.zeros_like(params), tree.zeros_like(params))

    def update(
        self, grads: Any, state: AdamState, params: Any, *, value: Any = None, value_fn: Any = None
    ) -> tuple[Any, AdamState]:
        """Return the step; see `Transform.update`."""
        t, rate = self._begin(grads, state, params)
        common = moment_scalars(self, rate, state.count, self.weight_decay, t)

        @per_dtype
        def constants(like: Any) -> tuple[Any, ...]:
            xp, down, b1, b2, eps, k1, k2, decay, step = common(like)
            ahead = k1 if self.convention == "algoperf" else 1 / bias_correction(xp, b1, step + 1)
            return xp, down, b1, b2, eps, decay, b1 * ahead, (1 - b1) * k1, k2

        def leaf(decays: bool, g: Any, m: Any, v: Any, p: Any) -> tuple[Any, Any, Any]:
            xp, down, b1, b2, eps, decay, old, new, k2 = constants(p)
            g = work(g)
            m, v = moments(g, m, v, b1, b2)
            m_bar = old * m + new * g
            move = m_bar / (k2 * xp.sqrt(v) + eps)
            return finish(down * (move + decay * work(p) if decays else move), p), m, v

        decays = selected(self.mask, params)
        updates, mu, nu = tree.map_unzip(3, leaf, decays, grads, state.mu, state.nu, params)
        return updates, AdamState(t, rate, mu, nu)
