"""One-bit Adam: the momentum is sent, and by its signs."""

from typing import Any, ClassVar, NamedTuple

import jax
import jax.numpy as jnp

from neuralopt.core.kernels import bias_correction
from neuralopt.core.method import hyper, method, switch
from neuralopt.distributed.exchanges.base import Exchange, Parts, check_warmup
from neuralopt.distributed.exchanges.bits import BIT_BYTES, BLOCK, SCALE_BYTES, pack_scaled, unpack_scaled
from neuralopt.distributed.exchanges.collectives import Collective, all_reduce, mean, two_legs
from neuralopt.distributed.exchanges.layout import Layout
from neuralopt.distributed.exchanges.two_phase import residuals, two_phase

_LEAST = 1e-3


class Moments(NamedTuple):
    """What all workers know of the gradients."""

    mu: Any  # (n,), running mean; after the warm-up divided by the root of nu
    nu: Any  # (n,), running mean of squares; kept as it is after the warm-up


@method
class Momentum1Bit(Exchange):
    r"""Adam with exact gradients at first; then its second moment stays, and signs of the first are sent.

    Warm-up, t <= T: the mean gradient is exchanged as it is, and Adam's direction handed out,

    .. math:: \hat m_t / (\sqrt{\hat v_t} + \epsilon).

    After it every worker moves the common momentum by its own gradient, d being the frozen divisor,

    .. math:: m_{t,k} = \beta_1 m_{t-1} + (1 - \beta_1)\, g_{t,k} / d

    and the mean of these is exchanged as one bit for each entry and the mean magnitude of each block of
    256, with error feedback on both legs; the result is the direction and the next momentum. Goes with
    `SGD` without momentum, whose learning rate is then Adam's. Memory: two numbers per parameter, and
    1 + 1/K per worker.

    Parameters
    ----------
    b1 : 0 <= float < 1, default 0.9
        Decay of the mean of gradients.
    b2 : 0 <= float < 1, default 0.999
        Decay of the mean of their squares.
    eps : float > 0, default 1e-8
        Added to the divisor.
    warmup_steps : int >= 1, default 200
        T. The paper takes 15 to 20 % of the run.

    Notes
    -----
    Differs from the paper: the momentum is divided before it is sent and not after, which is the same
    but for what is quantised: the entries of a block are then of one size, and an entry whose gradients
    were nearly zero in the warm-up is not blown up by its divisor. Divisors are at least a thousandth
    of their root mean square.

    References
    ----------
    Tang et al., 2021, arXiv:2102.02888, algorithm 1.

    Examples
    --------
    >>> layout = Layout(((784, 512),), workers=2)
    >>> Momentum1Bit().bytes_per_step(layout), Momentum1Bit().bytes_per_step(layout, step=0)
    (56448.0, 1605632.0)
    """

    b1: Any = hyper(0.9, low=0, high=1, high_open=True)
    b2: Any = hyper(0.999, low=0, high=1, high_open=True)
    eps: Any = hyper(1e-8, low=0, low_open=True)
    warmup_steps: int = switch(200)

    takes_momentum: ClassVar[bool] = True

    def __post_init__(self) -> None:
        check_warmup(self, low=1)

    def init(self, layout: Layout) -> Parts:
        """Return residuals and moments, zero; see `Exchange.init`."""
        return Parts(residuals(layout, BLOCK), Moments(layout.zeros(), layout.zeros()))

    def apply(self, vector: Any, state: Parts, layout: Layout, step: Any) -> tuple[Any, Parts]:
        """Return Adam's direction; see `Exchange.apply`."""
        b1, b2, eps = (jnp.asarray(h, layout.dtype) for h in (self.b1, self.b2, self.eps))

        def divisor(nu: Any, t: Any) -> Any:
            root = jnp.sqrt(nu / bias_correction(jnp, b2, t.astype(layout.dtype)))
            return root + eps

        def exact(vector: Any, own: Any, moments: Moments) -> Any:
            g, t = mean(vector), step + 1
            mu, nu = b1 * moments.mu + (1 - b1) * g, b2 * moments.nu + (1 - b2) * g * g
            corrected = mu / bias_correction(jnp, b1, t.astype(layout.dtype))
            below = divisor(nu, t)
            floor = jnp.maximum(below, _LEAST * jnp.sqrt(jnp.mean(below * below)))
            # at the end of the warm-up the momentum changes its unit
            mu = jnp.where(t == self.warmup_steps, mu / floor, mu)
            return corrected / below, own, Moments(mu, nu)

        def signs(vector: Any, own: Any, moments: Moments) -> Any:
            below = divisor(moments.nu, jnp.asarray(self.warmup_steps))
            floor = jnp.maximum(below, _LEAST * jnp.sqrt(jnp.mean(below * below)))
            moved = b1 * moments.mu + (1 - b1) * vector / floor

            def unpack(rows: Any) -> Any:
                return unpack_scaled(rows, layout.dtype)

            mu, own = two_phase(moved, own, layout, BLOCK, pack_scaled, unpack)
            return mu, own, Moments(mu, moments.nu)

        agreed, own, moments = jax.lax.cond(
            step < self.warmup_steps, exact, signs, vector, state.own, state.shared
        )
        return agreed, Parts(own, moments)

    @property
    def steady_from(self) -> int:
        """The end of the warm-up; see `Exchange.steady_from`."""
        return self.warmup_steps

    def collectives(self, layout: Layout, step: int | None = None) -> tuple[Collective, ...]:
        """Return an all-reduce in the warm-up, then both legs; see `Exchange.collectives`."""
        if step is not None and step < self.warmup_steps:
            return (all_reduce(layout, layout.size, layout.itemsize),)
        return two_legs(layout, layout.padded(BLOCK) // BLOCK * (BIT_BYTES + SCALE_BYTES), 1)
