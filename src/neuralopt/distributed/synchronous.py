"""One step for all: gradients are exchanged, then every worker takes the same step."""

from typing import Any, NamedTuple

from neuralopt.core import tree
from neuralopt.core.method import method, switch
from neuralopt.distributed.exchanges.base import Exchange, Parts
from neuralopt.distributed.exchanges.collectives import mean
from neuralopt.distributed.exchanges.layout import Layout
from neuralopt.distributed.stacking import stacked
from neuralopt.transforms.base import zero_count
from neuralopt.transforms.wrapper import Wrapper


class SynchronousState(NamedTuple):
    """State of synchronous training; all of it is the same on all workers but for ``own``."""

    count: Any  # (), int32
    learning_rate: Any  # (), the wrapped optimizer's, in force at the last update
    inner: Any  # the wrapped optimizer's
    shared: Any  # what the exchange remembers for all
    own: Any  # what it remembers of each worker, with a leading axis of workers


@method
class Synchronous(Wrapper):
    """Exchange the gradients, then step; to be called under the axis of the workers.

    Attributes
    ----------
    optimizer : Transform
    exchange : Exchange
    workers : int
    """

    optimizer: Any
    exchange: Exchange
    workers: int = switch(2)

    def init(self, params: Any) -> SynchronousState:
        """Return the first state of all workers; see `Transform.init`."""
        inner, parts = self.optimizer.init(params), self.exchange.init(Layout.of(params, self.workers))
        return SynchronousState(
            zero_count(params), inner.learning_rate, inner, parts.shared, stacked(parts.own, self.workers)
        )

    def update(
        self, grads: Any, state: SynchronousState, params: Any, *, value: Any = None, value_fn: Any = None
    ) -> tuple[Any, SynchronousState]:
        """Return the common step; see `Transform.update`."""
        parts = Parts(state.own, state.shared)
        layout = Layout.of(params, self.workers)
        agreed, parts = self.exchange.apply(tree.ravel(grads), parts, layout, state.count)
        # not sent unless a guard reads it: XLA drops what nobody uses
        updates, inner = self.optimizer.update(
            tree.unravel(agreed, grads), state.inner, params, value=mean(value)
        )
        return updates, SynchronousState(state.count + 1, inner.learning_rate, inner, parts.shared, parts.own)
