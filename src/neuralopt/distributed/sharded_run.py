"""One worker on each device: the same chunk, its axis sent over."""

import functools
from typing import Any

import jax
from jax.sharding import Mesh
from jax.sharding import PartitionSpec as P

from neuralopt.core import tree
from neuralopt.distributed.exchanges.collectives import AXIS
from neuralopt.distributed.stacking import along_workers
from neuralopt.engine.compiled import chunk
from neuralopt.engine.loop import LoopState, Method
from neuralopt.engine.program import Data, Program


@functools.partial(jax.jit, static_argnames=("program", "mesh"), donate_argnames=("state",))
def run_sharded(
    program: Program, mesh: Mesh, method: Method, state: LoopState, data: Data, orders: Any, until: Any
) -> tuple[LoopState, dict[str, Any]]:
    """Run a chunk of epochs with one worker on each device; see `run_simulated`.

    Parameters
    ----------
    program : Program
        With a `ShardedObjective`.
    mesh : Mesh
        Of the one axis of workers.
    method, state, data, orders, until
        As for `run_simulated`.

    Returns
    -------
    state : LoopState
    rows : dict of arrays
    """

    def one(method: Method, state: LoopState, data: Data, orders: Any, until: Any) -> Any:
        state = _own(state, lambda a: a[0])
        data = data._replace(weights=tree.map(lambda a: a[0], data.weights))
        state, rows = chunk(program, method, state, data, orders[0], until)
        return _own(state, lambda a: a[None]), rows

    states = along_workers(state, P(AXIS), P())
    specs = (P(), states, Data(P(), P(), P(AXIS), P()), P(AXIS), P())
    # what is replicated is so by construction: every worker computes it from what all have agreed on
    mapped = jax.shard_map(one, mesh=mesh, in_specs=specs, out_specs=(states, P()), check_vma=False)
    return mapped(method, state, data, orders, until)


def _own(state: LoopState, change: Any) -> LoopState:
    opt_state = state.opt_state._replace(own=tree.map(change, state.opt_state.own))
    return state._replace(opt_state=opt_state)
