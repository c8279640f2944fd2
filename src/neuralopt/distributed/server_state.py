"""What a parameter server keeps beside the optimizer's state."""

from typing import Any, NamedTuple

import numpy as np

from neuralopt.core.method import method, switch
from neuralopt.distributed.codec import keeps_residual
from neuralopt.distributed.exchanges.base import Exchange, Layout
from neuralopt.transforms.base import zero_count
from neuralopt.transforms.wrapper import Wrapper


class ServedState(NamedTuple):
    """State of a parameter server between two epochs."""

    count: Any  # (), int32, steps taken
    learning_rate: Any  # (), the wrapped optimizer's, in force at the last update
    inner: Any  # the wrapped optimizer's
    applied: Any  # (), int32, batches that the ledgers of all epochs have booked
    own: Any  # (workers, size), what every worker's last message left over; () for an exact exchange


@method
class Served(Wrapper):
    """An optimizer at a parameter server: its checkpoint holds the ledger's place and the residuals.

    Attributes
    ----------
    optimizer : Transform
    exchange : Exchange
    workers : int
    """

    optimizer: Any
    exchange: Exchange
    workers: int = switch(2)

    def init(self, params: Any) -> ServedState:
        """Return the first state; see `Transform.init`."""
        inner, zero = self.optimizer.init(params), zero_count(params)
        layout = Layout.of(params, 1)
        own = np.stack([layout.zeros()] * self.workers) if keeps_residual(self.exchange) else ()
        return ServedState(zero, inner.learning_rate, inner, np.asarray(0, np.int32), own)

    def update(
        self, grads: Any, state: ServedState, params: Any, *, value: Any = None, value_fn: Any = None
    ) -> tuple[Any, ServedState]:
        """Return the wrapped optimizer's step; see `Transform.update`."""
        updates, inner = self.optimizer.update(grads, state.inner, params, value=value)
        return updates, state._replace(count=state.count + 1, learning_rate=inner.learning_rate, inner=inner)
