"""Three ways to run a chunk of epochs: compiled, compiled over a stream, and in NumPy.

All have one signature, the same history and the same statuses.
"""

import abc
import time
from typing import Any, Self

import jax
import numpy as np

from neuralopt.core import tree
from neuralopt.core.results import Status
from neuralopt.engine.batches import Plan
from neuralopt.engine.closing import close_epoch
from neuralopt.engine.compiled import estimate_block, evaluation_params, finish_epoch, run_block, run_chunk
from neuralopt.engine.data import Source
from neuralopt.engine.loop import LoopState, Method, evaluation_point, train_step
from neuralopt.engine.mappings import make_room
from neuralopt.engine.noise import Noise, draw_eagerly
from neuralopt.engine.program import Data, Program

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
    method : Method
        With its units bound.
    source : Source
        The training data.
    validation : tree or None
        Held-out data, already converted.
    plan : Plan
    seed : int
        Of the order of the rows.
    """

    def __init__(
        self, program: Program, method: Method, source: Source, validation: Any, plan: Plan, seed: int
    ) -> None:
        make_room()
        self.program, self.method = program, method
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

    def __enter__(self) -> Self:
        return self

    # a runner that starts processes ends them here
    def __exit__(self, *error: object) -> None:
        return None

    def kept(self, state: LoopState) -> tuple[Any, Any]:
        """Return the parameters of the last epoch as they are evaluated, and their statistics."""
        optimizer = self.method.settled(state.feedback).optimizer
        return evaluation_point(optimizer, state.point, state.estimated)


class DeviceRunner(Runner):
    """Data on the device, whole chunks in one call."""

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self._data = jax.device_put(
            Data(self.source.arrays, self.validation, self.plan.weights, self.plan.shares)
        )

    def place(self, state: LoopState) -> LoopState:
        """See `Runner.place`."""
        # a buffer of its own for every leaf: the state is donated to the compiled program
        return tree.map(jax.numpy.array, state)

    def kept(self, state: LoopState) -> tuple[Any, Any]:
        """See `Runner.kept`; compiled."""
        optimizer = self.method.settled(state.feedback).optimizer
        if not optimizer.averages:
            return super().kept(state)
        return evaluation_params(optimizer, state.params, state.opt_state), state.estimated

    def _run(self, state: LoopState, until: int) -> tuple[LoopState, Any]:
        orders = chunk_orders(self.plan, self.seed, int(state.epoch), until, self.capacity)
        return run_chunk(self.program, self.method, state, self._data, orders, np.int32(until))

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
        self._data = Data(None, jax.device_put(self.validation), None, self.plan.shares)
        row = sum(np.prod(a.shape[1:], dtype=int) * 8 for a in tree.leaves(self.source.arrays))
        self._block = int(np.clip(_BLOCK_BYTES // (row * self.plan.batch_size), 1, self.plan.steps))
        self._estimates = self.program.objective.stateful and self.method.optimizer.averages

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
            zero, method = np.int32(0), self.method
            point, _ = run_block(self.program, method, own.feedback, own.point, batches, weights, zero)
            if self._estimates:
                estimate_block(self.program, method, own.feedback, point, batches, zero)
            jax.block_until_ready(point)
        return state, time.perf_counter() - start

    def advance(self, state: LoopState, until: int) -> tuple[LoopState, dict[str, np.ndarray]]:
        """See `Runner.advance`; one epoch at a time."""
        plan, epoch, program, method = self.plan, int(state.epoch), self.program, self.method
        order = plan.order(self.seed, epoch)
        point, losses, estimated, feedback = state.point, [], (), state.feedback
        # the program owns what it is given; the state keeps what it still needs
        state = state._replace(params=(), opt_state=(), statistics=())
        blocks = [slice(first, first + self._block) for first in range(0, plan.steps, self._block)]
        numbers = [np.int32(epoch * plan.steps + block.start) for block in blocks]
        for block, first in zip(blocks, numbers, strict=True):
            weights = None if plan.weights is None else plan.weights[block]
            gathered = self.source.gather(order[block])
            point, loss = run_block(program, method, feedback, point, gathered, weights, first)
            losses.append(loss)
        if self._estimates:
            sums = [
                estimate_block(program, method, feedback, point, self.source.gather(order[block]), first)
                for block, first in zip(blocks, numbers, strict=True)
            ]
            estimated = tree.map(lambda *parts: sum(parts) / plan.steps, *sums)
        state, row = finish_epoch(
            program, method, state, point, estimated, jax.numpy.concatenate(losses), self._data
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
        plan, objective, epoch = self.plan, self.program.objective, int(state.epoch)
        order = [slice(None)] if plan.full else plan.order(self.seed, epoch)
        now, point, losses = self.method.settled(state.feedback), state.point, []
        for step, rows in enumerate(order):
            batch = tree.map(lambda a, rows=rows: a[rows], self.source.arrays)
            weights = None if plan.weights is None else plan.weights[step]
            noise = self._noise(now.noise, epoch * plan.steps + step)
            point, loss = train_step(objective, now.optimizer, point, batch, weights, noise)
            losses.append(loss)
        kept = evaluation_point(now.optimizer, point, ())
        figures = self.program.figures(kept, self.validation)
        return close_epoch(np, self.method, state, point, kept, np.stack(losses), plan.shares, figures)

    def _noise(self, noise: Noise | None, step: int) -> Any:
        if noise is None:
            return ()
        units, rows = self.program.objective.units, self.plan.batch_size
        masks = draw_eagerly(noise, units, np.int32(step), rows, np.dtype(self.source.dtype))
        return tree.map(np.asarray, masks)
