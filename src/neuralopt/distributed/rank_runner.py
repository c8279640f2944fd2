"""Runs chunks of epochs as one of several processes, each with one device."""

from typing import Any

import jax
import numpy as np
from jax.sharding import Mesh, NamedSharding
from jax.sharding import PartitionSpec as P

from neuralopt.core import tree
from neuralopt.distributed.exchanges.collectives import AXIS
from neuralopt.distributed.sharded_run import run_sharded
from neuralopt.distributed.shares import share_orders
from neuralopt.distributed.simulated_runner import SimulatedRunner
from neuralopt.distributed.stacking import along_workers
from neuralopt.engine.loop import LoopState
from neuralopt.engine.program import Data


class RankRunner(SimulatedRunner):
    """Runs chunks with one worker on each device of all processes; the same calls on every process."""

    def _placed(self, data: Data) -> Data:
        self._mesh = Mesh(np.array(jax.devices()), (AXIS,))
        whole, split = self._put(P()), self._put(P(AXIS))
        return Data(whole(data.rows), whole(data.validation), split(data.weights), whole(data.shares))

    def _put(self, spec: P) -> Any:
        """Return what turns a tree of host arrays, the same on every process, into arrays of all."""
        sharding = NamedSharding(self._mesh, spec)

        def one(array: Any) -> Any:
            array = np.asarray(array)
            return jax.make_array_from_callback(array.shape, sharding, lambda index: array[index])

        return lambda found: tree.map(one, found)

    def place(self, state: LoopState) -> LoopState:
        """See `Runner.place`."""
        self._note(state)
        # a buffer of its own for every leaf: the state is donated to the compiled program
        where = along_workers(state, "own", "all")
        put = {"own": self._put(P(AXIS)), "all": self._put(P())}
        state = tree.map(np.array, state)
        return tree.map(lambda place, part: put[place](part), where, state)

    def host(self, state: LoopState) -> LoopState:
        """Return a state in NumPy: what all share, and this process's own with a leading axis of one."""
        where = along_workers(state, "own", "all")

        def local(leaf: Any) -> np.ndarray:
            return np.concatenate([np.asarray(part.data) for part in leaf.addressable_shards])

        def one(place: str, part: Any) -> Any:
            return tree.map(local if place == "own" else np.asarray, part)

        return tree.map(one, where, state)

    def _run(self, state: LoopState, until: int) -> tuple[LoopState, Any]:
        orders = share_orders(
            self.plan, self.seed, int(state.epoch), until, self.capacity, self.strategy.workers
        )
        orders = self._put(P(AXIS))(orders)
        return run_sharded(self._sharded, self._mesh, self.method, state, self._data, orders, np.int32(until))
