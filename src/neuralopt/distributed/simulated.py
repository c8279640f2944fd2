"""Simulated workers: one process, one compiled program, an axis that is mapped and not sent over."""

import functools
from typing import Any

import jax
import numpy as np

from neuralopt.distributed.exchanges.collectives import AXIS
from neuralopt.distributed.stacking import along_workers
from neuralopt.engine.compiled import chunk
from neuralopt.engine.loop import LoopState, Method
from neuralopt.engine.program import Data, Program


@functools.partial(jax.jit, static_argnames=("program",), donate_argnames=("state",))
def run_simulated(
    program: Program, method: Method, state: LoopState, data: Data, orders: Any, until: Any
) -> tuple[LoopState, dict[str, Any]]:
    """Run a chunk of epochs with all workers in this process; see `neuralopt.engine.compiled.chunk`.

    Parameters
    ----------
    program : Program
        With a `ShardedObjective`.
    method : Method
    state : LoopState
    data : Data
        Its weights have a leading axis of workers.
    orders : int32 array of shape (workers, epochs, steps, share)
    until : int

    Returns
    -------
    state : LoopState
    rows : dict of arrays
    """
    states = along_workers(state, 0, None)
    mapped = jax.vmap(
        functools.partial(chunk, program),
        in_axes=(None, states, Data(None, None, 0, None), 0, None),
        out_axes=(states, None),
        axis_name=AXIS,
    )
    return mapped(method, state, data, orders, np.int32(0) + until)
