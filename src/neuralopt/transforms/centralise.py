"""Gradient centralisation."""

from typing import Any

from neuralopt.core import tree
from neuralopt.core.kernels import finish, work
from neuralopt.core.method import method, switch
from neuralopt.core.namespace import namespace
from neuralopt.transforms.base import CountState, Transform, zero_count
from neuralopt.transforms.masks import check_mask, selected


@method
class Centralise(Transform):
    r"""Gradient centralisation: take its mean off the gradient of every unit's weights.

    .. math:: G_i \leftarrow G_i - \frac{1}{M} \sum_{m=1}^{M} G_{m,i}

    The mean goes over all axes but the last, which is the output axis of dense
    kernels (inputs, outputs) and convolutions (height, width, inputs, outputs).

    Parameters
    ----------
    mask : {"matrices", "all"} or callable, default "matrices"
        Which parameters; what has fewer than two dimensions is never touched.

    Notes
    -----
    Memory: none. ``optax.centralize`` averages over all axes but the first, as torch's layout asks.

    References
    ----------
    Yong, Huang, Hua and Zhang, 2020, arXiv:2004.01461, equation 1.

    Examples
    --------
    >>> import numpy as np
    >>> centre, params = Centralise(), [np.ones((2, 2))]
    >>> centre.update([np.array([[1.0, 2.0], [3.0, 8.0]])], centre.init(params), params)[0]
    [array([[-1., -3.],
           [ 1.,  3.]])]
    """

    mask: Any = switch("matrices")

    def __post_init__(self) -> None:
        check_mask(self.mask)

    def init(self, params: Any) -> CountState:
        """Return the count; see `Transform.init`."""
        return CountState(zero_count(params))

    def update(
        self, grads: Any, state: CountState, params: Any, *, value: Any = None, value_fn: Any = None
    ) -> tuple[Any, CountState]:
        """Take the means off; see `Transform.update`."""

        def leaf(use: bool, g: Any) -> Any:
            if not use or g.ndim < 2:
                return g
            xp, high = namespace(g), work(g)
            mean = xp.mean(high, axis=tuple(range(g.ndim - 1)), keepdims=True)
            return finish(high - xp.broadcast_to(mean, high.shape), g)  # eq. 1

        return tree.map(leaf, selected(self.mask, grads), grads), CountState(state.count + 1)
