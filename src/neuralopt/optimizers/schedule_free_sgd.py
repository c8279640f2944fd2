"""Schedule-Free SGD: averaging in place of a schedule."""

from typing import Any, ClassVar, NamedTuple

from neuralopt.core import tree
from neuralopt.core.method import hyper, method, switch, value_at
from neuralopt.optimizers.base import finish, per_dtype, scalars, work
from neuralopt.optimizers.registry import register
from neuralopt.optimizers.schedule_free import ScheduleFree, copied
from neuralopt.transforms.masks import check_mask, selected


class ScheduleFreeSGDState(NamedTuple):
    """State of `ScheduleFreeSGD`."""

    count: Any  # (), int32
    learning_rate: Any  # (), in force at the last update, warm-up included
    max_rate: Any  # (), the largest rate so far
    weight_sum: Any  # (), sum of the averaging weights
    z: Any  # like params, where plain SGD would be


@register
@method
class ScheduleFreeSGD(ScheduleFree):
    r"""SGD that averages its iterates instead of lowering the learning rate.

    .. math::
        y_t &= (1-\beta_1)\, z_t + \beta_1 x_t \\
        z_{t+1} &= z_t - \gamma_t\,\bigl(\nabla f(y_t) + \lambda y_t\bigr) \\
        x_{t+1} &= (1-c_{t+1})\, x_t + c_{t+1} z_{t+1}, \qquad
        c_{t+1} = \frac{\gamma_{\max,t}^2}{\sum_{i \le t} \gamma_{\max,i}^2}

    The parameters handed in are :math:`y`, where gradients are taken; the ones to evaluate and to
    keep are :math:`x`, given by `evaluation_params`.

    Parameters
    ----------
    learning_rate : float >= 0 or schedule, default 1.0
        The step :math:`\gamma` after the warm-up; keep it constant.
    b1 : 0 < float < 1, default 0.9
        Part of the average in the point where gradients are taken.
    weight_decay : float >= 0 or schedule, default 0
        The factor :math:`\lambda`, applied at :math:`y`.
    mask : {"matrices", "all"} or callable, default "matrices"
        Which parameters decay.
    warmup_steps : float >= 0, default 0
        The rate rises linearly to its full value over so many steps, :math:`\gamma_t = \gamma\,
        \min(1, t/T)` for :math:`t \ge 1`.

    Notes
    -----
    Memory: one number per parameter, z. The average is not kept: :math:`x = (y - (1-\beta_1) z)/\beta_1`
    costs a pass over the parameters when it is asked for, and the rounding of y grows only by
    :math:`1/\beta_1`. Sixteen-bit parameters round y so coarsely that the average stops improving
    after some hundred steps: keep the parameters in float32. optax shifts the warm-up of its weights
    by a step against that of its steps; without warm-up it agrees.

    References
    ----------
    Defazio et al., 2024, arXiv:2405.15682, equations 3 to 5; the weights are those of the authors' code.

    Examples
    --------
    >>> import numpy as np
    >>> opt, params = ScheduleFreeSGD(0.5, b1=0.5), [np.array([1.0])]
    >>> state = opt.init(params)
    >>> for _ in range(2):
    ...     updates, state = opt.update(params, state, params)
    ...     params = tree.apply_updates(params, updates)
    >>> params, opt.evaluation_params(params, state)
    ([array([0.3125])], [array([0.375])])
    """

    learning_rate: Any = hyper(1.0, low=0)
    b1: Any = hyper(0.9, low=0, low_open=True, high=1, high_open=True)
    weight_decay: Any = hyper(0.0, low=0)
    mask: Any = switch("matrices")
    warmup_steps: Any = hyper(0.0, low=0)

    learning_rate_range: ClassVar[tuple[float, float]] = (1e-2, 3.0)

    def __post_init__(self) -> None:
        check_mask(self.mask)

    def init(self, params: Any) -> ScheduleFreeSGDState:
        """Return the first state, z at the parameters; see `Transform.init`."""
        return ScheduleFreeSGDState(*self._start(params), copied(params))

    def update(
        self, grads: Any, state: ScheduleFreeSGDState, params: Any, *, value: Any = None, value_fn: Any = None
    ) -> tuple[Any, ScheduleFreeSGDState]:
        """Return the step of y; see `Transform.update`."""
        t, rate, highest, total, part = self._weigh(grads, state, params)
        decay = value_at(self.weight_decay, state.count)

        @per_dtype
        def constants(like: Any) -> tuple[Any, ...]:
            _, lr, b1, decay_, c = scalars(like, rate, self.b1, decay, part)
            return lr, lr * (1 - c) * (1 - b1), decay_, c

        def leaf(decays: bool, g: Any, z: Any, y: Any) -> tuple[Any, Any]:
            lr, down, decay, c = constants(y)
            wide = work(y)
            g = work(g) + decay * wide if decays else work(g)
            z = z - lr * g
            # the step of y told by the new z, so that the old one need not be kept
            return finish(c * (z - wide) - down * g, y), z

        decays = selected(self.mask, params)
        updates, z = tree.map_unzip(2, leaf, decays, grads, state.z, params)
        return updates, ScheduleFreeSGDState(t, rate, highest, total, z)
