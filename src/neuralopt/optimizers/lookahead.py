"""Lookahead, around any optimizer."""

from typing import Any, ClassVar, NamedTuple

from neuralopt.core import tree
from neuralopt.core.method import check_single, hyper, method, switch, value_at
from neuralopt.core.namespace import namespace
from neuralopt.core.scalars import check_count
from neuralopt.optimizers.adam import Adam
from neuralopt.optimizers.base import finish, per_dtype, scalars, work
from neuralopt.optimizers.registry import register
from neuralopt.transforms.base import zero_count
from neuralopt.transforms.state_check import check_state
from neuralopt.transforms.wrapper import Wrapper, check_wrapped


class LookaheadState(NamedTuple):
    """State of `Lookahead`."""

    count: Any  # (), int32
    learning_rate: Any  # (), the wrapped optimizer's, in force at the last update
    inner: Any  # the wrapped optimizer's
    slow: Any  # like params, the slow weights


@register
@method
class Lookahead(Wrapper):
    r"""Lookahead: every k steps go back to a point between where they began and where they led.

    .. math::
        w_t &= w_{t-1} + u_t \\
        \text{when } k \mid t: \quad s_t &= s_{t-k} + \alpha (w_t - s_{t-k}), \qquad w_t \leftarrow s_t

    with the updates :math:`u_t` of the wrapped optimizer and :math:`s_0 = w_0`.

    Parameters
    ----------
    optimizer : Transform, default Adam()
        The optimizer to wrap; it keeps its state when the weights go back. What averages the
        parameters by itself goes outside: ``EMA(Lookahead())``.
    k : int >= 1, default 5
        Steps between two returns; static.
    alpha : 0 <= float <= 1 or schedule, default 0.5
        How far the slow weights go.
    convention : {"paper", "timm"}, default "paper"
        ``"paper"``: the slow weights are the parameters at `init`, as in optax. ``"timm"``: they
        are what the first k steps led to, so that the first return does nothing.

    Notes
    -----
    Memory: one number per parameter beside the wrapped optimizer's. Evaluated at the slow weights.

    References
    ----------
    Zhang, Lucas, Hinton and Ba, 2019, arXiv:1907.08610, algorithm 1.

    Examples
    --------
    >>> import numpy as np
    >>> from neuralopt.optimizers import SGD
    >>> opt, params = Lookahead(SGD(0.1), k=1), [np.array([1.0])]
    >>> opt.update([np.array([2.0])], opt.init(params), params)[0][0].round(6)
    array([-0.1])
    """

    optimizer: Any = Adam()
    k: int = switch(5)
    alpha: Any = hyper(0.5, low=0, high=1)
    convention: str = switch("paper", "paper", "timm")

    learning_rate_range: ClassVar[tuple[float, float]] = Adam.learning_rate_range

    def __post_init__(self) -> None:
        check_wrapped(self, changes_updates=True)
        check_count("Lookahead: k", self.k)

    @property
    def averages(self) -> bool:
        """Whether other parameters are evaluated than trained: yes, the slow weights."""
        return True

    def evaluation_params(self, params: Any, state: LookaheadState) -> Any:
        """Return the slow weights; see `Transform.evaluation_params`."""
        return tree.map(finish, state.slow, params)

    def init(self, params: Any) -> LookaheadState:
        """Return the wrapped optimizer's state and a copy of the parameters; see `Transform.init`."""
        check_single(self)
        inner = self.optimizer.init(params)
        # a copy, so that parameters and state may both be donated to one compiled step
        slow = tree.map(lambda p: namespace(p).astype(p, tree.working_dtype(p), copy=True), params)
        return LookaheadState(zero_count(params), inner.learning_rate, inner, slow)

    def update(
        self, grads: Any, state: LookaheadState, params: Any, *, value: Any = None, value_fn: Any = None
    ) -> tuple[Any, LookaheadState]:
        """Return the wrapped optimizer's step, or the way back; see `Transform.update`."""
        check_state(self, state, params)
        t = state.count + 1
        updates, inner = self.optimizer.update(grads, state.inner, params, value=value, value_fn=value_fn)
        alpha = value_at(self.alpha, state.count)
        back, first = t % self.k == 0, t == self.k

        @per_dtype
        def constants(like: Any) -> tuple[Any, ...]:
            xp, part = scalars(like, alpha)
            one, none = xp.ones_like(part), xp.zeros_like(part)
            if self.convention == "timm":
                part = xp.where(first, one, part)
            return xp, xp.where(back, part, one), xp.where(back, one - part, none)

        def leaf(u: Any, slow: Any, p: Any) -> tuple[Any, Any]:
            xp, forth, home = constants(p)
            w = work(p)
            # at a sync slow + alpha (w + u - slow) - w, else u; with u in it once, nothing of it is kept
            move = forth * work(u) + home * (slow - w)
            return finish(move, p), xp.where(back, w + move, slow)

        updates, slow = tree.map_unzip(2, leaf, updates, state.slow, params)
        return updates, LookaheadState(t, inner.learning_rate, inner, slow)
