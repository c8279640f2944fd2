"""Muon: momentum made orthogonal, for matrices; AdamW for the rest."""

from typing import Any, ClassVar, NamedTuple

from neuralopt.core import tree
from neuralopt.core.method import hyper, method, switch, value_at
from neuralopt.core.numerics import zero_after
from neuralopt.core.scalars import check_count
from neuralopt.optimizers.adamw import AdamW
from neuralopt.optimizers.base import Optimizer, ema, eps_hyper, finish, per_dtype, scalars, work
from neuralopt.optimizers.newton_schulz import as_matrix, orthogonalize
from neuralopt.optimizers.registry import register
from neuralopt.transforms.masks import check_mask, selected
from neuralopt.transforms.partition import Partition, PartitionState


class MuonState(NamedTuple):
    """State of Muon's own group."""

    count: Any  # (), int32
    learning_rate: Any  # (), in force at the last update
    mu: Any  # like the matrices, momentum


@register
@method
class Muon(Optimizer):
    r"""Steepest descent under the spectral norm: the momentum of every matrix is made orthogonal.

    .. math::
        m_t &= \mu\, m_{t-1} + (1-\mu)\, g_t, \qquad n_t = \mu\, m_t + (1-\mu)\, g_t \\
        W_t &= (1 - \eta_t\lambda)\, W_{t-1} - \eta_t\, s\, \mathrm{NS}_5(n_t)

    A matrix has inputs as rows and outputs as columns. A convolution kernel, whose last axis is the
    outputs, is flattened to (height * width * inputs, outputs). Biases and norm scales, and what
    ``mask`` leaves out, are trained by AdamW.

    Parameters
    ----------
    learning_rate : float >= 0 or schedule, default 0.02
        Of the matrices.
    momentum : 0 <= float < 1 or schedule, default 0.95
        The factor :math:`\mu`.
    nesterov : bool, default True
        Look ahead; without it :math:`n_t = m_t`.
    weight_decay : float >= 0 or schedule, default 0
        The factor :math:`\lambda`, decoupled, for everything of two dimensions or more.
    mask : {"matrices", "all"} or callable, default "matrices"
        What Muon takes of all that has two dimensions or more; give a callable of (name, array) to
        leave out embeddings and the last layer, as the authors advise for language models.
    scale : {"original", "match_rms"}, default "original"
        The factor s: :math:`\sqrt{\max(1, \text{outputs}/\text{inputs})}`, or
        :math:`0.2\sqrt{\max(\text{outputs}, \text{inputs})}`, with which rates tuned for AdamW fit.
    steps : int >= 1, default 5
        Newton-Schulz iterations.
    eps : float > 0, default 1e-7
        Least norm that the momentum is divided by.
    precision : {"working", "bfloat16"}, default "working"
        What the iterations are computed in: the parameter's working dtype, or bfloat16, in which NumPy
        and JAX agree to two digits only.
    adam_factor : float >= 0, default 0.1
        The learning rate of AdamW as a part of Muon's.
    adam_b1, adam_b2, adam_eps : float or schedule
        As in `AdamW`; defaults 0.9, 0.95 and 1e-8.

    Notes
    -----
    Memory: one number per parameter of a matrix, two for the rest. Per matrix (m, n) with m <= n a step
    costs about 10 m (m + n) n multiplications. torch has the same formulas, always in bfloat16, and takes
    no kernels; optax corrects both parts of the Nesterov average for bias, which shifts their weights.

    References
    ----------
    Jordan et al., 2024, "Muon: an optimizer for hidden layers in neural networks"; for ``match_rms``
    Liu et al., 2025, arXiv:2502.16982, equation 4.

    Examples
    --------
    >>> import numpy as np
    >>> opt, params = Muon(0.1), {"W": np.eye(2), "b": np.ones(2)}
    >>> updates, _ = opt.update(params, opt.init(params), params)
    >>> updates["W"].round(2) + 0.0, updates["b"].round(6)
    (array([[-0.11,  0.  ],
           [ 0.  , -0.11]]), array([-0.01, -0.01]))
    """

    learning_rate: Any = hyper(0.02, low=0)
    momentum: Any = hyper(0.95, low=0, high=1, high_open=True)
    nesterov: bool = switch(True, False, True)
    weight_decay: Any = hyper(0.0, low=0)
    mask: Any = switch("matrices")
    scale: str = switch("original", "original", "match_rms")
    steps: int = switch(5)
    eps: Any = eps_hyper(1e-7)
    precision: str = switch("working", "working", "bfloat16")
    adam_factor: Any = hyper(0.1, low=0)
    adam_b1: Any = hyper(0.9, low=0, high=1, high_open=True)
    adam_b2: Any = hyper(0.95, low=0, high=1, high_open=True)
    adam_eps: Any = eps_hyper(1e-8)

    learning_rate_range: ClassVar[tuple[float, float]] = (1e-3, 3e-1)

    def __post_init__(self) -> None:
        check_mask(self.mask)
        check_count("Muon: steps", self.steps)

    @property
    def decay_mask(self) -> str:
        """Matrices decay, in either group: the field ``mask`` says who trains them."""
        return "matrices"

    def _partition(self, rate: Any, params: Any) -> Partition:
        """Return Muon's group and AdamW's at this learning rate."""
        leaves = zip(
            tree.names(params), tree.leaves(selected(self.mask, params)), tree.leaves(params), strict=True
        )
        rest = {name for name, take, leaf in leaves if leaf.ndim < 2 or leaf.size == 0 or not take}
        if not rest:
            return Partition(_Matrices(self))
        adam = AdamW(self.adam_factor * rate, self.adam_b1, self.adam_b2, self.adam_eps, self.weight_decay)
        return Partition(_Matrices(self), (adam,), ("adamw",), (lambda name, leaf: name in rest,))

    def init(self, params: Any) -> PartitionState:
        """Return the first states of both groups; see `Transform.init`."""
        _, rate = self._first(params)
        return self._partition(rate, params).init(params)._replace(learning_rate=rate)

    def update(
        self, grads: Any, state: PartitionState, params: Any, *, value: Any = None, value_fn: Any = None
    ) -> tuple[Any, PartitionState]:
        """Return the step; see `Transform.update`."""
        _, rate = self._begin(grads, state, params)
        updates, after = self._partition(rate, params).update(grads, state, params)
        return updates, after._replace(learning_rate=rate)


@method
class _Matrices(Optimizer):
    """The part of Muon that trains matrices."""

    muon: Any

    @property
    def learning_rate(self) -> Any:
        return self.muon.learning_rate

    def init(self, params: Any) -> MuonState:
        return MuonState(*self._first(params), tree.zeros_like(params))

    def update(
        self, grads: Any, state: MuonState, params: Any, *, value: Any = None, value_fn: Any = None
    ) -> tuple[Any, MuonState]:
        t, rate = self._begin(grads, state, params)
        now = [value_at(h, state.count) for h in (self.muon.momentum, self.muon.weight_decay)]

        @per_dtype
        def constants(like: Any) -> tuple[Any, ...]:
            return scalars(like, rate, *now, self.muon.eps)

        made: list[Any] = []

        def leaf(g: Any, m: Any, p: Any) -> tuple[Any, Any]:
            xp, lr, momentum, decay, eps = constants(p)
            g = work(g)
            m = ema(momentum, m, g)
            n = as_matrix(ema(momentum, m, g) if self.muon.nesterov else m)
            # one matrix after the other: all at once XLA holds the products of all of them
            n = n + zero_after(made[-1], n.dtype) if made else n
            low = self.muon.precision == "bfloat16"
            n = orthogonalize(n, steps=self.muon.steps, eps=eps, low_precision=low)
            made.append(n)
            move = self._scale(*n.shape) * xp.reshape(n, p.shape) + decay * work(p)
            return finish(-lr * move, p), m

        updates, mu = tree.map_unzip(2, leaf, grads, state.mu, params)
        return updates, MuonState(t, rate, mu)

    def _scale(self, inputs: int, outputs: int) -> float:
        if self.muon.scale == "original":
            return max(1.0, outputs / inputs) ** 0.5
        return 0.2 * max(outputs, inputs) ** 0.5  # Liu et al., eq. 4
