"""Clipping by value and by global norm."""

from typing import Any

from neuralopt.core import tree
from neuralopt.core.method import hyper, method, value_at
from neuralopt.core.namespace import namespace
from neuralopt.transforms.base import CountState, Transform, zero_count


@method
class ClipByValue(Transform):
    """Clip every entry of the gradient to ``[-limit, limit]``.

    Parameters
    ----------
    limit : float > 0 or schedule, default 1
        The largest magnitude let through.

    Examples
    --------
    >>> import numpy as np
    >>> clip = ClipByValue(1.0)
    >>> params = [np.zeros(2)]
    >>> clip.update([np.array([-3.0, 0.5])], clip.init(params), params)[0]
    [array([-1. ,  0.5])]
    """

    limit: Any = hyper(1.0, low=0, low_open=True)

    def init(self, params: Any) -> CountState:
        """Return the count; see `Transform.init`."""
        return CountState(zero_count(params))

    def update(
        self, grads: Any, state: CountState, params: Any, *, value: Any = None, value_fn: Any = None
    ) -> tuple[Any, CountState]:
        """Clip each entry; see `Transform.update`."""
        limit = value_at(self.limit, state.count)

        def leaf(g: Any) -> Any:
            c = tree.cast(limit, g.dtype, g)
            xp = namespace(g, c)
            return xp.minimum(xp.maximum(g, -c), c)

        return tree.map(leaf, grads), CountState(state.count + 1)


@method
class ClipByGlobalNorm(Transform):
    r"""Scale the whole gradient down when its Euclidean norm exceeds a limit.

    .. math:: g \leftarrow g\,\min(1, c / \lVert g \rVert)

    Exact: nothing is added to the norm.

    Parameters
    ----------
    max_norm : float > 0 or schedule, default 1
        The limit c.

    Notes
    -----
    torch adds 1e-6 to the norm; optax and this class do not.

    References
    ----------
    Pascanu, Mikolov and Bengio, 2013, arXiv:1211.5063, algorithm 1.

    Examples
    --------
    >>> import numpy as np
    >>> clip = ClipByGlobalNorm(1.0)
    >>> params = [np.zeros(2)]
    >>> clip.update([np.array([3.0, 4.0])], clip.init(params), params)[0]
    [array([0.6, 0.8])]
    """

    max_norm: Any = hyper(1.0, low=0, low_open=True)

    def init(self, params: Any) -> CountState:
        """Return the count; see `Transform.init`."""
        return CountState(zero_count(params))

    def update(
        self, grads: Any, state: CountState, params: Any, *, value: Any = None, value_fn: Any = None
    ) -> tuple[Any, CountState]:
        """Scale the gradient; see `Transform.update`."""
        norm = tree.global_norm(grads)
        xp = namespace(norm)
        limit = tree.cast(value_at(self.max_norm, state.count), norm.dtype, norm)
        clipped = norm > limit
        # the safe divisor keeps 0/0 out of the branch that is not taken
        scale = xp.where(clipped, limit / xp.where(clipped, norm, xp.ones_like(norm)), xp.ones_like(norm))
        return tree.map(lambda g: g * tree.cast(scale, g.dtype, g), grads), CountState(state.count + 1)
