"""An objective of which every worker sees its share of each batch."""

import dataclasses
from typing import Any

import jax
import jax.numpy as jnp

from neuralopt.distributed.exchanges.collectives import AXIS, mean
from neuralopt.engine.objective import Objective


@dataclasses.dataclass(frozen=True)
class ShardedObjective(Objective):
    """An objective under the axis of the workers: gradients are one worker's, losses are all workers'.

    Attributes
    ----------
    inner : Objective
    workers : int
    batch_size : int
        Rows of a batch of all workers together.
    """

    inner: Objective
    workers: int
    batch_size: int

    @property
    def weighted(self) -> bool:  # type: ignore[override]  # an attribute in the base
        """See `Objective`."""
        return self.inner.weighted

    @property
    def metrics(self) -> tuple[str, ...]:  # type: ignore[override]  # an attribute in the base
        """See `Objective`."""
        return self.inner.metrics

    @property
    def noisy(self) -> bool:  # type: ignore[override]  # an attribute in the base
        """See `Objective`."""
        return self.inner.noisy

    @property
    def units(self) -> tuple[int, ...] | None:  # type: ignore[override]  # an attribute in the base
        """See `Objective`."""
        return self.inner.units

    def value_and_grad(
        self, params: Any, statistics: Any, batch: Any, weights: Any, noise: Any
    ) -> tuple[tuple[Any, Any], Any]:
        """Return this worker's loss and gradient; see `Objective.value_and_grad`."""
        return self.inner.value_and_grad(params, statistics, batch, weights, self._own(noise))

    def value(self, params: Any, statistics: Any, batch: Any, weights: Any, noise: Any) -> Any:
        """Return this worker's loss; see `Objective.value`."""
        return self.inner.value(params, statistics, batch, weights, self._own(noise))

    def evaluate(self, params: Any, statistics: Any, data: Any) -> dict[str, Any]:
        """Return the figures on held-out data; see `Objective.evaluate`."""
        return self.inner.evaluate(params, statistics, data)

    def drawn_rows(self, rows: int) -> int:
        """Return the rows of the whole batch: its masks are those of one big batch; see `Objective`."""
        return self.batch_size

    def merged(self, losses: Any, shares: Any, each: bool) -> Any:
        """Return the means over the workers; see `Objective.merged`."""
        if each or losses.shape[0] < 3:
            return mean(losses)
        # two numbers are sent: the first loss, and the mean of the others, which stands for each of them
        rest = jnp.sum(losses[1:] * shares[1:]) / jnp.sum(shares[1:])
        first, rest = mean(jnp.stack([losses[0], rest]))
        return jnp.full_like(losses, rest).at[0].set(first)

    def _own(self, noise: Any) -> Any:
        """Return this worker's rows of the masks, or a key of its own."""
        worker = jax.lax.axis_index(AXIS) if self.noisy or noise else 0
        if not isinstance(noise, tuple):
            return jax.random.fold_in(noise, worker)

        def rows(mask: Any) -> Any:
            size = -(-self.batch_size // self.workers)
            # the last share is filled up; such rows have no weight
            filled = jnp.pad(mask, [(0, size * self.workers - self.batch_size), *[(0, 0)] * (mask.ndim - 1)])
            return jax.lax.dynamic_slice_in_dim(filled, worker * size, size)

        return tuple(map(rows, noise))
