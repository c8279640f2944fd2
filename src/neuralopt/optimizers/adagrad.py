"""AdaGrad."""

from typing import Any, ClassVar, NamedTuple

from neuralopt.core import tree
from neuralopt.core.method import hyper, method, value_at
from neuralopt.optimizers.base import Optimizer, finish, per_dtype, scalars, work
from neuralopt.optimizers.registry import register


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
    initial_accumulator_value : float >= 0, default 0
        The sum's first value :math:`s_0`; optax and Keras begin at 0.1.
    eps : float >= 0, default 1e-10
        Added outside the root.

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
    initial_accumulator_value: Any = hyper(0.0, low=0)
    eps: Any = hyper(1e-10, low=0)

    learning_rate_range: ClassVar[tuple[float, float]] = (3e-3, 1.0)

    def init(self, params: Any) -> AdaGradState:
        """Return the first state; see `Transform.init`."""
        first = self._first(params)
        start = tree.map(
            lambda z: z + tree.cast(self.initial_accumulator_value, z.dtype, z), tree.zeros_like(params)
        )
        return AdaGradState(*first, start)

    def update(
        self, grads: Any, state: AdaGradState, params: Any, *, value: Any = None, value_fn: Any = None
    ) -> tuple[Any, AdaGradState]:
        """Return the step; see `Transform.update`."""
        t, rate = self._begin(grads, state.count, params)

        @per_dtype
        def constants(like: Any) -> tuple[Any, ...]:
            return scalars(like, rate, value_at(self.eps, state.count))

        def leaf(g: Any, s: Any, p: Any) -> tuple[Any, Any]:
            xp, lr, eps = constants(p)
            g = work(g)
            s = s + g * g
            root = xp.sqrt(s) + eps
            # an entry that never had a gradient does not move, also when eps is 0
            safe = xp.where(root > 0, root, xp.ones_like(root))
            return finish(-lr * g / safe, p), s

        updates, accumulator = tree.map_unzip(2, leaf, grads, state.accumulator, params)
        return updates, AdaGradState(t, rate, accumulator)
