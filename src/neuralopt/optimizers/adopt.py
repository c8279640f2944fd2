"""ADOPT: Adam whose second moment never contains the gradient that it scales."""

from typing import Any, ClassVar, NamedTuple

from neuralopt.core import tree
from neuralopt.core.method import hyper, method, switch, value_at
from neuralopt.core.numerics import zero_after
from neuralopt.optimizers.base import Optimizer, ema, eps_hyper, finish, per_dtype, scalars, work
from neuralopt.optimizers.registry import register
from neuralopt.transforms.masks import check_mask, selected


class ADOPTState(NamedTuple):
    """State of `ADOPT`."""

    count: Any  # (), int32
    learning_rate: Any  # (), in force at the last update
    mu: Any  # like params, mean of the scaled gradients
    nu: Any  # like params, second moment


@register
@method
class ADOPT(Optimizer):
    r"""Adam that scales by the second moment of the steps before, and averages after scaling.

    It converges for every :math:`\beta_2`. The first gradient, :math:`g_0`, only fills
    :math:`v_0 = g_0^2` and moves nothing. From then on, for :math:`t \ge 1`,

    .. math::
        n_t &= \mathrm{clip}\!\left(\frac{g_t}{\max(\sqrt{v_{t-1}}, \epsilon)},\, t^{1/4}\right), \qquad
        m_t = \beta_1 m_{t-1} + (1-\beta_1)\, n_t \\
        w_t &= (1-\eta_t\lambda)\, w_{t-1} - \eta_t m_t, \qquad
        v_t = \beta_2 v_{t-1} + (1-\beta_2) g_t^2

    Parameters
    ----------
    learning_rate : float >= 0 or schedule, default 1e-3
        Step size; it multiplies the decay as well.
    b1 : 0 <= float < 1 or schedule, default 0.9
        Decay of the first moment.
    b2 : 0 <= float < 1 or schedule, default 0.9999
        Decay of the second moment.
    eps : float > 0, default 1e-6
        Least divisor.
    weight_decay : float >= 0 or schedule, default 0
        The factor :math:`\lambda`.
    mask : {"matrices", "all"} or callable, default "matrices"
        Which parameters decay.
    clip : bool, default True
        Clip every scaled entry to :math:`\pm t^{1/4}`, as the authors' code does since its second
        version; ``False`` is the algorithm of the first.

    Notes
    -----
    Memory: two numbers per parameter. Decay is decoupled; the authors' code couples it by default.
    There is no bias correction: :math:`v` starts from a gradient, and the first steps are short.

    References
    ----------
    Taniguchi et al., 2024, arXiv:2411.02853, algorithm 2.

    Examples
    --------
    >>> import numpy as np
    >>> opt, params = ADOPT(0.1), [np.array([1.0])]
    >>> state = opt.init(params)
    >>> for _ in range(2):
    ...     updates, state = opt.update([np.array([2.0])], state, params)
    ...     print(updates[0].round(6) + 0.0)
    [0.]
    [-0.01]
    """

    learning_rate: Any = hyper(1e-3, low=0)
    b1: Any = hyper(0.9, low=0, high=1, high_open=True)
    b2: Any = hyper(0.9999, low=0, high=1, high_open=True)
    eps: Any = eps_hyper(1e-6)
    weight_decay: Any = hyper(0.0, low=0)
    mask: Any = switch("matrices")
    clip: bool = switch(True, False, True)

    learning_rate_range: ClassVar[tuple[float, float]] = (3e-4, 1e-1)

    def __post_init__(self) -> None:
        check_mask(self.mask)

    def init(self, params: Any) -> ADOPTState:
        """Return the first state, both moments zero; see `Transform.init`."""
        return ADOPTState(*self._first(params), tree.zeros_like(params), tree.zeros_like(params))

    def update(
        self, grads: Any, state: ADOPTState, params: Any, *, value: Any = None, value_fn: Any = None
    ) -> tuple[Any, ADOPTState]:
        """Return the step, zero at the first; see `Transform.update`."""
        t, rate = self._begin(grads, state, params)
        now = [value_at(h, state.count) for h in (self.b1, self.b2, self.eps, self.weight_decay)]

        @per_dtype
        def constants(like: Any) -> tuple[Any, ...]:
            xp, lr, b1, b2, eps, decay, step = scalars(like, rate, *now, state.count)
            zero, one = xp.zeros_like(step), xp.ones_like(step)
            first = step == zero
            # at the first step v is the squared gradient itself, m stays zero and nothing decays
            lr, b1, b2 = xp.where(first, zero, lr), xp.where(first, one, b1), xp.where(first, zero, b2)
            return xp, lr, b1, b2, eps, decay, xp.sqrt(xp.sqrt(step))

        def leaf(decays: bool, g: Any, m: Any, v: Any, p: Any) -> tuple[Any, Any, Any]:
            xp, lr, b1, b2, eps, decay, limit = constants(p)
            g = work(g)
            n = g / xp.maximum(xp.sqrt(v), eps)
            if self.clip:
                n = xp.minimum(xp.maximum(n, -limit), limit)
            m = ema(b1, m, n)
            # v is read for m and then overwritten: without this order XLA copies it first
            v = ema(b2 + zero_after(m), v, g * g)
            return finish(-lr * (m + decay * work(p) if decays else m), p), m, v

        decays = selected(self.mask, params)
        updates, mu, nu = tree.map_unzip(3, leaf, decays, grads, state.mu, state.nu, params)
        return updates, ADOPTState(t, rate, mu, nu)
