"""Weight decay: coupled to the gradient (L2), or decoupled from it around any optimizer."""

from typing import Any, ClassVar

from neuralopt.core import tree
from neuralopt.core.kernels import finish, scalars, work
from neuralopt.core.method import hyper, method, switch, value_at
from neuralopt.core.validation import check_same_structure
from neuralopt.transforms.base import CountState, Transform, zero_count
from neuralopt.transforms.masks import check_mask, selected
from neuralopt.transforms.state_check import check_kind
from neuralopt.transforms.wrapper import Wrapper, WrapperState, check_wrapped


@method
class L2Decay(Transform):
    r"""Add the gradient of an L2 penalty: :math:`g \leftarrow g + \lambda w`.

    The penalty passes through the optimizer's scaling; for adaptive methods
    that is not weight decay, see `DecoupledDecay`.

    Parameters
    ----------
    weight_decay : float >= 0 or schedule, default 1e-4
        The factor.
    mask : {"matrices", "all"} or callable, default "matrices"
        Which parameters decay; biases and norm scales do not by default.

    Examples
    --------
    >>> import numpy as np
    >>> decay = L2Decay(0.1, mask="all")
    >>> params = [np.array([2.0])]
    >>> decay.update([np.array([1.0])], decay.init(params), params)[0]
    [array([1.2])]
    """

    weight_decay: Any = hyper(1e-4, low=0)
    mask: Any = switch("matrices")

    decay_kind: ClassVar[str] = "L2"

    def __post_init__(self) -> None:
        check_mask(self.mask)

    def init(self, params: Any) -> CountState:
        """Return the count; see `Transform.init`."""
        return CountState(zero_count(params))

    def update(
        self, grads: Any, state: CountState, params: Any, *, value: Any = None, value_fn: Any = None
    ) -> tuple[Any, CountState]:
        """Add the penalty's gradient; see `Transform.update`."""
        check_same_structure(params, grads)
        decay = value_at(self.weight_decay, state.count)

        def leaf(use: bool, g: Any, p: Any) -> Any:
            return finish(work(g) + scalars(g, decay)[1] * work(p), g) if use else g

        return tree.map(leaf, selected(self.mask, params), grads, params), CountState(state.count + 1)


@method
class DecoupledDecay(Wrapper):
    r"""Decoupled weight decay around any optimizer.

    Every weight shrinks, :math:`w \leftarrow (1 - \eta_t \lambda) w`, then the optimizer steps.

    Parameters
    ----------
    optimizer : Transform
        The optimizer to wrap.
    weight_decay : float >= 0 or schedule, default 1e-2
        The factor, multiplied by the optimizer's learning rate in force.
    mask : {"matrices", "all"} or callable, default "matrices"
        Which parameters decay.

    References
    ----------
    Loshchilov and Hutter, 2019, arXiv:1711.05101, algorithm 2 line 12, with the
    learning rate as the schedule multiplier.

    Examples
    --------
    >>> import numpy as np
    >>> from neuralopt.optimizers import SGD
    >>> opt = DecoupledDecay(SGD(0.5), 0.1, mask="all")
    >>> params = [np.array([2.0])]
    >>> opt.update([np.array([1.0])], opt.init(params), params)[0]
    [array([-0.6])]
    """

    optimizer: Any
    weight_decay: Any = hyper(1e-2, low=0)
    mask: Any = switch("matrices")

    def __post_init__(self) -> None:
        check_mask(self.mask)
        check_wrapped(self, changes_updates=True)

    def init(self, params: Any) -> WrapperState:
        """Return the wrapped optimizer's state with a count; see `Transform.init`."""
        inner = self.optimizer.init(params)
        return WrapperState(zero_count(params), inner.learning_rate, inner)

    def update(
        self, grads: Any, state: WrapperState, params: Any, *, value: Any = None, value_fn: Any = None
    ) -> tuple[Any, WrapperState]:
        """Return decay plus the wrapped optimizer's updates; see `Transform.update`."""
        check_kind(self, state, params, WrapperState)
        updates, inner = self.optimizer.update(grads, state.inner, params, value=value, value_fn=value_fn)
        factor = inner.learning_rate * value_at(self.weight_decay, state.count)

        def leaf(use: bool, u: Any, p: Any) -> Any:
            return finish(work(u) - scalars(p, factor)[1] * work(p), p) if use else u

        updates = tree.map(leaf, selected(self.mask, params), updates, params)
        return updates, WrapperState(state.count + 1, inner.learning_rate, inner)
