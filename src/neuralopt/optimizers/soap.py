"""SOAP: Adam in the eigenbasis of Shampoo's preconditioner."""

from typing import Any, ClassVar, NamedTuple

from neuralopt.core import tree
from neuralopt.core.control import cond
from neuralopt.core.method import hyper, method, switch, value_at
from neuralopt.core.namespace import namespace
from neuralopt.core.scalars import check_count
from neuralopt.optimizers.base import (
    Optimizer,
    bias_correction,
    ema,
    eps_hyper,
    finish,
    per_dtype,
    scalars,
    work,
)
from neuralopt.optimizers.eigenbasis import Sides, first_basis, refreshed_basis, rotate, rotate_back
from neuralopt.optimizers.registry import register
from neuralopt.transforms.masks import check_mask, selected


class SOAPState(NamedTuple):
    """State of `SOAP`."""

    count: Any  # (), int32
    learning_rate: Any  # (), in force at the last update
    mu: Any  # like params, first moment, not rotated
    nu: Any  # like params, second moment of the rotated gradient
    sides: Any  # list, for each leaf its `Sides`: statistics and bases, () for a side that has none


@register
@method
class SOAP(Optimizer):
    r"""Adam in a slowly turning basis: that of the eigenvectors of Shampoo's two statistics.

    .. math::
        L_t &= \beta_s L_{t-1} + (1-\beta_s) G_t G_t^\top, \qquad
        R_t = \beta_s R_{t-1} + (1-\beta_s) G_t^\top G_t \\
        M_t &= \beta_1 M_{t-1} + (1-\beta_1) G_t, \qquad
        V_t = \beta_2 V_{t-1} + (1-\beta_2) (Q_L^\top G_t Q_R)^2 \\
        W_t &= (1-\eta_t\lambda) W_{t-1} - \eta_t\, Q_L
        \frac{(Q_L^\top M_t Q_R)/(1-\beta_1^t)}{\sqrt{V_t/(1-\beta_2^t)} + \epsilon}\, Q_R^\top

    Every ``precondition_frequency`` steps the bases follow the statistics by one power iteration,
    :math:`Q \leftarrow \mathrm{qr}(L Q)`, its columns sorted by the estimated eigenvalues and
    the rows and columns of V with them. The first gradient sets the statistics and their
    eigenvectors and moves nothing, as in the authors' code; t counts from the second.

    Parameters
    ----------
    learning_rate : float >= 0 or schedule, default 3e-3
        Step size; it multiplies the decay as well.
    b1 : 0 <= float < 1 or schedule, default 0.95
        Decay of the first moment.
    b2 : 0 <= float < 1 or schedule, default 0.95
        Decay of the second moment.
    shampoo_beta : 0 <= float < 1 or schedule, default 0.95
        Decay of the statistics L and R.
    eps : float > 0, default 1e-8
        Added to the root.
    weight_decay : float >= 0 or schedule, default 0.01
        The factor :math:`\lambda`, decoupled.
    mask : {"matrices", "all"} or callable, default "matrices"
        Which parameters decay.
    precondition_frequency : int >= 1, default 10
        Steps from one refreshing of the bases to the next.
    max_precondition_dim : int >= 1, default 10000
        A side longer than this keeps the identity as its basis and has no statistic; nor has a side of 1.
    precondition_1d : bool, default False
        Precondition vectors as well; by default Adam trains them.

    Notes
    -----
    Memory of a matrix (m, n): two numbers per parameter, 2 m^2 for the left side and 2 n^2 for the right
    one. Kernels of more than two axes are flattened to (height * width * inputs, outputs); the authors
    keep a basis for every axis unless told to merge. In directions that have had no gradient theirs
    leaves the basis to rounding; here they are taken in the order of the axes and kept, so that NumPy
    and JAX agree.

    References
    ----------
    Vyas et al., 2024, arXiv:2409.11321, algorithms 3 and 4, and the authors' code for the first step,
    the bias correction and the sorting.

    Examples
    --------
    >>> import numpy as np
    >>> opt, params = SOAP(0.1, weight_decay=0.0), [np.eye(2)]
    >>> state = opt.init(params)
    >>> grads = [np.array([[2.0, 0.0], [0.0, -1.0]])]
    >>> for _ in range(2):
    ...     updates, state = opt.update(grads, state, params)
    ...     print((updates[0].round(6) + 0.0).tolist())
    [[0.0, 0.0], [0.0, 0.0]]
    [[-0.1, 0.0], [0.0, 0.1]]
    """

    learning_rate: Any = hyper(3e-3, low=0)
    b1: Any = hyper(0.95, low=0, high=1, high_open=True)
    b2: Any = hyper(0.95, low=0, high=1, high_open=True)
    shampoo_beta: Any = hyper(0.95, low=0, high=1, high_open=True)
    eps: Any = eps_hyper(1e-8)
    weight_decay: Any = hyper(0.01, low=0)
    mask: Any = switch("matrices")
    precondition_frequency: int = switch(10)
    max_precondition_dim: int = switch(10_000)
    precondition_1d: bool = switch(False, False, True)

    learning_rate_range: ClassVar[tuple[float, float]] = (1e-3, 1e-1)

    def __post_init__(self) -> None:
        check_mask(self.mask)
        check_count("SOAP: precondition_frequency", self.precondition_frequency)
        check_count("SOAP: max_precondition_dim", self.max_precondition_dim)

    def _sides(self, leaf: Any) -> Sides:
        """Return zero statistics and zero bases for the sides that have any."""
        xp, dtype = namespace(leaf), tree.working_dtype(leaf)
        dims = self._shape(leaf) if leaf.ndim >= 2 or self.precondition_1d else (1, 1)
        made = [xp.zeros((n, n), dtype=dtype) if 1 < n <= self.max_precondition_dim else () for n in dims]
        return Sides(made[0], made[0], made[1], made[1])

    @staticmethod
    def _shape(leaf: Any) -> tuple[int, int]:
        """Return rows and columns of a leaf as a matrix; a vector is one column."""
        if leaf.ndim < 2:
            return leaf.size, 1
        return leaf.size // max(leaf.shape[-1], 1), leaf.shape[-1]

    def init(self, params: Any) -> SOAPState:
        """Return the first state, everything zero; see `Transform.init`."""
        first = self._first(params)
        sides = [self._sides(leaf) for leaf in tree.leaves(params)]
        return SOAPState(*first, tree.zeros_like(params), tree.zeros_like(params), sides)

    def update(
        self, grads: Any, state: SOAPState, params: Any, *, value: Any = None, value_fn: Any = None
    ) -> tuple[Any, SOAPState]:
        """Return the step, zero at the first; see `Transform.update`."""
        t, rate = self._begin(grads, state, params)
        fields = (self.b1, self.b2, self.shampoo_beta, self.eps, self.weight_decay)
        now = [value_at(h, state.count) for h in fields]
        first = state.count == 0
        due = state.count % self.precondition_frequency == 0

        @per_dtype
        def constants(like: Any) -> tuple[Any, ...]:
            xp, lr, b1, b2, bs, eps, decay, step = scalars(like, rate, *now, state.count)
            zero, one = xp.zeros_like(lr), xp.ones_like(lr)
            # at the first step only the statistics move
            c1, c2 = (xp.where(first, one, bias_correction(xp, b, step)) for b in (b1, b2))
            lr, b1, b2 = xp.where(first, zero, lr), xp.where(first, one, b1), xp.where(first, one, b2)
            return xp, lr, b1, b2, bs, eps, decay, c1, c2

        def leaf(decays: bool, g: Any, m: Any, v: Any, sides: Sides, p: Any) -> tuple[Any, ...]:
            xp, lr, b1, b2, bs, eps, decay, c1, c2 = constants(p)
            dims = self._shape(p)
            g, m, v = (xp.reshape(work(a), dims) for a in (g, m, v))
            m = ema(b1, m, g)  # algorithm 3, line 5
            turned = rotate(g, sides)  # line 3
            v = ema(b2, v, turned * turned)  # line 7
            move = rotate_back(rotate(m, sides) / c1 / (xp.sqrt(v / c2) + eps), sides)  # lines 6, 8, 9
            move = xp.reshape(move, p.shape)
            step = finish(-lr * (move + decay * work(p) if decays else move), p)
            sides = sides.learn(g, bs)  # lines 11, 12
            if sides.has_left or sides.has_right:
                v, sides = cond(
                    due,
                    lambda v, sides: cond(first, first_basis, refreshed_basis, v, sides),
                    lambda v, sides: (v, sides),
                    v,
                    sides,
                )
            return step, xp.reshape(m, p.shape), xp.reshape(v, p.shape), sides

        decays, shape = tree.leaves(selected(self.mask, params)), tree.structure(params)
        columns = [shape.flatten_up_to(part) for part in (grads, state.mu, state.nu)]
        rows = [leaf(*row) for row in zip(decays, *columns, state.sides, tree.leaves(params), strict=True)]
        updates, mu, nu = (shape.unflatten([row[k] for row in rows]) for k in range(3))
        return updates, SOAPState(t, rate, mu, nu, [row[3] for row in rows])
