"""Gradient descent on the whole data."""

from typing import Any, ClassVar, NamedTuple

from neuralopt.core import tree
from neuralopt.core.method import hyper, method
from neuralopt.optimizers.base import Optimizer, finish, per_dtype, scalars, work
from neuralopt.optimizers.registry import register


class GDState(NamedTuple):
    """State of `GD`."""

    count: Any  # (), int32
    learning_rate: Any  # (), in force at the last update


@register
@method
class GD(Optimizer):
    r"""Gradient descent: every step uses the gradient of the whole data.

    .. math:: w_t = w_{t-1} - \eta_t\, g_t

    Parameters
    ----------
    learning_rate : float >= 0 or schedule, default 0.1
        Step size.

    Notes
    -----
    The formula is that of `SGD` without momentum; the difference is the data:
    the engine gives this class the whole data as one batch. Memory: none per
    parameter.

    References
    ----------
    Cauchy, "Méthode générale pour la résolution des systèmes d'équations simultanées", 1847.

    Examples
    --------
    >>> import numpy as np
    >>> opt, params = GD(0.5), [np.array([1.0])]
    >>> opt.update([np.array([2.0])], opt.init(params), params)[0]
    [array([-1.])]
    """

    learning_rate: Any = hyper(0.1, low=0)

    full_batch: ClassVar[bool] = True
    learning_rate_range: ClassVar[tuple[float, float]] = (1e-2, 1.0)

    def init(self, params: Any) -> GDState:
        """Return the first state; see `Transform.init`."""
        return GDState(*self._first(params))

    def update(
        self, grads: Any, state: GDState, params: Any, *, value: Any = None, value_fn: Any = None
    ) -> tuple[Any, GDState]:
        """Return ``-learning_rate * grads``; see `Transform.update`."""
        t, rate = self._begin(grads, state, params)

        @per_dtype
        def constants(like: Any) -> tuple[Any, ...]:
            return scalars(like, rate)

        def leaf(g: Any, p: Any) -> Any:
            _, lr = constants(p)
            return finish(-lr * work(g), p)

        return tree.map(leaf, grads, params), GDState(t, rate)
