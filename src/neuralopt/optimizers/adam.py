"""Adam."""

from typing import Any, ClassVar, NamedTuple

from neuralopt.core import tree
from neuralopt.core.method import hyper, method, switch
from neuralopt.optimizers.base import MOMENTS, Optimizer, eps_hyper, finish, moment_scalars, moments, work
from neuralopt.optimizers.registry import register


class AdamState(NamedTuple):
    """State of `Adam`."""

    count: Any  # (), int32
    learning_rate: Any  # (), in force at the last update
    mu: Any  # like params, first moment
    nu: Any  # like params, second moment

    meanings = MOMENTS


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
    eps : float > 0, default 1e-8
        Added to the root.
    convention : {"torch", "keras"}, default "torch"
        ``"torch"`` adds eps after the bias correction of the root, as written above and as optax
        does; ``"keras"`` before it, the paper's :math:`\hat\epsilon`, which is felt where gradients
        are as small as eps.

    Notes
    -----
    Memory: two numbers per parameter. For weight decay take `AdamW`, or put
    `L2Decay` in front with `chain`. Keras's own eps is 1e-7, to be given beside its
    convention: ``Adam(convention="keras", eps=1e-7)``.

    References
    ----------
    Kingma and Ba, 2015, arXiv:1412.6980, algorithm 1; eps-hat: the end of section 2.

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
    eps: Any = eps_hyper(1e-8)
    convention: str = switch("torch", "torch", "keras")

    learning_rate_range: ClassVar[tuple[float, float]] = (3e-4, 1e-1)

    def init(self, params: Any) -> AdamState:
        """Return the first state, both moments zero; see `Transform.init`."""
        return AdamState(*self._first(params), tree.zeros_like(params), tree.zeros_like(params))

    def update(
        self, grads: Any, state: AdamState, params: Any, *, value: Any = None, value_fn: Any = None
    ) -> tuple[Any, AdamState]:
        """Return the step; see `Transform.update`."""
        t, rate = self._begin(grads, state, params)
        constants = moment_scalars(self, rate, state.count, eps_hat=self.convention == "keras")

        def leaf(g: Any, m: Any, v: Any, p: Any) -> tuple[Any, Any, Any]:
            xp, down, b1, b2, eps, k1, k2 = constants(p)
            m, v = moments(work(g), m, v, b1, b2)
            return finish(down * k1 * m / (k2 * xp.sqrt(v) + eps), p), m, v

        updates, mu, nu = tree.map_unzip(3, leaf, grads, state.mu, state.nu, params)
        return updates, AdamState(t, rate, mu, nu)
