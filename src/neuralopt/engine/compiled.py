"""The compiled loop: whole epochs in one program, nothing on the host inside.

Three programs cover everything: `run_chunk` (data on the device), `run_block`
with `finish_epoch` (data streamed from the host), and `run_sweep` (several runs
of `run_chunk` in one program). Their static argument is a `Program`, a hashable
value, so that runs of equal shapes compile once per process.
"""

import dataclasses
import functools
from typing import Any

import jax
import jax.numpy as jnp

from neuralopt.core import tree
from neuralopt.core.results import Status
from neuralopt.engine.loop import Limits, LoopState, close_epoch, train_step
from neuralopt.engine.objective import Objective


@dataclasses.dataclass(frozen=True)
class Program:
    """What distinguishes one compiled program from another, besides shapes.

    Attributes
    ----------
    objective : Objective
    full : bool
        One batch is the whole data: nothing is gathered.
    validate : bool
        Whether held-out data are evaluated after every epoch.
    """

    objective: Objective
    full: bool
    validate: bool

    def columns(self, validation: Any, params: Any) -> tuple[str, ...]:
        """Return the names of the history's columns."""
        figures = jax.eval_shape(self.objective.evaluate, params, validation) if self.validate else {}
        return ("loss", "learning_rate", *figures)


def _steps(
    program: Program, optimizer: Any, params: Any, opt_state: Any, batches: Any, weights: Any, take: Any
) -> Any:
    """Scan over the steps of an epoch or block; ``take`` turns an entry of ``batches`` into a batch."""

    def step(carry: Any, entry: Any) -> Any:
        chosen, row_weights = entry
        params, opt_state = carry
        new_params, new_state, loss = train_step(
            program.objective, optimizer, params, opt_state, take(chosen), row_weights
        )
        return (new_params, new_state), loss

    (params, opt_state), losses = jax.lax.scan(step, (params, opt_state), (batches, weights))
    return params, opt_state, losses


def _evaluate(program: Program, params: Any, validation: Any) -> dict[str, Any]:
    return program.objective.evaluate(params, validation) if program.validate else {}


def _epoch(
    program: Program,
    optimizer: Any,
    limits: Limits,
    state: LoopState,
    data: Any,
    validation: Any,
    order: Any,
    weights: Any,
    shares: Any,
) -> tuple[LoopState, dict[str, Any]]:
    if program.full:
        params, opt_state, loss = train_step(
            program.objective, optimizer, state.params, state.opt_state, data, None
        )
        losses = loss[None]
    else:
        params, opt_state, losses = _steps(
            program,
            optimizer,
            state.params,
            state.opt_state,
            order,
            weights,
            # the order comes from our own permutation, so no index is out of range
            lambda rows: tree.map(lambda a: a.at[rows].get(mode="promise_in_bounds"), data),
        )
    return close_epoch(
        jnp, limits, state, params, opt_state, losses, shares, _evaluate(program, params, validation)
    )


def _chunk(
    program: Program,
    optimizer: Any,
    limits: Limits,
    state: LoopState,
    data: Any,
    validation: Any,
    orders: Any,
    weights: Any,
    shares: Any,
    until: Any,
) -> tuple[LoopState, dict[str, Any]]:
    """Run epochs until ``until`` or the end of the run; rows of epochs not run stay NaN.

    The number of epochs is a value, not a shape: a shorter last chunk compiles nothing.
    """
    first = state.epoch
    capacity = orders.shape[0]
    names = program.columns(validation, state.params)
    rows = {name: jnp.full((capacity,), jnp.nan, dtype=state.best.dtype) for name in names}

    def going(carry: Any) -> Any:
        current, _ = carry
        return (current.epoch < until) & (current.status == Status.RUNNING.code)

    def one(carry: Any) -> Any:
        current, rows = carry
        slot = current.epoch - first
        order = jax.lax.dynamic_index_in_dim(orders, slot, keepdims=False)
        current, row = _epoch(program, optimizer, limits, current, data, validation, order, weights, shares)
        rows = {k: rows[k].at[slot].set(row[k].astype(rows[k].dtype)) for k in names}
        return current, rows

    return jax.lax.while_loop(going, one, (state, rows))


run_chunk = jax.jit(_chunk, static_argnames=("program",), donate_argnames=("state",))


@functools.partial(jax.jit, static_argnames=("program", "batching"), donate_argnames=("states",))
def run_sweep(
    program: Program,
    batching: str,
    optimizers: Any,
    limits: Limits,
    states: LoopState,
    data: Any,
    validation: Any,
    orders: Any,
    which: Any,
    weights: Any,
    shares: Any,
    until: Any,
) -> tuple[LoopState, dict[str, Any]]:
    """Run the same chunk for several runs in one program.

    Parameters
    ----------
    program : Program
    batching : {"map", "vmap"}
        One run after the other, or all in step.
    optimizers, states : tree
        With a leading axis of runs.
    orders : int32 array of shape (seeds, epochs, steps, batch_size)
    which : int32 array of shape (runs,)
        The seed of every run.
    limits, data, validation, weights, shares, until
        As for one run, shared by all.

    Returns
    -------
    states : LoopState
        With a leading axis of runs.
    rows : dict of arrays of shape (runs, epochs)
    """

    def one(optimizer: Any, state: LoopState, seed: Any) -> Any:
        return _chunk(
            program, optimizer, limits, state, data, validation, orders[seed], weights, shares, until
        )

    if batching == "vmap":
        return jax.vmap(one)(optimizers, states, which)
    return jax.lax.map(lambda run: one(*run), (optimizers, states, which))


@functools.partial(jax.jit, static_argnames=("program",), donate_argnames=("params", "opt_state"))
def run_block(
    program: Program, optimizer: Any, params: Any, opt_state: Any, batches: Any, weights: Any
) -> tuple[Any, Any, Any]:
    """Run the steps of one block of batches that the host has gathered, shape (steps, batch_size, ...)."""
    return _steps(program, optimizer, params, opt_state, batches, weights, lambda batch: batch)


@functools.partial(jax.jit, static_argnames=("program",))
def finish_epoch(
    program: Program,
    limits: Limits,
    state: LoopState,
    params: Any,
    opt_state: Any,
    losses: Any,
    shares: Any,
    validation: Any,
) -> tuple[LoopState, dict[str, Any]]:
    """Book an epoch whose steps were run block by block."""
    return close_epoch(
        jnp, limits, state, params, opt_state, losses, shares, _evaluate(program, params, validation)
    )
