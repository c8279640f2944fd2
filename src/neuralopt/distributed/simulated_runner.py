"""Runs chunks of epochs with simulated workers."""

import dataclasses
from typing import TYPE_CHECKING, Any

import jax
import numpy as np

from neuralopt.distributed.exchanges.layout import Layout
from neuralopt.distributed.sharded import ShardedObjective
from neuralopt.distributed.shares import share_orders, share_weights
from neuralopt.distributed.simulated import run_simulated
from neuralopt.engine.batches import Plan
from neuralopt.engine.data import Source
from neuralopt.engine.loop import LoopState, Method
from neuralopt.engine.program import Data, Program
from neuralopt.engine.runners import DeviceRunner, Runner

if TYPE_CHECKING:
    from neuralopt.distributed.strategy import Strategy


class SimulatedRunner(DeviceRunner):
    """Runs chunks with simulated workers, and counts what they would send.

    Parameters
    ----------
    strategy : Strategy
    program : Program
    method : Method
    source : Source
    validation : tree or None
    plan : Plan
        Of the batches of all workers together.
    seed : int
    """

    def __init__(
        self,
        strategy: "Strategy",
        program: Program,
        method: Method,
        source: Source,
        validation: Any,
        plan: Plan,
        seed: int,
    ) -> None:
        Runner.__init__(self, program, method, source, validation, plan, seed)
        self.strategy, self.layout = strategy, Layout((), strategy.workers)
        objective = ShardedObjective(program.objective, strategy.workers, plan.batch_size)
        self._sharded = dataclasses.replace(program, objective=objective, full=False)
        self._data = self._placed(
            Data(source.arrays, validation, share_weights(plan, strategy.workers, source.dtype), plan.shares)
        )

    def _placed(self, data: Data) -> Data:
        return jax.device_put(data)

    def place(self, state: LoopState) -> LoopState:
        """See `Runner.place`."""
        self._note(state)
        return super().place(state)

    def _note(self, state: LoopState) -> None:
        self.layout = Layout.of(state.params, self.strategy.workers)

    def _run(self, state: LoopState, until: int) -> tuple[LoopState, Any]:
        orders = share_orders(
            self.plan, self.seed, int(state.epoch), until, self.capacity, self.strategy.workers
        )
        return run_simulated(self._sharded, self.method, state, self._data, orders, np.int32(until))

    def advance(self, state: LoopState, until: int) -> tuple[LoopState, dict[str, np.ndarray]]:
        """See `Runner.advance`; tells what every worker sent as well."""
        first = int(state.epoch)
        state, rows = super().advance(state, until)
        sent = self.strategy.columns(self.layout, self.plan, self.method, first, int(state.epoch))
        return state, rows | sent
