"""The compiled loop: whole epochs in one program, nothing on the host inside.

Three programs cover everything: `run_chunk` (data on the device), `run_block`
with `finish_epoch` (data streamed from the host), and `run_sweep` (several runs
of `run_chunk` in one program). Their static argument is a `Program`, a hashable
value, so that runs of equal shapes compile once per process.
"""

import functools
from typing import Any

import jax
import jax.numpy as jnp

from neuralopt.core import tree
from neuralopt.core.results import Status
from neuralopt.engine.closing import close_epoch
from neuralopt.engine.loop import Limits, LoopState, Method, Point, evaluation_point, train_step
from neuralopt.engine.program import Data, Program, drawn, scan_steps, sum_statistics


def _epoch(
    program: Program, method: Method, state: LoopState, data: Data, order: Any
) -> tuple[LoopState, dict[str, Any]]:
    objective, now = program.objective, method.settled(state.feedback)
    steps = data.shares.shape[0]
    first = state.epoch * steps

    def take(rows: Any) -> Any:
        # the order comes from our own permutation, so no index is out of range
        return tree.map(lambda a: a.at[rows].get(mode="promise_in_bounds"), data.rows)

    if program.full:
        noise = drawn(objective, now.noise, first, state.point, data.rows)
        point, loss = train_step(objective, now.optimizer, state.point, data.rows, None, noise)
        losses = loss[None]
    else:
        point, losses = scan_steps(objective, now, state.point, order, data.weights, first, take)
    losses, estimated = objective.merged(losses, data.shares, now.optimizer.guards), ()
    if objective.stateful and now.optimizer.averages:
        whole = tree.map(lambda a: a[None], data.rows)
        batches = (whole, _given) if program.full else (order, take)
        total = sum_statistics(objective, now, point, batches[0], first, batches[1])
        estimated = tree.map(lambda s: s / steps, total)
    return _close(program, method, now, state, point, estimated, losses, data)


def _close(
    program: Program,
    method: Method,
    now: Method,
    state: LoopState,
    point: Point,
    estimated: Any,
    losses: Any,
    data: Data,
) -> tuple[LoopState, dict[str, Any]]:
    kept = evaluation_point(now.optimizer, point, estimated)
    figures = program.figures(kept, data.validation)
    return close_epoch(jnp, method, state, point, kept, losses, data.shares, figures)


def _given(batch: Any) -> Any:
    return batch


def chunk(
    program: Program, method: Method, state: LoopState, data: Data, orders: Any, until: Any
) -> tuple[LoopState, dict[str, Any]]:
    """Run epochs until ``until`` or the end of the run; rows of epochs not run stay NaN.

    The number of epochs is a value, not a shape: a shorter last chunk compiles nothing.
    """
    first = state.epoch
    capacity = orders.shape[0]
    names = program.columns(method, state, data.validation)
    rows = {name: jnp.full((capacity,), jnp.nan, dtype=state.best.dtype) for name in names}

    def going(carry: Any) -> Any:
        current, _ = carry
        return (current.epoch < until) & (current.status == Status.RUNNING.code)

    def one(carry: Any) -> Any:
        current, rows = carry
        slot = current.epoch - first
        order = jax.lax.dynamic_index_in_dim(orders, slot, keepdims=False)
        current, row = _epoch(program, method, current, data, order)
        rows = {k: rows[k].at[slot].set(row[k].astype(rows[k].dtype)) for k in names}
        return current, rows

    return jax.lax.while_loop(going, one, (state, rows))


run_chunk = jax.jit(chunk, static_argnames=("program",), donate_argnames=("state",))


@functools.partial(jax.jit, static_argnames=("program", "batching"), donate_argnames=("states",))
def run_sweep(
    program: Program,
    batching: str,
    methods: Any,
    limits: Limits,
    states: LoopState,
    data: Data,
    orders: Any,
    which: Any,
    until: Any,
) -> tuple[LoopState, dict[str, Any]]:
    """Run the same chunk for several runs in one program.

    Parameters
    ----------
    program : Program
    batching : {"map", "vmap"}
        One run after the other, or all in step.
    methods : (Transform, Noise or None)
        With a leading axis of runs.
    limits : Limits
        Shared by all.
    states : LoopState
        With a leading axis of runs.
    data : Data
        Shared by all.
    orders : int32 array of shape (seeds, epochs, steps, batch_size)
    which : int32 array of shape (runs,)
        The seed of every run.
    until
        As for one run, shared by all.

    Returns
    -------
    states : LoopState
        With a leading axis of runs.
    rows : dict of arrays of shape (runs, epochs)
    """

    def one(method: Any, state: LoopState, seed: Any) -> Any:
        optimizer, noise = method
        return chunk(program, Method(optimizer, limits, noise), state, data, orders[seed], until)

    if batching == "vmap":
        return jax.vmap(one)(methods, states, which)
    return jax.lax.map(lambda run: one(*run), (methods, states, which))


@functools.partial(jax.jit, static_argnames=("program",), donate_argnames=("point",))
def run_block(
    program: Program, method: Method, feedback: Any, point: Point, batches: Any, weights: Any, first: Any
) -> tuple[Point, Any]:
    """Run the steps of one block of batches that the host has gathered, shape (steps, batch_size, ...)."""
    return scan_steps(program.objective, method.settled(feedback), point, batches, weights, first, _given)


@functools.partial(jax.jit, static_argnames=("program",))
def estimate_block(
    program: Program, method: Method, feedback: Any, point: Point, batches: Any, first: Any
) -> Any:
    """Return the sum over a block's batches of the statistics of the parameters to evaluate."""
    return sum_statistics(program.objective, method.settled(feedback), point, batches, first, _given)


@functools.partial(jax.jit, static_argnames=("program",))
def finish_epoch(
    program: Program, method: Method, state: LoopState, point: Point, estimated: Any, losses: Any, data: Data
) -> tuple[LoopState, dict[str, Any]]:
    """Book an epoch whose steps were run block by block."""
    return _close(program, method, method.settled(state.feedback), state, point, estimated, losses, data)


@jax.jit
def evaluation_params(optimizer: Any, params: Any, opt_state: Any) -> Any:
    """Return the parameters to evaluate."""
    return optimizer.evaluation_params(params, opt_state)
