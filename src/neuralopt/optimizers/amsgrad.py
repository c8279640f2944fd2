"""AMSGrad."""

from typing import Any, ClassVar, NamedTuple

from neuralopt.core import tree
from neuralopt.core.method import hyper, method, switch
from neuralopt.optimizers.base import MOMENTS, Optimizer, eps_hyper, finish, moment_scalars, moments, work
from neuralopt.optimizers.registry import register


class AMSGradState(NamedTuple):
    """State of `AMSGrad`."""

    count: Any  # (), int32
    learning_rate: Any  # (), in force at the last update
    mu: Any  # like params, first moment
    nu: Any  # like params, second moment
    nu_max: Any  # like params, largest second moment so far (of v_hat in the optax convention)

    meanings = MOMENTS


@register
@method
class AMSGrad(Optimizer):
    r"""AMSGrad: Adam whose divisor never shrinks.

    .. math::
        m_t &= \beta_1 m_{t-1} + (1-\beta_1) g_t, \qquad v_t = \beta_2 v_{t-1} + (1-\beta_2) g_t^2 \\
        u_t &= \max(u_{t-1}, v_t), \qquad
        w_t = w_{t-1} - \eta_t \frac{m_t/(1-\beta_1^t)}{\sqrt{u_t/(1-\beta_2^t)} + \epsilon}

    Parameters
    ----------
    learning_rate : float >= 0 or schedule, default 1e-3
        Step size.
    b1, b2, eps : float or schedule
        Laws and defaults as in `Adam`.
    convention : {"torch", "paper", "optax", "keras"}, default "torch"
        Three algorithms have this name. ``"torch"`` takes the maximum of the raw :math:`v_t` and
        corrects it when it is used, as written above; ``"paper"`` has no bias correction at all;
        ``"optax"`` takes the maximum of the corrected :math:`\hat v_t`, which remembers the large
        first ones for ever. ``"keras"`` is torch's with eps added before the correction;
        Keras's own eps is 1e-7, to be given.

    Notes
    -----
    Memory: three numbers per parameter.

    References
    ----------
    Reddi, Kale and Kumar, 2018, arXiv:1904.09237, algorithm 2.

    Examples
    --------
    >>> import numpy as np
    >>> opt, params = AMSGrad(0.1), [np.array([1.0])]
    >>> opt.update([np.array([2.0])], opt.init(params), params)[0][0].round(6)
    array([-0.1])
    """

    learning_rate: Any = hyper(1e-3, low=0)
    b1: Any = hyper(0.9, low=0, high=1, high_open=True)
    b2: Any = hyper(0.999, low=0, high=1, high_open=True)
    eps: Any = eps_hyper(1e-8)
    convention: str = switch("torch", "torch", "paper", "optax", "keras")

    learning_rate_range: ClassVar[tuple[float, float]] = (3e-4, 1e-1)

    def init(self, params: Any) -> AMSGradState:
        """Return the first state, all moments zero; see `Transform.init`."""
        return AMSGradState(*self._first(params), *(tree.zeros_like(params) for _ in range(3)))

    def update(
        self, grads: Any, state: AMSGradState, params: Any, *, value: Any = None, value_fn: Any = None
    ) -> tuple[Any, AMSGradState]:
        """Return the step; see `Transform.update`."""
        t, rate = self._begin(grads, state, params)
        constants = moment_scalars(self, rate, state.count, eps_hat=self.convention == "keras")

        def leaf(g: Any, m: Any, v: Any, u: Any, p: Any) -> tuple[Any, Any, Any, Any]:
            xp, down, b1, b2, eps, k1, k2 = constants(p)
            m, v = moments(work(g), m, v, b1, b2)
            u = xp.maximum(u, k2 * k2 * v if self.convention == "optax" else v)
            rate = down if self.convention == "paper" else down * k1
            root = k2 * xp.sqrt(u) if self.convention in ("torch", "keras") else xp.sqrt(u)
            return finish(rate * m / (root + eps), p), m, v, u

        updates, mu, nu, top = tree.map_unzip(4, leaf, grads, state.mu, state.nu, state.nu_max, params)
        return updates, AMSGradState(t, rate, mu, nu, top)
