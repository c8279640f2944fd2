"""AdaGrad."""

from typing import Any, ClassVar, NamedTuple

from neuralopt.core import tree
from neuralopt.core.method import hyper, method, switch, value_at
from neuralopt.optimizers.base import Optimizer, eps_hyper, finish, per_dtype, scalars, work
from neuralopt.optimizers.conventions import check_parts, part
from neuralopt.optimizers.registry import register

_TORCH = {"initial_accumulator_value": 0.0, "eps_in_sqrt": False, "eps": 1e-10}
_OPTAX = {"initial_accumulator_value": 0.1, "eps_in_sqrt": True, "eps": 1e-7}


class AdaGradState(NamedTuple):
    """State of `AdaGrad`."""

    count: Any  # (), int32
    learning_rate: Any  # (), in force at the last update
    accumulator: Any  # like params, sum of squared gradients


@register
@method
class AdaGrad(Optimizer):
    r"""AdaGrad: steps divided by the root of the sum of all squared gradients.

    .. math:: s_t = s_{t-1} + g_t^2, \qquad w_t = w_{t-1} - \eta_t \frac{g_t}{\sqrt{s_t} + \epsilon}

    Parameters
    ----------
    learning_rate : float >= 0 or schedule, default 0.01
        Step size.
    initial_accumulator_value : float >= 0, optional
        The sum's first value :math:`s_0`, by default 0; optax and Keras begin at 0.1.
    eps : float > 0, optional
        Added to the root, by default 1e-10, or as the named convention has it, beside which it may stand.
    eps_in_sqrt : bool, optional
        Put eps under the root, as optax and Keras do. Default no.
    convention : {"torch", "optax", "keras"}, optional
        Sets the first value and ``eps_in_sqrt``, which then are left out. ``"torch"`` is the
        default; ``"optax"`` and ``"keras"`` begin at 0.1 and have eps under the root, 1e-7 unless
        it is given.

    Notes
    -----
    Memory: one number per parameter. With ``s_0 = 0`` the first step has the
    length of the learning rate in every coordinate.

    References
    ----------
    Duchi, Hazan and Singer, 2011, JMLR 12, figure 1 (diagonal form).

    Examples
    --------
    >>> import numpy as np
    >>> opt, params = AdaGrad(0.1), [np.array([1.0])]
    >>> opt.update([np.array([2.0])], opt.init(params), params)[0][0].round(6)
    array([-0.1])
    """

    learning_rate: Any = hyper(0.01, low=0)
    initial_accumulator_value: Any = hyper(None, low=0)
    eps: Any = eps_hyper(None)
    eps_in_sqrt: bool | None = switch(None, None, False, True)
    convention: str | None = switch(None, None, "torch", "optax", "keras")

    learning_rate_range: ClassVar[tuple[float, float]] = (3e-3, 1.0)
    conventions: ClassVar[dict[str | None, dict[str, Any]]] = {
        None: _TORCH,
        "torch": _TORCH,
        "optax": _OPTAX,
        "keras": _OPTAX,
    }

    def __post_init__(self) -> None:
        check_parts(self)

    def init(self, params: Any) -> AdaGradState:
        """Return the first state; see `Transform.init`."""
        first = self._first(params)
        begin = part(self, "initial_accumulator_value")
        start = tree.map(lambda z: z + tree.cast(begin, z.dtype, z), tree.zeros_like(params))
        return AdaGradState(*first, start)

    def update(
        self, grads: Any, state: AdaGradState, params: Any, *, value: Any = None, value_fn: Any = None
    ) -> tuple[Any, AdaGradState]:
        """Return the step; see `Transform.update`."""
        t, rate = self._begin(grads, state, params)
        under = part(self, "eps_in_sqrt")

        @per_dtype
        def constants(like: Any) -> tuple[Any, ...]:
            return scalars(like, rate, value_at(part(self, "eps"), state.count))

        def leaf(g: Any, s: Any, p: Any) -> tuple[Any, Any]:
            xp, lr, eps = constants(p)
            g = work(g)
            s = s + g * g
            root = xp.sqrt(s + eps) if under else xp.sqrt(s) + eps
            return finish(-lr * g / root, p), s

        updates, accumulator = tree.map_unzip(2, leaf, grads, state.accumulator, params)
        return updates, AdaGradState(t, rate, accumulator)
