"""LARS."""

from typing import Any, ClassVar, NamedTuple

from neuralopt.core import tree
from neuralopt.core.method import hyper, method, switch, value_at
from neuralopt.core.namespace import namespace
from neuralopt.optimizers.base import Optimizer, finish, per_dtype, scalars, work
from neuralopt.optimizers.conventions import check_parts, part
from neuralopt.optimizers.registry import register
from neuralopt.optimizers.trust import norm, trust_ratio
from neuralopt.transforms.masks import check_mask, selected

_PAPER = {"norm_of_sum": False, "lr_in_momentum": True}


class LARSState(NamedTuple):
    """State of `LARS`."""

    count: Any  # (), int32
    learning_rate: Any  # (), in force at the last update
    trace: Any  # like params, velocity


@register
@method
class LARS(Optimizer):
    r"""LARS: momentum whose rate in every layer is proportional to the length of its weights.

    .. math::
        a_t &= c\, \frac{\lVert w_{t-1} \rVert}{\lVert g_t \rVert + \lambda \lVert w_{t-1} \rVert} \\
        b_t &= \mu\, b_{t-1} + \eta_t a_t (g_t + \lambda w_{t-1}), \qquad w_t = w_{t-1} - b_t

    with norms over one array.

    Parameters
    ----------
    learning_rate : float >= 0 or schedule, default 0.1
        Global rate; that of what the mask leaves out is this itself.
    momentum : 0 <= float < 1 or schedule, default 0.9
        Factor of the velocity.
    weight_decay : float >= 0 or schedule, default 1e-4
        The factor :math:`\lambda`.
    trust_coefficient : float > 0 or schedule, default 0.02
        The factor :math:`c`: a layer moves by this times the learning rate in one step, relative to
        its length. The paper's 0.001 goes with learning rates of 1 to 30, which networks without
        normalisation do not bear in their biases.
    mask : {"matrices", "all"} or callable, default "matrices"
        Which parameters have trust and decay; biases and norm scales have neither by default and
        take plain momentum steps.
    norm_of_sum : bool, optional
        Divide by :math:`\lVert g_t + \lambda w_{t-1} \rVert` instead, as optax does. Default no.
    lr_in_momentum : bool, optional
        Whether the learning rate is inside the velocity, as written above. Default yes.
    convention : {"paper", "optax", "timm"}, optional
        ``"paper"`` is the default; ``"optax"`` has the norm of the sum; ``"timm"`` has the rate
        outside the velocity, and trust 1 where nothing decays: with ``weight_decay=0`` it is SGD.

    Notes
    -----
    Memory: one number per parameter. The ratio :math:`a_t` is 1 where a norm is 0.

    References
    ----------
    You, Gitman and Ginsburg, 2017, arXiv:1708.03888, algorithm 1.

    Examples
    --------
    >>> import numpy as np
    >>> opt, params = LARS(0.5, weight_decay=0.0), [np.array([[3.0, 4.0]])]
    >>> opt.update([np.array([[0.0, 2.0]])], opt.init(params), params)[0][0].round(6)
    array([[-0.  , -0.05]])
    """

    learning_rate: Any = hyper(0.1, low=0)
    momentum: Any = hyper(0.9, low=0, high=1, high_open=True)
    weight_decay: Any = hyper(1e-4, low=0)
    trust_coefficient: Any = hyper(0.02, low=0, low_open=True)
    mask: Any = switch("matrices")
    norm_of_sum: bool | None = switch(None, None, False, True)
    lr_in_momentum: bool | None = switch(None, None, False, True)
    convention: str | None = switch(None, None, "paper", "optax", "timm")

    learning_rate_range: ClassVar[tuple[float, float]] = (1e-2, 1.0)
    conventions: ClassVar[dict[str | None, dict[str, Any]]] = {
        None: _PAPER,
        "paper": _PAPER,
        "optax": {"norm_of_sum": True, "lr_in_momentum": True},
        "timm": {"norm_of_sum": False, "lr_in_momentum": False},
    }

    def __post_init__(self) -> None:
        check_mask(self.mask)
        check_parts(self)

    def init(self, params: Any) -> LARSState:
        """Return the first state, velocity zero; see `Transform.init`."""
        return LARSState(*self._first(params), tree.zeros_like(params))

    def update(
        self, grads: Any, state: LARSState, params: Any, *, value: Any = None, value_fn: Any = None
    ) -> tuple[Any, LARSState]:
        """Return the step; see `Transform.update`."""
        t, rate = self._begin(grads, state, params)
        given = (self.momentum, self.weight_decay, self.trust_coefficient)
        now = [rate, *(value_at(h, state.count) for h in given)]
        inside = part(self, "lr_in_momentum")

        @per_dtype
        def constants(like: Any) -> tuple[Any, ...]:
            return scalars(like, *now)

        def leaf(scaled: bool, g: Any, b: Any, p: Any) -> tuple[Any, Any]:
            _, lr, mu, decay, c = constants(p)
            g = work(g)
            if scaled:
                pulled = g + decay * work(p)
                g = self._trust(g, pulled, work(p), decay, c) * pulled
            b = mu * b + (lr * g if inside else g)
            return finish(-b if inside else -lr * b, p), b

        updates, trace = tree.map_unzip(2, leaf, selected(self.mask, params), grads, state.trace, params)
        return updates, LARSState(t, rate, trace)

    def _trust(self, g: Any, pulled: Any, w: Any, decay: Any, c: Any) -> Any:
        """Return the rate of one layer."""
        w_norm = norm(w)
        if part(self, "norm_of_sum"):
            length = norm(pulled)
            return trust_ratio(c * w_norm, length, w_norm, length)
        g_norm = norm(g)
        adapted = w_norm
        if self.convention == "timm":
            adapted = namespace(w_norm).where(decay > 0, w_norm, 0 * w_norm)
        return trust_ratio(c * w_norm, g_norm + decay * w_norm, adapted, g_norm)
