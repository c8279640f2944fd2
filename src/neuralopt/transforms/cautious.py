"""Cautious updates."""

from typing import Any

from neuralopt.core import tree
from neuralopt.core.kernels import finish, work
from neuralopt.core.method import method, switch
from neuralopt.core.namespace import namespace
from neuralopt.transforms.base import zero_count
from neuralopt.transforms.state_check import check_kind
from neuralopt.transforms.wrapper import Wrapper, WrapperState, check_wrapped


@method
class Cautious(Wrapper):
    r"""Move only where the optimizer's update and the present gradient agree.

    .. math::
        \phi = \mathbb 1[u \circ g < 0], \qquad u \leftarrow \alpha\, \phi \circ u, \qquad
        \alpha = 1 / \max(\bar\phi, 10^{-3})

    where u is the update, to be added to the parameters, and the mean of
    :math:`\phi` goes over one tensor. What is left out of the step is made up
    for by the rest of the tensor.

    Parameters
    ----------
    optimizer : Transform
        The optimizer to wrap. Weight decay belongs outside,
        ``DecoupledDecay(Cautious(Adam()))``, or the mask works on the decay as well.
    convention : {"official", "paper"}, default "official"
        ``"official"``: :math:`\alpha` as above, as the authors' code has it now; ``"paper"``:
        :math:`\alpha = d / (\lVert\phi\rVert_0 + 1)` with d the size of the tensor.

    Notes
    -----
    Memory: nothing of its own. Signs are compared; official code takes the product of update and
    gradient, which vanishes when both are tiny.

    References
    ----------
    Liang, Chen, Liu and Liu, 2024, arXiv:2411.16085, algorithm 1.

    Examples
    --------
    >>> import numpy as np
    >>> from neuralopt.optimizers import SGD
    >>> opt, params = Cautious(SGD(1.0, momentum=0.5)), [np.zeros(2)]
    >>> state = opt.init(params)
    >>> for g in (np.array([4.0, 4.0]), np.array([1.0, -1.0])):
    ...     updates, state = opt.update([g], state, params)
    >>> updates
    [array([-6., -0.])]
    """

    optimizer: Any
    convention: str = switch("official", "official", "paper")

    def __post_init__(self) -> None:
        check_wrapped(self, changes_updates=True)

    def init(self, params: Any) -> WrapperState:
        """Return the wrapped optimizer's state with a count; see `Transform.init`."""
        inner = self.optimizer.init(params)
        return WrapperState(zero_count(params), inner.learning_rate, inner)

    def update(
        self, grads: Any, state: WrapperState, params: Any, *, value: Any = None, value_fn: Any = None
    ) -> tuple[Any, WrapperState]:
        """Return the wrapped optimizer's updates where they agree; see `Transform.update`."""
        check_kind(self, state, params, WrapperState)
        updates, inner = self.optimizer.update(grads, state.inner, params, value=value, value_fn=value_fn)

        def leaf(u: Any, g: Any) -> Any:
            xp, step = namespace(u, g), work(u)
            agree = ((u < 0) & (g > 0)) | ((u > 0) & (g < 0))
            share = xp.astype(agree, step.dtype)
            if self.convention == "official":
                scale = 1 / xp.maximum(xp.mean(share), xp.asarray(1e-3, dtype=step.dtype))
            else:
                scale = u.size / (xp.sum(share) + 1)
            return finish(step * share * scale, u)

        return tree.map(leaf, updates, grads), WrapperState(state.count + 1, inner.learning_rate, inner)
