"""LAMB."""

from typing import Any, ClassVar

from neuralopt.core import tree
from neuralopt.core.method import hyper, method, switch
from neuralopt.core.namespace import namespace
from neuralopt.core.numerics import fence, squared_sums
from neuralopt.optimizers.adam import AdamState
from neuralopt.optimizers.base import Optimizer, eps_hyper, finish, moment_scalars, moments, work
from neuralopt.optimizers.registry import register
from neuralopt.optimizers.trust import trust_ratio
from neuralopt.transforms.base import CountState
from neuralopt.transforms.clip import ClipByGlobalNorm
from neuralopt.transforms.masks import check_mask, selected


@register
@method
class LAMB(Optimizer):
    r"""LAMB: Adam's direction with decay, as long as the layer's weights times the learning rate.

    .. math::
        r_t = \frac{\hat m_t}{\sqrt{\hat v_t} + \epsilon} + \lambda w_{t-1}, \qquad
        w_t = w_{t-1} - \eta_t \frac{\lVert w_{t-1} \rVert}{\lVert r_t \rVert}\, r_t

    with Adam's corrected moments :math:`\hat m_t` and :math:`\hat v_t`, and norms over one array.

    Parameters
    ----------
    learning_rate : float >= 0 or schedule, default 1e-3
        How far a layer moves in one step, relative to its length.
    b1, b2 : 0 <= float < 1 or schedule
        Decays of the moments, by default 0.9 and 0.999.
    eps : float > 0 or schedule, default 1e-6
        Added to the root, after the bias correction.
    weight_decay : float >= 0 or schedule, default 1e-2
        The factor :math:`\lambda`.
    mask : {"matrices", "all"} or callable, default "matrices"
        Which parameters decay; all are scaled by trust.
    convention : {"paper", "keras", "timm"}, default "paper"
        ``"paper"`` is as written above, and as optax has it. ``"keras"`` takes the decay out of the
        trust, :math:`w \leftarrow (1-\eta_t\lambda) w` before the step. ``"timm"`` clips the gradient
        to the global norm 1 first, and gives trust 1 to what does not decay.

    Notes
    -----
    Memory: two numbers per parameter. The ratio is 1 where a norm is 0; it is not clipped, the
    paper's :math:`\phi` is the identity.

    References
    ----------
    You et al., 2020, arXiv:1904.00962, algorithm 2.

    Examples
    --------
    >>> import numpy as np
    >>> opt, params = LAMB(0.1), [np.array([[3.0, 4.0]])]
    >>> opt.update([np.array([[2.0, 2.0]])], opt.init(params), params)[0][0].round(6)
    array([[-0.351841, -0.355257]])
    """

    learning_rate: Any = hyper(1e-3, low=0)
    b1: Any = hyper(0.9, low=0, high=1, high_open=True)
    b2: Any = hyper(0.999, low=0, high=1, high_open=True)
    eps: Any = eps_hyper(1e-6)
    weight_decay: Any = hyper(1e-2, low=0)
    mask: Any = switch("matrices")
    convention: str = switch("paper", "paper", "keras", "timm")

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
        if self.convention == "timm":
            grads, _ = ClipByGlobalNorm(1.0).update(grads, CountState(state.count), params)
        constants = moment_scalars(self, rate, state.count, self.weight_decay)
        outside = self.convention == "keras"

        def leaf(decays: bool, g: Any, m: Any, v: Any, p: Any) -> tuple[Any, Any, Any]:
            xp, down, b1, b2, eps, k1, k2, decay = constants(p)
            m, v = moments(work(g), m, v, b1, b2)

            def measured(m: Any, v: Any, p: Any) -> tuple[Any, Any]:
                """Return what the two norms are of: the parameter and the direction."""
                w, r = work(p), k1 * m / (k2 * xp.sqrt(v) + eps)
                if not decays:
                    return w, r
                return (w + down * decay * w, r) if outside else (w, r + decay * w)

            w_norm, r_norm = (xp.sqrt(s) for s in squared_sums(measured, m, v, p))
            trust = self._trust(decays, decay, w_norm, r_norm)
            m, v, p, trust = fence(m, v, p, trust)
            _, r = measured(m, v, p)
            step = trust * r + decay * work(p) if outside and decays else trust * r
            return finish(down * step, p), m, v

        decays = selected(self.mask, params)
        updates, mu, nu = tree.map_unzip(3, leaf, decays, grads, state.mu, state.nu, params)
        return updates, AdamState(t, rate, mu, nu)

    def _trust(self, decays: bool, decay: Any, w_norm: Any, r_norm: Any) -> Any:
        """Return the length that the step has instead of its own, over its own."""
        if self.convention == "timm":
            xp = namespace(w_norm)
            adapted = xp.where(decay > 0, w_norm, 0 * w_norm) if decays else 0 * w_norm
            return trust_ratio(w_norm, r_norm, adapted, r_norm)
        return trust_ratio(w_norm, r_norm, w_norm, r_norm)
