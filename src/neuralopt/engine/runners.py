"""Three ways to run a chunk of epochs: compiled, compiled over a stream, and in NumPy.

All have one signature, the same history and the same statuses.
"""

import abc
import time
from typing import Any

import jax
import numpy as np

from neuralopt.core import tree
from neuralopt.core.results import Status
from neuralopt.engine.batches import Plan
from neuralopt.engine.compiled import Program, finish_epoch, run_block, run_chunk
from neuralopt.engine.data import Source
from neuralopt.engine.loop import Limits, LoopState, close_epoch, train_step

_CHUNK_ROWS, _CHUNK_EPOCHS = 500_000, 256
_BLOCK_BYTES = 16 * 2**20


def chunk_capacity(rows: int) -> int:
    """Return how many epochs a chunk may have: the orders of all its rows are kept at once."""
    return int(np.clip(_CHUNK_ROWS // rows, 1, _CHUNK_EPOCHS))


def chunk_orders(plan: Plan, seed: int, epoch: int, until: int, capacity: int) -> np.ndarray:
    """Return the orders of epochs ``epoch`` to ``until``, padded to the capacity of a chunk."""
    if plan.full:
        return np.zeros((capacity, 1, 1), np.int32)
    orders = np.zeros((capacity, plan.steps, plan.batch_size), np.int32)
    for k in range(until - epoch):
        orders[k] = plan.order(seed, epoch + k)
    return orders


class Runner(abc.ABC):
    """Runs chunks of epochs.

    Parameters
    ----------
    program : Program
    optimizer : Transform
    limits : Limits
    source : Source
        The training data.
    validation : tree or None
        Held-out data, already converted.
    plan : Plan
    seed : int
        Of the order of the rows.
    """

    def __init__(
        self,
        program: Program,
        optimizer: Any,
        limits: Limits,
        source: Source,
        validation: Any,
        plan: Plan,
        seed: int,
    ) -> None:
        self.program, self.optimizer, self.limits = program, optimizer, limits
        self.source, self.validation, self.plan, self.seed = source, validation, plan, seed
        self.capacity = chunk_capacity(source.rows)

    @abc.abstractmethod
    def place(self, state: LoopState) -> LoopState:
        """Return a state of NumPy arrays, new or from a checkpoint, where the runner wants it."""

    @abc.abstractmethod
    def compile(self, state: LoopState) -> tuple[LoopState, float]:
        """Compile without running an epoch; return the state and the seconds it took."""

    @abc.abstractmethod
    def advance(self, state: LoopState, until: int) -> tuple[LoopState, dict[str, np.ndarray]]:
        """Run epochs up to ``until``, or fewer; return the state and the rows of the epochs run."""


class DeviceRunner(Runner):
    """Data on the device, whole chunks in one call."""

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self._data = jax.device_put(self.source.arrays)
        self._validation = jax.device_put(self.validation)
        self._weights, self._shares = jax.device_put((self.plan.weights, self.plan.shares))

    def place(self, state: LoopState) -> LoopState:
        """See `Runner.place`."""
        # a buffer of its own for every leaf: the state is donated to the compiled program
        return tree.map(jax.numpy.array, state)

    def _run(self, state: LoopState, until: int) -> tuple[LoopState, Any]:
        epoch = int(state.epoch)
        orders = chunk_orders(self.plan, self.seed, epoch, until, self.capacity)
        return run_chunk(
            self.program,
            self.optimizer,
            self.limits,
            state,
            self._data,
            self._validation,
            orders,
            self._weights,
            self._shares,
            np.int32(until),
        )

    def compile(self, state: LoopState) -> tuple[LoopState, float]:
        """See `Runner.compile`."""
        start = time.perf_counter()
        state, _ = jax.block_until_ready(self._run(state, int(state.epoch)))
        return state, time.perf_counter() - start

    def advance(self, state: LoopState, until: int) -> tuple[LoopState, dict[str, np.ndarray]]:
        """See `Runner.advance`."""
        before = int(state.epoch)
        state, rows = self._run(state, min(until, before + self.capacity))
        done = int(state.epoch) - before
        return state, {name: np.asarray(column)[:done] for name, column in rows.items()}


class StreamRunner(DeviceRunner):
    """Data on the host, perhaps on disk; blocks of gathered batches go to the device."""

    def __init__(self, *args: Any) -> None:
        Runner.__init__(self, *args)
        self._validation = jax.device_put(self.validation)
        row = sum(np.prod(a.shape[1:], dtype=int) * 8 for a in tree.leaves(self.source.arrays))
        self._block = int(np.clip(_BLOCK_BYTES // (row * self.plan.batch_size), 1, self.plan.steps))

    def compile(self, state: LoopState) -> tuple[LoopState, float]:
        """See `Runner.compile`; whole blocks and a shorter last one are two programs."""
        start = time.perf_counter()
        for steps in {self._block, self.plan.steps % self._block or self._block}:
            own = self.place(state)  # given away and dropped
            shape = (steps, self.plan.batch_size)
            batches = tree.map(
                lambda a, shape=shape: np.zeros(
                    shape + a.shape[1:], self.source.dtype if a.dtype.kind == "f" else np.int32
                ),
                self.source.arrays,
            )
            weights = None if self.plan.weights is None else self.plan.weights[-steps:]
            jax.block_until_ready(
                run_block(self.program, self.optimizer, own.params, own.opt_state, batches, weights)
            )
        return state, time.perf_counter() - start

    def advance(self, state: LoopState, until: int) -> tuple[LoopState, dict[str, np.ndarray]]:
        """See `Runner.advance`; one epoch at a time."""
        plan, epoch = self.plan, int(state.epoch)
        order = plan.order(self.seed, epoch)
        params, opt_state, losses = state.params, state.opt_state, []
        # the program owns what it is given; the state keeps what it still needs
        state = state._replace(params=(), opt_state=())
        for first in range(0, plan.steps, self._block):
            block = slice(first, first + self._block)
            weights = None if plan.weights is None else plan.weights[block]
            params, opt_state, loss = run_block(
                self.program, self.optimizer, params, opt_state, self.source.gather(order[block]), weights
            )
            losses.append(loss)
        state, row = finish_epoch(
            self.program,
            self.limits,
            state,
            params,
            opt_state,
            jax.numpy.concatenate(losses),
            plan.shares,
            self._validation,
        )
        return state, {name: np.asarray(value)[None] for name, value in row.items()}


class NumpyRunner(Runner):
    """The same loop in plain NumPy: eager, readable, without compilation."""

    def place(self, state: LoopState) -> LoopState:
        """See `Runner.place`."""
        return tree.map(np.asarray, state)

    def compile(self, state: LoopState) -> tuple[LoopState, float]:
        """See `Runner.compile`; there is nothing to compile."""
        return state, 0.0

    def advance(self, state: LoopState, until: int) -> tuple[LoopState, dict[str, np.ndarray]]:
        """See `Runner.advance`."""
        rows: list[dict[str, Any]] = []
        # a diverging run overflows; its status says so
        with np.errstate(all="ignore"):
            while int(state.epoch) < until and int(state.status) == Status.RUNNING.code:
                state, row = self._epoch(state)
                rows.append(row)
        return state, {name: np.stack([row[name] for row in rows]) for name in (rows[0] if rows else ())}

    def _epoch(self, state: LoopState) -> tuple[LoopState, dict[str, Any]]:
        plan, objective = self.plan, self.program.objective
        order = [slice(None)] if plan.full else plan.order(self.seed, int(state.epoch))
        params, opt_state, losses = state.params, state.opt_state, []
        for step, rows in enumerate(order):
            batch = tree.map(lambda a, rows=rows: a[rows], self.source.arrays)
            weights = None if plan.weights is None else plan.weights[step]
            params, opt_state, loss = train_step(objective, self.optimizer, params, opt_state, batch, weights)
            losses.append(loss)
        evaluated = objective.evaluate(params, self.validation) if self.program.validate else {}
        return close_epoch(
            np, self.limits, state, params, opt_state, np.stack(losses), plan.shares, evaluated
        )
