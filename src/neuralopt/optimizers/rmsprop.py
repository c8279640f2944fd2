"""RMSprop, with momentum and the centred form."""

from typing import Any, ClassVar, NamedTuple

from neuralopt.core import tree
from neuralopt.core.method import hyper, method, switch, value_at
from neuralopt.optimizers.base import Optimizer, ema, eps_hyper, finish, per_dtype, scalars, work
from neuralopt.optimizers.conventions import check_parts, part
from neuralopt.optimizers.registry import register

_TORCH = {"initial_scale": 0.0, "eps_in_sqrt": False, "lr_in_momentum": False, "eps": 1e-8}
_OPTAX = {"initial_scale": 0.0, "eps_in_sqrt": True, "lr_in_momentum": True, "eps": 1e-8}


class RMSpropState(NamedTuple):
    """State of `RMSprop`."""

    count: Any  # (), int32
    learning_rate: Any  # (), in force at the last update
    nu: Any  # like params, mean of squared gradients
    mu: Any  # like params, mean gradient; () unless centered
    trace: Any  # like params, velocity; () without momentum


@register
@method
class RMSprop(Optimizer):
    r"""RMSprop: steps divided by the root of a running mean of squared gradients.

    .. math::
        v_t &= \alpha v_{t-1} + (1-\alpha) g_t^2 \\
        d_t &= g_t / (\sqrt{v_t} + \epsilon), \qquad \text{centred: } v_t - m_t^2 \text{ under the root} \\
        b_t &= \mu b_{t-1} + d_t, \qquad w_t = w_{t-1} - \eta_t b_t

    Parameters
    ----------
    learning_rate : float >= 0 or schedule, default 0.01
        Step size.
    decay : 0 <= float < 1 or schedule, default 0.99
        Decay :math:`\alpha` of the running mean.
    eps : float > 0, optional
        Added to the root, by default 1e-8, or as the named convention has it, beside which it may stand.
    momentum : 0 <= float < 1 or None, default None
        Factor of the velocity; ``None`` keeps no velocity.
    initial_scale : float >= 0, optional
        First value of the running mean, by default 0.
    centered : bool, default False
        Divide by the running standard deviation; the variance is clamped at 0 before the root.
    eps_in_sqrt : bool, optional
        Put eps under the root, as optax and Keras do. Default no.
    lr_in_momentum : bool, optional
        Put the learning rate inside the velocity, as optax and Keras do. Default no.
    convention : {"torch", "optax", "keras", "timm"}, optional
        Sets ``initial_scale`` and the two switches above at once, which then are left out.
        ``"torch"`` is the default; ``"optax"`` and ``"keras"`` have both switches on; ``"timm"``
        as well, and begins at 1. The eps of Keras is 1e-7, that of timm 1e-10, unless it is given.

    Notes
    -----
    Memory: one number per parameter, one more with momentum, one more when centred.

    References
    ----------
    Tieleman and Hinton, 2012, Coursera lecture 6.5; centred form: Graves, 2013,
    arXiv:1308.0850, equations 38-42.

    Examples
    --------
    >>> import numpy as np
    >>> opt, params = RMSprop(0.1), [np.array([1.0])]
    >>> opt.update([np.array([2.0])], opt.init(params), params)[0][0].round(6)
    array([-1.])
    """

    learning_rate: Any = hyper(0.01, low=0)
    decay: Any = hyper(0.99, low=0, high=1, high_open=True)
    eps: Any = eps_hyper(None)
    momentum: Any = hyper(None, low=0, high=1, high_open=True)
    initial_scale: Any = hyper(None, low=0)
    centered: bool = switch(False, False, True)
    eps_in_sqrt: bool | None = switch(None, None, False, True)
    lr_in_momentum: bool | None = switch(None, None, False, True)
    convention: str | None = switch(None, None, "torch", "optax", "keras", "timm")

    learning_rate_range: ClassVar[tuple[float, float]] = (1e-4, 3e-2)
    conventions: ClassVar[dict[str | None, dict[str, Any]]] = {
        None: _TORCH,
        "torch": _TORCH,
        "optax": _OPTAX,
        "keras": {**_OPTAX, "eps": 1e-7},
        "timm": {**_OPTAX, "initial_scale": 1.0, "eps": 1e-10},
    }

    def __post_init__(self) -> None:
        check_parts(self)

    def init(self, params: Any) -> RMSpropState:
        """Return the first state; see `Transform.init`."""
        first = self._first(params)
        zeros, first_mean = tree.zeros_like(params), part(self, "initial_scale")
        nu = tree.map(lambda z: z + tree.cast(first_mean, z.dtype, z), zeros)
        mu = zeros if self.centered else ()
        return RMSpropState(*first, nu, mu, () if self.momentum is None else zeros)

    def update(
        self, grads: Any, state: RMSpropState, params: Any, *, value: Any = None, value_fn: Any = None
    ) -> tuple[Any, RMSpropState]:
        """Return the step; see `Transform.update`."""
        t, rate = self._begin(grads, state, params)
        momentum = 0.0 if self.momentum is None else value_at(self.momentum, state.count)
        now = [rate, value_at(self.decay, state.count), value_at(part(self, "eps"), state.count), momentum]
        under, inside = part(self, "eps_in_sqrt"), part(self, "lr_in_momentum")
        nothing = tree.map(lambda _: None, grads)

        @per_dtype
        def constants(like: Any) -> tuple[Any, ...]:
            return scalars(like, *now)

        def leaf(g: Any, v: Any, p: Any, m: Any, b: Any) -> tuple[Any, Any, Any, Any]:
            xp, lr, alpha, eps, factor = constants(p)
            g = work(g)
            v = ema(alpha, v, g * g)
            spread = v
            if self.centered:
                m = ema(alpha, m, g)
                spread = xp.maximum(v - m * m, xp.zeros_like(v))
            d = g / (xp.sqrt(spread + eps) if under else xp.sqrt(spread) + eps)
            if self.momentum is None:
                return finish(-lr * d, p), v, m, b
            b = factor * b + (lr * d if inside else d)
            return finish(-b if inside else -lr * b, p), v, m, b

        updates, nu, mu, trace = tree.map_unzip(
            4,
            leaf,
            grads,
            state.nu,
            params,
            state.mu if self.centered else nothing,
            state.trace if self.momentum is not None else nothing,
        )
        return updates, RMSpropState(
            t, rate, nu, mu if self.centered else (), trace if self.momentum is not None else ()
        )
