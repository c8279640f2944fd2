"""RAdam."""

import math
from typing import Any, ClassVar

from neuralopt.core import tree
from neuralopt.core.method import hyper, method, switch
from neuralopt.optimizers.adam import AdamState
from neuralopt.optimizers.base import Optimizer, eps_hyper, finish, moment_scalars, moments, per_dtype, work
from neuralopt.optimizers.conventions import check_parts, part
from neuralopt.optimizers.registry import register

_TORCH = {"threshold": 5.0}
# x cosh x - sinh x = sum of these times x^(2k+1); ten terms are exact in float64 for x <= 1
_SERIES = [2 * k / math.factorial(2 * k + 1) for k in range(1, 11)]


@register
@method
class RAdam(Optimizer):
    r"""Rectified Adam: Adam's first steps shortened where its second moment is still uncertain.

    .. math::
        \rho_\infty &= \frac{2}{1-\beta_2} - 1, \qquad
        \rho_t = \rho_\infty - \frac{2 t \beta_2^t}{1 - \beta_2^t} \\
        r_t &= \sqrt{\frac{(\rho_t-4)(\rho_t-2)\rho_\infty}{(\rho_\infty-4)(\rho_\infty-2)\rho_t}} \\
        w_t &= w_{t-1} - \eta_t \begin{cases}
            r_t\, \hat m_t \big/ \big((\sqrt{v_t} + \epsilon)/\sqrt{1-\beta_2^t}\big)
            & \rho_t > \text{threshold} \\ \hat m_t & \text{otherwise} \end{cases}

    Parameters
    ----------
    learning_rate : float >= 0 or schedule, default 1e-3
        Step size.
    b1, b2, eps : float or schedule
        Laws and defaults as in `Adam`.
    threshold : float >= 4, optional
        The :math:`\rho_t` above which steps are rectified, by default 5: from step 6 on with the
        usual ``b2``. With 4 it is step 5.
    convention : {"torch", "optax", "paper", "official"}, optional
        ``"torch"`` is the default, as written above. ``"optax"`` adds eps after the bias correction.
        ``"paper"`` is optax's with threshold 4. ``"official"`` is the authors' code: torch's, but
        nothing moves before the threshold is passed.

    Notes
    -----
    Memory: two numbers per parameter. The steps before the threshold are momentum steps, in the
    unit of the gradient and not of the learning rate.

    References
    ----------
    Liu, Jiang, He, Chen, Liu, Gao and Han, 2020, arXiv:1908.03265, algorithm 2.

    Examples
    --------
    >>> import numpy as np
    >>> opt, params = RAdam(0.1), [np.array([1.0])]
    >>> opt.update([np.array([2.0])], opt.init(params), params)[0][0].round(6)
    array([-0.2])
    """

    learning_rate: Any = hyper(1e-3, low=0)
    b1: Any = hyper(0.9, low=0, high=1, high_open=True)
    b2: Any = hyper(0.999, low=0, high=1, high_open=True)
    eps: Any = eps_hyper(1e-8)
    threshold: Any = hyper(None, low=4, cure="At and below 4 the variance that is rectified does not exist.")
    convention: str | None = switch(None, None, "torch", "optax", "paper", "official")

    learning_rate_range: ClassVar[tuple[float, float]] = (3e-4, 1e-1)
    conventions: ClassVar[dict[str | None, dict[str, Any]]] = {
        None: _TORCH,
        "torch": _TORCH,
        "optax": _TORCH,
        "paper": {"threshold": 4.0},
        "official": _TORCH,
    }

    def __post_init__(self) -> None:
        check_parts(self)

    def init(self, params: Any) -> AdamState:
        """Return the first state, both moments zero; see `Transform.init`."""
        return AdamState(*self._first(params), tree.zeros_like(params), tree.zeros_like(params))

    def update(
        self, grads: Any, state: AdamState, params: Any, *, value: Any = None, value_fn: Any = None
    ) -> tuple[Any, AdamState]:
        """Return the step; see `Transform.update`."""
        t, rate = self._begin(grads, state, params)
        eps_hat = self.convention not in ("optax", "paper")
        common = moment_scalars(self, rate, state.count, part(self, "threshold"), t, eps_hat=eps_hat)

        @per_dtype
        def constants(like: Any) -> tuple[Any, ...]:
            xp, down, b1, b2, eps, k1, k2, threshold, t = common(like)
            rectified, factor = _rectification(xp, b2, t, threshold)
            early = xp.zeros_like(down) if self.convention == "official" else down
            return xp, down * factor * k1, early * k1, rectified, b1, b2, eps, k2

        def leaf(g: Any, m: Any, v: Any, p: Any) -> tuple[Any, Any, Any]:
            xp, down, early, rectified, b1, b2, eps, k2 = constants(p)
            m, v = moments(work(g), m, v, b1, b2)
            step = xp.where(rectified, down * m / (k2 * xp.sqrt(v) + eps), early * m)
            return finish(step, p), m, v

        updates, mu, nu = tree.map_unzip(3, leaf, grads, state.mu, state.nu, params)
        return updates, AdamState(t, rate, mu, nu)


def _rectification(xp: Any, b2: Any, t: Any, threshold: Any) -> tuple[Any, Any]:
    """Return whether a step is rectified, and by which factor (1 where it is not)."""
    rho_inf, rho = 2 / (1 - b2) - 1, _length(xp, b2, t)
    rectified = rho > threshold
    # any values above 4 keep roots of negative numbers out of the branch that is not taken
    rho, rho_inf = (xp.where(rectified, x, xp.full_like(x, 5.0)) for x in (rho, rho_inf))
    return rectified, xp.sqrt((rho - 4) * (rho - 2) * rho_inf / ((rho_inf - 4) * (rho_inf - 2) * rho))


def _length(xp: Any, b2: Any, t: Any) -> Any:
    r"""Return rho_t, the length of the simple moving average that approximates the second moment.

    While :math:`t` is small the formula is a difference of two large numbers. With
    :math:`e = -\log \beta_2` and :math:`h(x) = x \coth x - 1` it is
    :math:`t - (2/e)(h(te/2) - h(e/2))`, which loses no digits.
    """
    e = -xp.log(xp.maximum(b2, xp.full_like(b2, 1e-30)))
    one = xp.ones_like(e)

    def h(x: Any) -> Any:
        x = xp.minimum(x, one)
        square, total = x * x, xp.zeros_like(x)
        for coefficient in reversed(_SERIES):
            total = (total + coefficient) * square
        return x * total / xp.sinh(x)

    small = t - 2 / e * (h(t * e / 2) - h(e / 2))
    large = 2 / (1 - b2) - 1 - 2 * t / xp.expm1(xp.minimum(t * e, 80 * one))
    return xp.where(t * e < 2, small, large)
