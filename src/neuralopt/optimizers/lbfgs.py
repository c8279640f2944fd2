"""L-BFGS: a quasi-Newton method of limited memory, with a line search."""

from typing import Any, ClassVar, NamedTuple

from neuralopt.core import tree
from neuralopt.core.errors import InvalidArgument
from neuralopt.core.method import hyper, method, switch
from neuralopt.core.namespace import namespace
from neuralopt.core.scalars import check_count
from neuralopt.optimizers.base import Optimizer
from neuralopt.optimizers.line_search import search
from neuralopt.optimizers.registry import register


class LBFGSState(NamedTuple):
    """State of `LBFGS`; all n parameters are one vector."""

    count: Any  # (), int32
    learning_rate: Any  # (), first trial of the line search at the last update
    params: Any  # (n,), at the last update
    grads: Any  # (n,), there
    s: Any  # (history, n), differences of parameters, newest last
    y: Any  # (history, n), differences of gradients
    rho: Any  # (history,), 1 / s'y; 0 where there is no pair yet


@register
@method
class LBFGS(Optimizer):
    r"""Quasi-Newton steps from the last differences of parameters and gradients.

    .. math::
        s_k &= w_{k+1} - w_k, \qquad y_k = \nabla f(w_{k+1}) - \nabla f(w_k), \qquad
        \rho_k = 1 / (y_k^\top s_k) \\
        H_{k+1} &= (I - \rho_k s_k y_k^\top)\, H_k\, (I - \rho_k y_k s_k^\top) + \rho_k s_k s_k^\top \\
        w_{k+1} &= w_k - t_k H_k \nabla f(w_k)

    H is never formed: the last pairs are applied to the gradient one after the other, beginning from
    :math:`\gamma I` with :math:`\gamma = s^\top y / y^\top y` of the newest. Each update makes one line
    search on the loss it is given, see `line_search.search`.

    Parameters
    ----------
    learning_rate : float >= 0 or schedule, default 1.0
        First trial of the line search; 1 is the quasi-Newton step itself. While there is no pair it is
        divided by the norm of the gradient where that is above 1.
    history : int >= 1, default 10
        Pairs that are kept.
    evaluations : int >= 1, default 20
        At most so many values of the loss in one line search; mostly the first one is taken.

    Notes
    -----
    Memory: 2 ``history`` + 2 numbers per parameter. For the whole data and a loss without noise.

    The line search asks for values only. On NumPy there is nothing else, the same text then runs on
    both, and a value costs a third of a value with gradient; the engine gives the gradient of the accepted
    point at the next update, where a Wolfe search would have taken it twice. What it cannot promise
    is :math:`s^\top y > 0`: pairs without it, beyond rounding, are left out. A search that finds no
    lower loss moves nothing and forgets the pairs, so that the next update is steepest descent.

    References
    ----------
    Nocedal and Wright, 2006, "Numerical Optimization", algorithm 7.4 (two loops), equation 7.20
    (first matrix) and section 3.1 (Goldstein conditions); Liu and Nocedal, 1989.

    Examples
    --------
    >>> import numpy as np
    >>> def loss(params):
    ...     return (params[0] ** 2 @ np.array([1.0, 100.0])) / 2
    >>> opt, params = LBFGS(), [np.array([3.0, 1.0])]
    >>> state = opt.init(params)
    >>> for _ in range(12):
    ...     grads = [np.array([1.0, 100.0]) * params[0]]
    ...     updates, state = opt.update(grads, state, params, value_fn=loss)
    ...     params = tree.apply_updates(params, updates)
    >>> bool(loss(params) < 1e-12)
    True
    """

    learning_rate: Any = hyper(1.0, low=0)
    history: int = switch(10)
    evaluations: int = switch(20)

    full_batch: ClassVar[bool] = True
    learning_rate_range: ClassVar[tuple[float, float]] = (0.1, 1.0)

    @property
    def searches(self) -> bool:
        """True: every update makes a line search."""
        return True

    def __post_init__(self) -> None:
        check_count("LBFGS: history", self.history)
        check_count("LBFGS: evaluations", self.evaluations)

    def init(self, params: Any) -> LBFGSState:
        """Return the first state, without pairs; see `Transform.init`."""
        count, rate = self._first(params)
        x = tree.ravel(params)
        xp = namespace(x)
        pairs, none = (xp.zeros((self.history, *shape), dtype=x.dtype) for shape in (x.shape, ()))
        return LBFGSState(count, rate, x, xp.zeros_like(x), pairs, pairs, none)

    def update(
        self, grads: Any, state: LBFGSState, params: Any, *, value: Any = None, value_fn: Any = None
    ) -> tuple[Any, LBFGSState]:
        """Return the step that the line search takes; see `Transform.update`."""
        t, rate = self._begin(grads, state, params)
        if value_fn is None:
            raise InvalidArgument(
                "LBFGS: update needs the loss as a function of the parameters, got value_fn=None. "
                "Likely cause: a training loop of one's own that gives gradients only. "
                "Hand it over: update(grads, state, params, value_fn=loss)."
            )
        x, g = tree.ravel(params), tree.ravel(grads)
        xp = namespace(x, g, state.s)
        s, y, rho = _remember(xp, state, x - state.params, g - state.grads)

        down = -_times_inverse_hessian(xp, g, s, y, rho)
        slope = xp.sum(down * g)
        good = slope < 0  # rounding may spoil the direction; then it is steepest descent
        down, slope = xp.where(good, down, -g), xp.where(good, slope, -xp.sum(g * g))

        norm, one = xp.sqrt(xp.sum(g * g)), xp.ones_like(slope)
        short = xp.where(rho[-1] > 0, one, 1 / xp.maximum(norm, one))

        def loss(step: Any) -> Any:
            return tree.cast(value_fn(tree.unravel(x + step * down, params)), x.dtype, x)

        here = loss(xp.zeros_like(slope)) if value is None else tree.cast(value, x.dtype, x)
        first = tree.cast(rate, x.dtype, x) * short
        step = search(loss, here, slope, first, evaluations=self.evaluations)
        rho = xp.where(step > 0, rho, xp.zeros_like(rho))
        return tree.unravel(step * down, params), LBFGSState(t, rate, x, g, s, y, rho)


def _remember(xp: Any, state: LBFGSState, s: Any, y: Any) -> tuple[Any, Any, Any]:
    """Return the pairs with one more as the newest, or as they were when its curvature is not positive."""
    curvature = xp.sum(s * y)
    least = xp.finfo(s.dtype).eps * xp.sqrt(xp.sum(s * s) * xp.sum(y * y))
    takes = curvature > least
    rho = xp.where(takes, 1 / xp.where(takes, curvature, xp.ones_like(curvature)), curvature)

    def push(kept: Any, new: Any) -> Any:
        new = xp.reshape(new, (1, *kept.shape[1:]))
        return xp.where(takes, xp.concat([kept[1:, ...], new]), kept)

    return push(state.s, s), push(state.y, y), push(state.rho, rho)


def _times_inverse_hessian(xp: Any, q: Any, s: Any, y: Any, rho: Any) -> Any:
    """Return H q: algorithm 7.4, where a pair with rho = 0 does nothing."""
    alphas = []
    for i in reversed(range(s.shape[0])):  # newest first
        alphas.append(rho[i] * xp.sum(s[i, :] * q))
        q = q - alphas[-1] * y[i, :]
    any_pair, one = rho[-1] > 0, xp.ones_like(rho[-1])
    scale = rho[-1] * xp.sum(y[-1, :] * y[-1, :])
    q = q / xp.where(any_pair, scale, one)  # eq. 7.20
    for i, alpha in zip(range(s.shape[0]), reversed(alphas), strict=True):
        q = q + (alpha - rho[i] * xp.sum(y[i, :] * q)) * s[i, :]
    return q
