"""Many steps alone, then one exchange of what has been learnt."""

from typing import Any, ClassVar, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from neuralopt.core import tree
from neuralopt.core.method import method, switch, value_at
from neuralopt.distributed.exchanges.base import Exchange, Parts
from neuralopt.distributed.exchanges.layout import Layout
from neuralopt.distributed.stacking import stacked
from neuralopt.transforms.base import Transform


class Alone(NamedTuple):
    """What a worker has for itself."""

    params: Any  # where it is
    inner: Any  # its optimizer's state
    exchange: Any  # what the exchange remembers of it


class LocalState(NamedTuple):
    """State of local training; all of it is the same on all workers but for ``own``."""

    count: Any  # (), int32, steps of each worker
    learning_rate: Any  # (), of the inner optimizer, as it is scheduled
    rounds: Any  # (), int32, exchanges done
    outer: Any  # the outer optimizer's
    shared: Any  # what the exchange remembers for all
    own: Any  # an `Alone`, with a leading axis of workers


@method
class Local(Transform):
    """Step alone; every so often exchange the way gone, which the outer optimizer takes for a gradient.

    Attributes
    ----------
    optimizer, outer : Transform
    exchange : Exchange
    total : int
        The last step of the run, after which there is always an exchange.
    period : int
        Steps between two exchanges.
    workers : int
    """

    optimizer: Any
    outer: Any
    exchange: Exchange
    total: Any
    period: int = switch(16)
    workers: int = switch(2)

    stage: ClassVar[str] = "optimizer"

    @property
    def learning_rate(self) -> Any:
        """The inner optimizer's."""
        return self.optimizer.learning_rate

    def gradient_params(self, params: Any, state: LocalState) -> Any:
        """Return where the worker is; see `Transform.gradient_params`."""
        return state.own.params

    def init(self, params: Any) -> LocalState:
        """Return the first state of all workers; see `Transform.init`."""
        inner, parts = self.optimizer.init(params), self.exchange.init(Layout.of(params, self.workers))
        zero = np.asarray(0, np.int32)
        own = stacked(Alone(params, inner, parts.own), self.workers)
        return LocalState(zero, inner.learning_rate, zero, self.outer.init(params), parts.shared, own)

    def update(
        self, grads: Any, state: LocalState, params: Any, *, value: Any = None, value_fn: Any = None
    ) -> tuple[Any, LocalState]:
        """Return the common step, nothing between exchanges; see `Transform.update`."""
        alone = state.own
        updates, inner = self.optimizer.update(grads, alone.inner, alone.params, value=value)
        here, count = tree.apply_updates(alone.params, updates), state.count + 1
        layout = Layout.of(params, self.workers)

        def exchange(here: Any, own: Any) -> Any:
            way = tree.ravel(params) - tree.ravel(here)
            agreed, parts = self.exchange.apply(way, Parts(own, state.shared), layout, state.rounds)
            step, outer = self.outer.update(tree.unravel(agreed, params), state.outer, params)
            return step, tree.apply_updates(params, step), outer, parts.shared, parts.own

        def go_on(here: Any, own: Any) -> Any:
            # minus zero changes no bit of any parameter
            still = tree.map(lambda p: jnp.full_like(p, -0.0), params)
            return still, here, state.outer, state.shared, own

        due = (count % self.period == 0) | (count == self.total)
        step, here, outer, shared, own = jax.lax.cond(due, exchange, go_on, here, alone.exchange)
        rate = jnp.asarray(value_at(self.learning_rate, state.count), state.learning_rate.dtype)
        rounds = state.rounds + due.astype(jnp.int32)
        return step, LocalState(count, rate, rounds, outer, shared, Alone(here, inner, own))
