"""AdamW: Adam with decoupled weight decay."""

from typing import Any, ClassVar

from neuralopt.core.errors import InvalidArgument
from neuralopt.core.method import check_single, hyper, method, switch, value_at
from neuralopt.optimizers.adam import Adam
from neuralopt.optimizers.base import Optimizer, eps_hyper
from neuralopt.optimizers.registry import register
from neuralopt.transforms.decay import DecoupledDecay
from neuralopt.transforms.masks import check_mask
from neuralopt.transforms.state_check import check_kind
from neuralopt.transforms.wrapper import WrapperState


@register
@method
class AdamW(Optimizer):
    r"""Adam with decoupled weight decay.

    .. math::
        w_t = (1 - \eta_t \lambda)\, w_{t-1} - \eta_t \frac{\hat m_t}{\sqrt{\hat v_t} + \epsilon}

    Parameters
    ----------
    learning_rate : float >= 0 or schedule, default 1e-3
        Step size; it multiplies the decay as well.
    b1, b2, eps : float or schedule
        Laws and defaults as in `Adam`.
    weight_decay : float >= 0 or schedule, default 1e-2
        The factor :math:`\lambda`.
    mask : {"matrices", "all"} or callable, default "matrices"
        Which parameters decay; biases and norm scales do not by default (torch decays all).
    convention : {"torch", "paper", "corrected"}, default "torch"
        What multiplies :math:`\lambda`: ``"torch"`` the learning rate :math:`\eta_t`, as written above
        and as optax and Keras have it; ``"paper"`` the schedule alone, :math:`\eta_t / \eta_{\max}`, so
        that the decay does not change with the size of the learning rate; ``"corrected"``
        :math:`\eta_t^2 / \eta_{\max}`, which keeps the weights' equilibrium while the rate falls.
    max_learning_rate : float > 0, optional
        The largest rate of the schedule, :math:`\eta_{\max}`. Needed by the last two conventions when
        the learning rate is a schedule; a constant rate is its own.

    Notes
    -----
    Memory: two numbers per parameter.

    References
    ----------
    Loshchilov and Hutter, 2019, arXiv:1711.05101, algorithm 2; there the schedule multiplies the
    decay and the learning rate does not. Corrected: Defazio, 2025, arXiv:2506.02285.

    Examples
    --------
    >>> import numpy as np
    >>> opt, params = AdamW(0.1, weight_decay=0.5), [np.array([[1.0]])]
    >>> opt.update([np.array([[2.0]])], opt.init(params), params)[0][0].round(6)
    array([[-0.15]])
    """

    learning_rate: Any = hyper(1e-3, low=0)
    b1: Any = hyper(0.9, low=0, high=1, high_open=True)
    b2: Any = hyper(0.999, low=0, high=1, high_open=True)
    eps: Any = eps_hyper(1e-8)
    weight_decay: Any = hyper(1e-2, low=0)
    mask: Any = switch("matrices")
    convention: str = switch("torch", "torch", "paper", "corrected")
    max_learning_rate: Any = hyper(None, low=0, low_open=True)

    learning_rate_range: ClassVar[tuple[float, float]] = (3e-4, 1e-1)

    def __post_init__(self) -> None:
        check_mask(self.mask)
        if self.convention == "torch":
            return
        largest = self.learning_rate if self.max_learning_rate is None else self.max_learning_rate
        if isinstance(largest, int | float) and largest == 0:
            raise InvalidArgument(
                f"AdamW: convention={self.convention!r} divides by the learning rate, which must be above 0, "
                f"got {largest!r}."
            )
        if callable(largest):
            raise InvalidArgument(
                f"AdamW: convention={self.convention!r} measures a schedule by its largest rate, got "
                f"max_learning_rate=None beside {self.learning_rate!r}. Give max_learning_rate=1e-3, say."
            )

    def _decay(self, count: Any) -> Any:
        """Return what the learning rate is multiplied with to give the decay of a step."""
        decay = value_at(self.weight_decay, count)
        if self.convention == "torch":
            return decay
        rate = value_at(self.learning_rate, count)
        largest = self.learning_rate if self.max_learning_rate is None else self.max_learning_rate
        return decay / largest if self.convention == "paper" else decay * rate / largest

    def _decayed(self) -> DecoupledDecay:
        adam = Adam(self.learning_rate, self.b1, self.b2, self.eps)
        return DecoupledDecay(adam, self._decay, self.mask)

    def init(self, params: Any) -> WrapperState:
        """Return Adam's first state with a count; see `Transform.init`."""
        check_single(self)
        return self._decayed().init(params)

    def update(
        self, grads: Any, state: WrapperState, params: Any, *, value: Any = None, value_fn: Any = None
    ) -> tuple[Any, WrapperState]:
        """Return decay plus Adam's step; see `Transform.update`."""
        check_kind(self, state, params, WrapperState)
        return self._decayed().update(grads, state, params)
