"""Several gradients, one step."""

from typing import Any, NamedTuple

from neuralopt.core import tree
from neuralopt.core.errors import InvalidArgument
from neuralopt.core.kernels import finish, scalars, work
from neuralopt.core.method import hyper, method, value_at
from neuralopt.core.namespace import namespace
from neuralopt.core.validation import check_same_structure
from neuralopt.transforms.base import zero_count
from neuralopt.transforms.state_check import check_state
from neuralopt.transforms.wrapper import Wrapper, check_wrapped, choose, move_or_stay


class AccumulateState(NamedTuple):
    """State of `Accumulate`."""

    count: Any  # (), int32, gradients seen in all
    learning_rate: Any  # (), the wrapped optimizer's, in force at its last step
    gathered: Any  # (), int32, gradients in the sums below
    total: Any  # like params, sum of those gradients
    value: Any  # (), sum of their losses
    inner: Any  # the wrapped optimizer's


@method
class Accumulate(Wrapper):
    r"""Take the mean of k gradients, then one step of the wrapped optimizer; in between nothing moves.

    .. math:: \bar g = \frac1k \sum_{j=1}^{k} g_{t-k+j}

    So k small batches act as one that is k times as large.

    Parameters
    ----------
    optimizer : Transform
        The optimizer to wrap. Its schedules count its own steps.
    steps : int >= 1 or schedule, default 2
        Gradients k for one step; a schedule is asked with the number of gradients seen.

    Notes
    -----
    Memory: one number per parameter. Time: the wrapped optimizer's step is computed at every call
    and kept at every k-th, since a compiled kernel does not branch. The wrapped optimizer gets the
    mean loss; it gets no ``value_fn``, for the loss of the last small batch is not that of all,
    so line searches cannot be wrapped.

    Examples
    --------
    >>> import numpy as np
    >>> from neuralopt.optimizers import SGD
    >>> opt, params = Accumulate(SGD(0.5), 2), [np.array([1.0])]
    >>> state = opt.init(params)
    >>> for g in (1.0, 3.0):
    ...     updates, state = opt.update([np.array([g])], state, params)
    ...     print(params[0] + updates[0])
    [1.]
    [0.]
    """

    optimizer: Any
    steps: Any = hyper(2, low=1, whole=True)

    def __post_init__(self) -> None:
        check_wrapped(self)
        if self.optimizer.searches:
            raise InvalidArgument(
                f"Accumulate: {type(self.optimizer).__name__} makes a line search, which asks for the loss "
                "at other parameters, and the loss of the last small batch is not that of all of them. "
                "Give it the whole data at once, without Accumulate."
            )

    def init(self, params: Any) -> AccumulateState:
        """Return the wrapped optimizer's state and empty sums; see `Transform.init`."""
        inner, zero = self.optimizer.init(params), zero_count(params)
        nothing = tree.cast(0.0, tree.scalar_dtype(params), tree.leaves(params)[0])
        return AccumulateState(zero, inner.learning_rate, zero, tree.zeros_like(params), nothing, inner)

    def update(
        self, grads: Any, state: AccumulateState, params: Any, *, value: Any = None, value_fn: Any = None
    ) -> tuple[Any, AccumulateState]:
        """Add the gradient, and step when there are enough; see `Transform.update`."""
        check_same_structure(params, grads)
        check_state(self, state, params)
        gathered = state.gathered + 1
        done = gathered >= value_at(self.steps, state.count)
        total = tree.map(lambda s, g: s + work(g), state.total, grads)
        losses = state.value + (0.0 if value is None else tree.cast(value, state.value.dtype, state.value))
        share = 1 / tree.cast(gathered, losses.dtype, losses)
        mean = tree.map(lambda s, p: finish(s * scalars(p, share)[1], p), total, params)
        updates, stepped = self.optimizer.update(
            mean, state.inner, params, value=None if value is None else losses * share
        )
        inner = choose(done, stepped, state.inner)
        empty = namespace(done).zeros_like
        gathered, total, losses = choose(
            done, tree.map(empty, (gathered, total, losses)), (gathered, total, losses)
        )
        return move_or_stay(done, updates), AccumulateState(
            state.count + 1, inner.learning_rate, gathered, total, losses, inner
        )
