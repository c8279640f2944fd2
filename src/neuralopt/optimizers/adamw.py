"""AdamW: Adam with decoupled weight decay."""

from typing import Any, ClassVar

from neuralopt.core.method import hyper, method, switch
from neuralopt.optimizers.adam import Adam
from neuralopt.optimizers.base import Optimizer
from neuralopt.optimizers.registry import register
from neuralopt.transforms.decay import DecoupledDecay
from neuralopt.transforms.masks import check_mask
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

    Notes
    -----
    Memory: two numbers per parameter.

    References
    ----------
    Loshchilov and Hutter, 2019, arXiv:1711.05101, algorithm 2, with the learning rate as the
    schedule multiplier, as in torch.

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
    eps: Any = hyper(1e-8, low=0)
    weight_decay: Any = hyper(1e-2, low=0)
    mask: Any = switch("matrices")

    learning_rate_range: ClassVar[tuple[float, float]] = (3e-4, 1e-1)

    def __post_init__(self) -> None:
        check_mask(self.mask)

    def _decayed(self) -> DecoupledDecay:
        adam = Adam(self.learning_rate, self.b1, self.b2, self.eps)
        return DecoupledDecay(adam, self.weight_decay, self.mask)

    def init(self, params: Any) -> WrapperState:
        """Return Adam's first state with a count; see `Transform.init`."""
        return self._decayed().init(params)

    def update(
        self, grads: Any, state: WrapperState, params: Any, *, value: Any = None, value_fn: Any = None
    ) -> tuple[Any, WrapperState]:
        """Return decay plus Adam's step; see `Transform.update`."""
        return self._decayed().update(grads, state, params)
