"""Deep gradient compression."""

from typing import Any, ClassVar

import jax
import jax.numpy as jnp

from neuralopt.core.method import hyper, method, switch
from neuralopt.distributed.exchanges.base import Exchange, Parts, check_fraction, check_warmup
from neuralopt.distributed.exchanges.collectives import Collective, all_gather
from neuralopt.distributed.exchanges.layout import Layout
from neuralopt.distributed.exchanges.sparse import ENTRY_BYTES, count, send_largest

_STAGES = 4


@method
class DGC(Exchange):
    r"""Send the largest entries of an accumulated velocity; momentum is corrected for what waits.

    .. math::

        u_{t,k} = m\,u_{t-1,k} + g_{t,k}, \quad v_{t,k} = v_{t-1,k} + u_{t,k}, \quad
        \bar g_t = \tfrac1K \sum_k \mathrm{top}(v_{t,k})

    and both u and v are set to zero where they were sent. The share of entries goes down over the
    warm-up: 1/4, 1/16, 1/64, 1/256, each for a quarter of it, never below ``fraction``. Goes with
    `SGD` without momentum, for the momentum is here. Memory: two numbers per parameter and worker.

    Parameters
    ----------
    fraction : 0 < float <= 1, default 0.001
        Share of the entries that every worker sends after the warm-up.
    momentum : 0 <= float < 1, default 0.9
        The decay m.
    warmup_steps : int >= 0, default 200
        The paper takes four epochs.

    Notes
    -----
    Differs from the paper: the largest entries are exact and not of a sample; they are the largest of
    the whole vector and not of each layer; no local clipping.

    References
    ----------
    Lin, Han, Mao, Wang and Dally, 2018, arXiv:1712.01887, algorithms 2 and 3, section 3.3.

    Examples
    --------
    >>> layout = Layout(((100, 100),), workers=2)
    >>> DGC(0.001).bytes_per_step(layout), DGC(0.001).bytes_per_step(layout, step=0)
    (80.0, 20000.0)
    """

    fraction: float = switch(0.001)
    momentum: Any = hyper(0.9, low=0, high=1, high_open=True)
    warmup_steps: int = switch(200)

    takes_momentum: ClassVar[bool] = True

    def __post_init__(self) -> None:
        check_fraction(self)
        check_warmup(self, low=0)

    def init(self, layout: Layout) -> Parts:
        """Return velocity and what waits, zero; see `Exchange.init`."""
        return Parts((layout.zeros(), layout.zeros()))

    def _counts(self, layout: Layout) -> list[int]:
        stages = [max(self.fraction, 0.25 ** (k + 1)) for k in range(_STAGES)] if self.warmup_steps else []
        return [count(fraction, layout) for fraction in [*stages, self.fraction]]

    def apply(self, vector: Any, state: Parts, layout: Layout, step: Any) -> tuple[Any, Parts]:
        """Return the mean of the largest entries; see `Exchange.apply`."""
        velocity, waiting = state.own
        velocity = jnp.asarray(self.momentum, layout.dtype) * velocity + vector
        waiting = waiting + velocity

        def send(entries: int) -> Any:
            def branch(velocity: Any, waiting: Any) -> Any:
                agreed, places, values = send_largest(waiting, entries, layout)
                return agreed, velocity.at[places].set(0), waiting.at[places].add(-values)

            return branch

        counts = self._counts(layout)
        if len(counts) == 1:
            agreed, velocity, waiting = send(counts[0])(velocity, waiting)
        else:
            stage = jnp.minimum(step * _STAGES // self.warmup_steps, _STAGES)
            agreed, velocity, waiting = jax.lax.switch(stage, [send(n) for n in counts], velocity, waiting)
        return agreed, Parts((velocity, waiting))

    @property
    def steady_from(self) -> int:
        """The end of the warm-up; see `Exchange.steady_from`."""
        return self.warmup_steps

    def collectives(self, layout: Layout, step: int | None = None) -> tuple[Collective, ...]:
        """Return one all-gather; see `Exchange.collectives`."""
        counts, last = self._counts(layout), len(self._counts(layout)) - 1
        stage = last if step is None or not last else min(step * _STAGES // self.warmup_steps, _STAGES)
        return (all_gather(layout, counts[stage], ENTRY_BYTES),)
