"""Schedule-Free AdamW: averaging in place of momentum and of a schedule."""

from typing import Any, ClassVar, NamedTuple

from neuralopt.core import tree
from neuralopt.core.method import hyper, method, switch, value_at
from neuralopt.core.numerics import fence
from neuralopt.optimizers.base import bias_correction, ema, eps_hyper, finish, per_dtype, scalars, work
from neuralopt.optimizers.registry import register
from neuralopt.optimizers.schedule_free import ScheduleFree, copied
from neuralopt.transforms.masks import check_mask, selected


class ScheduleFreeAdamWState(NamedTuple):
    """State of `ScheduleFreeAdamW`."""

    count: Any  # (), int32
    learning_rate: Any  # (), in force at the last update, warm-up included
    max_rate: Any  # (), the largest rate so far
    weight_sum: Any  # (), sum of the averaging weights
    z: Any  # like params, where the scaled steps lead
    nu: Any  # like params, second moment


@register
@method
class ScheduleFreeAdamW(ScheduleFree):
    r"""AdamW that averages its iterates instead of its gradients, and needs no schedule.

    .. math::
        y_t &= (1-\beta_1)\, z_t + \beta_1 x_t, \qquad g_t = \nabla f(y_t), \qquad
        v_t = \beta_2 v_{t-1} + (1-\beta_2) g_t^2 \\
        z_{t+1} &= z_t - \gamma_t \left(\frac{g_t}{\sqrt{v_t/(1-\beta_2^t)} + \epsilon}
                   + \lambda y_t\right) \\
        x_{t+1} &= (1-c_{t+1})\, x_t + c_{t+1} z_{t+1}, \qquad
        c_{t+1} = \frac{\gamma_{\max,t}^2}{\sum_{i \le t} \gamma_{\max,i}^2}

    The parameters handed in are :math:`y`, where gradients are taken; the ones to evaluate and to
    keep are :math:`x`, given by `evaluation_params`.

    Parameters
    ----------
    learning_rate : float >= 0 or schedule, default 2.5e-3
        The step :math:`\gamma` after the warm-up; keep it constant. The authors find 1 to 10 times that of
        AdamW with a schedule.
    b1 : 0 < float < 1, default 0.9
        Part of the average in the point where gradients are taken.
    b2 : 0 <= float < 1 or schedule, default 0.999
        Decay of the second moment.
    eps : float > 0, default 1e-8
        Added to the root, after the bias correction.
    weight_decay : float >= 0 or schedule, default 0
        The factor :math:`\lambda`, applied at :math:`y`.
    mask : {"matrices", "all"} or callable, default "matrices"
        Which parameters decay.
    warmup_steps : float > 0, default 0
        The rate rises linearly to its full value over so many steps.

    Notes
    -----
    Memory: two numbers per parameter, as Adam. What `ScheduleFreeSGD` says of the average, of
    sixteen-bit parameters and of optax holds here as well.

    References
    ----------
    Defazio et al., 2024, arXiv:2405.15682, algorithm 1 (its bias correction inside the learning rate,
    without which eps weighs less, is that of the authors' first release).

    Examples
    --------
    >>> import numpy as np
    >>> opt, params = ScheduleFreeAdamW(0.1), [np.array([1.0])]
    >>> state = opt.init(params)
    >>> updates, state = opt.update([np.array([2.0])], state, params)
    >>> updates[0].round(6), state.z[0].round(6)
    (array([-0.1]), array([0.9]))
    """

    learning_rate: Any = hyper(2.5e-3, low=0)
    b1: Any = hyper(0.9, low=0, low_open=True, high=1, high_open=True)
    b2: Any = hyper(0.999, low=0, high=1, high_open=True)
    eps: Any = eps_hyper(1e-8)
    weight_decay: Any = hyper(0.0, low=0)
    mask: Any = switch("matrices")
    warmup_steps: Any = hyper(0.0, low=0)

    learning_rate_range: ClassVar[tuple[float, float]] = (1e-3, 3e-1)

    def __post_init__(self) -> None:
        check_mask(self.mask)

    def init(self, params: Any) -> ScheduleFreeAdamWState:
        """Return the first state, z at the parameters; see `Transform.init`."""
        return ScheduleFreeAdamWState(*self._start(params), copied(params), tree.zeros_like(params))

    def update(
        self,
        grads: Any,
        state: ScheduleFreeAdamWState,
        params: Any,
        *,
        value: Any = None,
        value_fn: Any = None,
    ) -> tuple[Any, ScheduleFreeAdamWState]:
        """Return the step of y; see `Transform.update`."""
        t, rate, highest, total, part = self._weigh(grads, state, params)
        now = [value_at(h, state.count) for h in (self.b2, self.eps, self.weight_decay)]

        @per_dtype
        def constants(like: Any) -> tuple[Any, ...]:
            xp, lr, b1, b2, eps, decay, c, step = scalars(like, rate, self.b1, *now, part, t)
            return (
                xp,
                lr,
                lr * (1 - c) * (1 - b1),
                b2,
                eps,
                decay,
                c,
                1 / xp.sqrt(bias_correction(xp, b2, step)),
            )

        def leaf(decays: bool, g: Any, z: Any, v: Any, y: Any) -> tuple[Any, Any, Any]:
            xp, lr, down, b2, eps, decay, c, k2 = constants(y)
            v = ema(b2, v, work(g) * work(g))

            def move(g: Any, v: Any, y: Any) -> Any:
                step = work(g) / (k2 * xp.sqrt(v) + eps)
                return step + decay * work(y) if decays else step

            z = z - lr * move(g, v, y)
            g, v, y, z = fence(g, v, y, z)
            # the step of y told by the new z, so that the old one need not be kept
            return finish(c * (z - work(y)) - down * move(g, v, y), y), z, v

        decays = selected(self.mask, params)
        updates, z, nu = tree.map_unzip(3, leaf, decays, grads, state.z, state.nu, params)
        return updates, ScheduleFreeAdamWState(t, rate, highest, total, z, nu)
