"""Stochastic gradient descent, with momentum and Nesterov's look ahead."""

from typing import Any, ClassVar, NamedTuple

from neuralopt.core import tree
from neuralopt.core.errors import InvalidArgument
from neuralopt.core.method import hyper, method, switch, value_at
from neuralopt.optimizers.base import Optimizer, finish, per_dtype, scalars, work
from neuralopt.optimizers.conventions import check_parts, part
from neuralopt.optimizers.registry import register


class SGDState(NamedTuple):
    """State of `SGD`."""

    count: Any  # (), int32
    learning_rate: Any  # (), in force at the last update
    trace: Any  # like params; () without momentum


@register
@method
class SGD(Optimizer):
    r"""Stochastic gradient descent with optional (Nesterov) momentum.

    .. math::
        b_t &= \mu\, b_{t-1} + g_t \\
        w_t &= w_{t-1} - \eta_t\, b_t \qquad\text{or, Nesterov,}\qquad
        w_t = w_{t-1} - \eta_t\,(g_t + \mu\, b_t)

    Parameters
    ----------
    learning_rate : float >= 0 or schedule, default 0.01
        Step size.
    momentum : 0 <= float < 1 or None, default None
        Factor of the velocity; ``None`` keeps no velocity at all.
    nesterov : bool, default False
        Nesterov's form; needs momentum.
    lr_in_momentum : bool, optional
        Put the learning rate inside the velocity, ``b = mu b + lr g``, as Keras does: after a
        change of the learning rate the velocity then still carries the old one. Default no.
    convention : {"torch", "keras"}, optional
        Sets ``lr_in_momentum``, which then is left out; ``"torch"`` is the default, and optax's.

    Notes
    -----
    Memory: one number per parameter with momentum, none without.

    References
    ----------
    Sutskever, Martens, Dahl and Hinton, 2013, equations 3 and 4, in the form of torch: the
    learning rate outside the velocity.

    Examples
    --------
    >>> import numpy as np
    >>> opt, params = SGD(0.5, momentum=0.9), [np.array([1.0])]
    >>> state = opt.init(params)
    >>> for _ in range(2):
    ...     updates, state = opt.update([np.array([2.0])], state, params)
    >>> updates
    [array([-1.9])]
    """

    learning_rate: Any = hyper(0.01, low=0)
    momentum: Any = hyper(None, low=0, high=1, high_open=True)
    nesterov: bool = switch(False, False, True)
    lr_in_momentum: bool | None = switch(None, None, False, True)
    convention: str | None = switch(None, None, "torch", "keras")

    learning_rate_range: ClassVar[tuple[float, float]] = (1e-3, 1.0)
    conventions: ClassVar[dict[str | None, dict[str, Any]]] = {
        None: {"lr_in_momentum": False},
        "torch": {"lr_in_momentum": False},
        "keras": {"lr_in_momentum": True},
    }

    def __post_init__(self) -> None:
        check_parts(self)
        if self.nesterov and self.momentum is None:
            raise InvalidArgument(
                "SGD: nesterov=True needs momentum, got momentum=None. Give momentum=0.9, say."
            )

    def init(self, params: Any) -> SGDState:
        """Return the first state, velocity zero; see `Transform.init`."""
        trace = () if self.momentum is None else tree.zeros_like(params)
        return SGDState(*self._first(params), trace)

    def update(
        self, grads: Any, state: SGDState, params: Any, *, value: Any = None, value_fn: Any = None
    ) -> tuple[Any, SGDState]:
        """Return the step; see `Transform.update`."""
        t, rate = self._begin(grads, state, params)

        @per_dtype
        def constants(like: Any) -> tuple[Any, ...]:
            return scalars(like, rate, 0.0 if self.momentum is None else value_at(self.momentum, state.count))

        def plain(g: Any, p: Any) -> Any:
            _, lr, _ = constants(p)
            return finish(-lr * work(g), p)

        inside = part(self, "lr_in_momentum")

        def heavy(g: Any, b: Any, p: Any) -> tuple[Any, Any]:
            _, lr, mu = constants(p)
            g = lr * work(g) if inside else work(g)
            b = mu * b + g  # eq. 3
            step = g + mu * b if self.nesterov else b  # eq. 4
            return finish(-step if inside else -lr * step, p), b

        if self.momentum is None:
            return tree.map(plain, grads, params), SGDState(t, rate, ())
        updates, trace = tree.map_unzip(2, heavy, grads, state.trace, params)
        return updates, SGDState(t, rate, trace)
