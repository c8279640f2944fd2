"""Steps that are skipped when a gradient or a loss is not finite."""

import functools
import operator
from typing import Any, NamedTuple

from neuralopt.core import tree
from neuralopt.core.method import hyper, method, value_at
from neuralopt.core.namespace import namespace
from neuralopt.transforms.base import zero_count
from neuralopt.transforms.state_check import check_kind
from neuralopt.transforms.wrapper import Wrapper, check_wrapped, choose, move_or_stay


class FiniteGuardState(NamedTuple):
    """State of `FiniteGuard`."""

    count: Any  # (), int32, skipped steps included
    learning_rate: Any  # (), the wrapped optimizer's, in force at the last step that was not skipped
    skipped: Any  # (), int32, steps skipped so far
    in_a_row: Any  # (), int32, steps skipped since the last one that was not; too many are not forgotten
    inner: Any  # the wrapped optimizer's


@method
class FiniteGuard(Wrapper):
    r"""Skip the steps whose gradient or loss is not finite.

    A skipped step changes no bit of the parameters or of the wrapped
    optimizer's state; it is counted. After ``max_in_a_row`` of them one after
    the other `diverged` says so, from then on whatever follows, and training
    ends with that status at the end of the epoch.

    Parameters
    ----------
    optimizer : Transform
        The optimizer to wrap. Wrap the whole chain: what stands before the guard has already
        remembered the gradient, and a clip by value turns an infinite entry into a finite one.
    max_in_a_row : int >= 1 or schedule, default 10
        So many skipped steps in a row count as divergence.

    Notes
    -----
    Memory: nothing per parameter. ``optax.apply_if_finite`` looks at the gradient only, and lets
    one that is not finite through after so many in a row; here none ever passes. A finite gradient
    whose square overflows is not caught: clip it.

    Examples
    --------
    >>> import numpy as np
    >>> from neuralopt.optimizers import SGD
    >>> opt, params = FiniteGuard(SGD(0.5), max_in_a_row=1), [np.array([2.0])]
    >>> updates, state = opt.update([np.array([np.nan])], opt.init(params), params)
    >>> params[0] + updates[0], int(state.skipped), bool(opt.diverged(state))
    (array([2.]), 1, True)
    """

    optimizer: Any
    max_in_a_row: Any = hyper(10, low=1, whole=True)

    def __post_init__(self) -> None:
        check_wrapped(self)

    @property
    def guards(self) -> bool:
        """True: steps may be skipped."""
        return True

    def skipped(self, state: FiniteGuardState) -> Any:
        """Return how many steps were skipped; see `Transform.skipped`."""
        return state.skipped + self.optimizer.skipped(state.inner)

    def diverged(self, state: FiniteGuardState) -> Any:
        """Return whether too many steps in a row were skipped; see `Transform.diverged`."""
        return self._given_up(state) | self.optimizer.diverged(state.inner)

    def _given_up(self, state: FiniteGuardState) -> Any:
        return state.in_a_row >= value_at(self.max_in_a_row, state.count)

    def init(self, params: Any) -> FiniteGuardState:
        """Return the wrapped optimizer's state, nothing skipped; see `Transform.init`."""
        inner, zero = self.optimizer.init(params), zero_count(params)
        return FiniteGuardState(zero, inner.learning_rate, zero, zero, inner)

    def update(
        self, grads: Any, state: FiniteGuardState, params: Any, *, value: Any = None, value_fn: Any = None
    ) -> tuple[Any, FiniteGuardState]:
        """Return the wrapped optimizer's updates, or none; see `Transform.update`."""
        check_kind(self, state, params, FiniteGuardState)
        seen = tree.leaves(grads) + ([] if value is None else [namespace(*tree.leaves(grads)).asarray(value)])
        finite = functools.reduce(operator.and_, [namespace(a).all(namespace(a).isfinite(a)) for a in seen])
        # the wrapped optimizer computes in either case; zeros keep it from the numbers that are not finite
        safe = choose(finite, grads, tree.map(lambda g: namespace(g).zeros_like(g), grads))
        updates, stepped = self.optimizer.update(safe, state.inner, params, value=value, value_fn=value_fn)
        inner = choose(finite, stepped, state.inner)
        xp = namespace(finite)
        skip = xp.astype(~finite, state.skipped.dtype)
        in_a_row = (state.in_a_row + 1) * skip
        # a training loop asks once per epoch, when good steps may have followed
        in_a_row = xp.where(self._given_up(state), xp.maximum(state.in_a_row, in_a_row), in_a_row)
        return move_or_stay(finite, updates), FiniteGuardState(
            state.count + 1,
            inner.learning_rate,
            state.skipped + skip,
            in_a_row,
            inner,
        )
