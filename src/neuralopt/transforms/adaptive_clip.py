"""Adaptive gradient clipping."""

from typing import Any

from neuralopt.core import tree
from neuralopt.core.kernels import finish, per_dtype, scalars, work
from neuralopt.core.method import hyper, method, switch, value_at
from neuralopt.core.namespace import namespace
from neuralopt.core.validation import check_same_structure
from neuralopt.transforms.base import CountState, Transform, zero_count
from neuralopt.transforms.masks import check_mask, selected


@method
class AdaptiveClip(Transform):
    r"""Adaptive gradient clipping (AGC): a unit's gradient must be small beside the unit's weights.

    .. math::
        G_i \leftarrow \lambda \frac{\lVert W_i \rVert^\star}{\lVert G_i \rVert} G_i
        \quad\text{if}\quad \frac{\lVert G_i \rVert}{\lVert W_i \rVert^\star} > \lambda,
        \qquad \lVert W_i \rVert^\star = \max(\lVert W_i \rVert, \epsilon)

    A unit i is what one output sees: all entries with the same index on the
    last axis, which is the output axis of dense kernels (inputs, outputs) and
    convolutions (height, width, inputs, outputs). Vectors and scalars are one unit.

    Parameters
    ----------
    clipping : float > 0 or schedule, default 0.01
        The largest ratio let through, :math:`\lambda`. The paper takes 0.01 at batches of 4096 and
        finds larger values better for smaller batches.
    eps : float > 0 or schedule, default 1e-3
        Norm that a unit of zeros is taken to have, :math:`\epsilon`.
    mask : {"matrices", "all"} or callable, default "all"
        Which parameters are clipped. The paper leaves out the last layer:
        ``mask=transforms.excluding("head/*")``.

    Notes
    -----
    Memory: none. Differs from others: ``optax.adaptive_grad_clip`` reduces axis 0 alone of arrays
    with three axes, takes a matrix with one row or one column as one unit, and refuses six axes;
    torch keeps outputs on the first axis, so that implementations for it reduce the others.

    References
    ----------
    Brock, De, Smith and Simonyan, 2021, arXiv:2102.06171, equation 3.

    Examples
    --------
    >>> import numpy as np
    >>> clip, params = AdaptiveClip(0.1), [np.array([[3.0, 3.0], [4.0, 4.0]])]
    >>> clip.update([np.array([[6.0, 0.3], [8.0, 0.4]])], clip.init(params), params)[0]
    [array([[0.3, 0.3],
           [0.4, 0.4]])]
    """

    clipping: Any = hyper(0.01, low=0, low_open=True)
    eps: Any = hyper(1e-3, low=0, low_open=True)
    mask: Any = switch("all")

    def __post_init__(self) -> None:
        check_mask(self.mask)

    def init(self, params: Any) -> CountState:
        """Return the count; see `Transform.init`."""
        return CountState(zero_count(params))

    def update(
        self, grads: Any, state: CountState, params: Any, *, value: Any = None, value_fn: Any = None
    ) -> tuple[Any, CountState]:
        """Scale every unit's gradient; see `Transform.update`."""
        check_same_structure(params, grads)
        now = [value_at(h, state.count) for h in (self.clipping, self.eps)]

        @per_dtype
        def constants(like: Any) -> tuple[Any, ...]:
            return scalars(like, *now)

        def leaf(use: bool, g: Any, p: Any) -> Any:
            if not use:
                return g
            xp, clipping, eps = constants(g)
            high = work(g)
            limit = clipping * xp.maximum(_unit_norm(work(p)), eps)
            norm = _unit_norm(high)
            clipped = norm > limit  # eq. 3
            # the safe divisor keeps 0/0 out of the branch that is not taken
            one = xp.ones_like(norm)
            scale = xp.where(clipped, limit / xp.where(clipped, norm, one), one)
            return finish(high * xp.broadcast_to(scale, high.shape), g)

        return tree.map(leaf, selected(self.mask, params), grads, params), CountState(state.count + 1)


def _unit_norm(array: Any) -> Any:
    """Return the norm of every unit, with the reduced axes kept."""
    xp = namespace(array)
    axes = tuple(range(array.ndim - 1)) if array.ndim >= 2 else None
    return xp.sqrt(xp.sum(array * array, axis=axes, keepdims=True))
