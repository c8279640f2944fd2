"""An exponential moving average of the parameters."""

from typing import Any, NamedTuple

from neuralopt.core import tree
from neuralopt.core.kernels import ema, finish, scalars, work
from neuralopt.core.method import hyper, method, switch, value_at
from neuralopt.transforms.base import zero_count
from neuralopt.transforms.state_check import check_state
from neuralopt.transforms.wrapper import Wrapper, check_wrapped


class EMAState(NamedTuple):
    """State of `EMA`."""

    count: Any  # (), int32
    learning_rate: Any  # (), the wrapped optimizer's, in force at the last update
    average: Any  # like params; with debias still to be divided by the weight
    weight: Any  # (), the sum of the weights of all parameters in the average
    inner: Any  # the wrapped optimizer's


@method
class EMA(Wrapper):
    r"""Evaluate an exponential moving average of the parameters that are trained.

    .. math::
        a_t = d_t\, a_{t-1} + (1 - d_t)\, w_t, \qquad \hat a_t = a_t / (1 - d_1 d_2 \cdots d_t)

    Training does not change; `evaluation_params` gives the average.

    Parameters
    ----------
    optimizer : Transform
        The optimizer to wrap. What changes updates belongs inside, what skips steps outside:
        ``FiniteGuard(EMA(DecoupledDecay(Adam())))``.
    decay : 0 <= float < 1 or schedule, default 0.999
        How much of the average is kept at each step, d.
    debias : bool, default True
        True: the average starts from nothing and is divided by the sum of its weights, so that it
        is a mean of the parameters after each step. False: it starts at the first parameters,
        which then count for :math:`d^t`.

    Notes
    -----
    Memory: one number per parameter. Batch-norm statistics must be estimated anew for the average.

    References
    ----------
    Polyak and Juditsky, 1992, for averaging; Kingma and Ba, 2015, arXiv:1412.6980, section 7.2,
    for this form with its bias correction.

    Examples
    --------
    >>> import numpy as np
    >>> from neuralopt.core.tree import apply_updates
    >>> from neuralopt.optimizers import SGD
    >>> opt, params = EMA(SGD(1.0), 0.5), [np.array([8.0])]
    >>> state = opt.init(params)
    >>> for _ in range(2):
    ...     updates, state = opt.update([np.array([3.0])], state, params)
    ...     params = apply_updates(params, updates)
    >>> params, opt.evaluation_params(params, state)
    ([array([2.])], [array([3.])])
    """

    optimizer: Any
    decay: Any = hyper(0.999, low=0, high=1, high_open=True)
    debias: bool = switch(True, False, True)

    def __post_init__(self) -> None:
        check_wrapped(self)

    @property
    def averages(self) -> bool:
        """True: the parameters to evaluate are an average."""
        return True

    def evaluation_params(self, params: Any, state: EMAState) -> Any:
        """Return the average; before the first step the parameters. See `Transform.evaluation_params`."""

        def leaf(a: Any, p: Any) -> Any:
            xp, weight, one = scalars(p, state.weight, 1.0)
            filled = weight > 0
            return finish(xp.where(filled, a / xp.where(filled, weight, one), work(p)), p)

        return tree.map(leaf, state.average, self.optimizer.evaluation_params(params, state.inner))

    def init(self, params: Any) -> EMAState:
        """Return the wrapped optimizer's state and the first average; see `Transform.init`."""
        inner = self.optimizer.init(params)
        average = tree.zeros_like(params) if self.debias else tree.map(work, params)
        weight = tree.cast(0.0 if self.debias else 1.0, tree.scalar_dtype(params), tree.leaves(params)[0])
        return EMAState(zero_count(params), inner.learning_rate, average, weight, inner)

    def update(
        self, grads: Any, state: EMAState, params: Any, *, value: Any = None, value_fn: Any = None
    ) -> tuple[Any, EMAState]:
        """Return the wrapped optimizer's updates, and average where they lead; see `Transform.update`."""
        check_state(self, state, params)
        updates, inner = self.optimizer.update(grads, state.inner, params, value=value, value_fn=value_fn)
        after = self.optimizer.evaluation_params(tree.apply_updates(params, updates), inner)
        now = value_at(self.decay, state.count)
        average = tree.map(lambda a, p: ema(scalars(p, now)[1], a, work(p)), state.average, after)
        decay = tree.cast(now, state.weight.dtype, state.weight)
        weight = ema(decay, state.weight, 1) if self.debias else state.weight
        return updates, EMAState(state.count + 1, inner.learning_rate, average, weight, inner)
