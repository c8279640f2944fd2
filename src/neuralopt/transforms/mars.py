"""MARS: variance reduction by the change of the gradient."""

from typing import Any, NamedTuple

from neuralopt.core import tree
from neuralopt.core.kernels import finish, per_dtype, scalars, work
from neuralopt.core.method import hyper, method, switch, value_at
from neuralopt.core.validation import check_same_structure
from neuralopt.transforms.base import Transform, zero_count
from neuralopt.transforms.masks import check_mask, selected
from neuralopt.transforms.state_check import check_state


class MARSState(NamedTuple):
    """State of `MARS`."""

    count: Any  # (), int32
    previous: Any  # like params, the gradient before; zeros where the mask selects nothing


@method
class MARS(Transform):
    r"""MARS (approximate form): correct the gradient by its change since the last step.

    .. math::
        c_t &= g_t + \gamma_t \frac{\beta_1}{1-\beta_1} (g_t - g_{t-1}) \\
        \tilde c_t &= c_t / \max(1, \lVert c_t \rVert / C)

    with one norm for each tensor. Put it in front of any optimizer that has a
    momentum: ``chain(MARS(), AdamW(b1=0.95, b2=0.99))`` is MARS-AdamW,
    with Lion it is MARS-Lion.

    Parameters
    ----------
    gamma : float >= 0 or schedule, default 0.025
        Strength of the correction.
    b1 : 0 <= float < 1 or schedule, default 0.95
        The optimizer's momentum.
    max_norm : float > 0 or schedule, default 1
        The limit C on each tensor's corrected gradient.
    mask : {"matrices", "all"} or callable, default "matrices"
        Which parameters; the official code leaves the others to plain AdamW.
    convention : {"paper", "official"}, default "paper"
        What the gradient before the first is: ``"paper"`` the first itself, so that the first
        step has no correction, as in timm; ``"official"`` zero.

    Notes
    -----
    Memory: one number per parameter. The exact form takes both gradients on the same batch, which
    costs a second backward pass; the paper recommends this one. The official code selects arrays
    with exactly two dimensions: ``mask=by_ndim(2, 2)``.

    References
    ----------
    Yuan, Liu, Wu, Zhou and Gu, 2024, arXiv:2411.10438, algorithm 1, with the approximation of section 3.

    Examples
    --------
    >>> import numpy as np
    >>> mars, params = MARS(gamma=0.5, b1=0.5, max_norm=10.0), [np.zeros((1, 1))]
    >>> state = mars.init(params)
    >>> for g in (1.0, 2.0):
    ...     updates, state = mars.update([np.full((1, 1), g)], state, params)
    ...     print(updates)
    [array([[1.]])]
    [array([[2.5]])]
    """

    gamma: Any = hyper(0.025, low=0)
    b1: Any = hyper(0.95, low=0, high=1, high_open=True)
    max_norm: Any = hyper(1.0, low=0, low_open=True)
    mask: Any = switch("matrices")
    convention: str = switch("paper", "paper", "official")

    def __post_init__(self) -> None:
        check_mask(self.mask)

    def init(self, params: Any) -> MARSState:
        """Return the count and no gradient before; see `Transform.init`."""
        return MARSState(zero_count(params), tree.zeros_like(params))

    def update(
        self, grads: Any, state: MARSState, params: Any, *, value: Any = None, value_fn: Any = None
    ) -> tuple[Any, MARSState]:
        """Correct the gradient; see `Transform.update`."""
        check_same_structure(params, grads)
        check_state(self, state, params)
        now = [value_at(h, state.count) for h in (self.gamma, self.b1, self.max_norm)]

        @per_dtype
        def constants(like: Any) -> tuple[Any, ...]:
            xp, gamma, b1, limit = scalars(like, *now)
            return xp, gamma * b1 / (1 - b1), limit

        def leaf(use: bool, g: Any, before: Any) -> tuple[Any, Any]:
            if not use:
                return g, before
            xp, strength, limit = constants(g)
            high = work(g)
            if self.convention == "paper":
                before = xp.where(state.count == 0, high, before)
            corrected = high + strength * (high - before)
            norm = xp.sqrt(xp.sum(corrected * corrected))
            return finish(corrected / xp.maximum(norm / limit, xp.ones_like(norm)), g), high

        updates, previous = tree.map_unzip(2, leaf, selected(self.mask, params), grads, state.previous)
        return updates, MARSState(state.count + 1, previous)
