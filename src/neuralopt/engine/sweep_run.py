"""Running all runs of a sweep: stacked along a first axis, in chunks of epochs."""

import time
from collections.abc import Callable
from typing import Any

import jax
import numpy as np

from neuralopt.core import tree
from neuralopt.core.results import Status
from neuralopt.engine.compiled import run_sweep
from neuralopt.engine.interrupt import DeferredInterrupt
from neuralopt.engine.loop import Limits, LoopState, evaluation_point, first_state
from neuralopt.engine.noise import Noise, seed_words
from neuralopt.engine.program import Data
from neuralopt.engine.runners import Runner, chunk_capacity, chunk_orders
from neuralopt.engine.trainable import Trainable
from neuralopt.engine.trajectory import SweepPaths
from neuralopt.schedules import settle

_CHUNK_SECONDS = 0.5


def stack_runs(
    noise: Noise | None,
    optimizers: list[Any],
    seeds: tuple[int, ...],
    trainable: Trainable,
    keep_best: bool,
    dtype: Any,
) -> tuple[Any, LoopState]:
    """Return the optimizers with their noise, and the first states, of all runs: seeds within optimizers."""
    starts = [trainable.init(seed) for seed in seeds]
    noises = [noise and noise._replace(words=seed_words(seed)) for seed in seeds]
    runs = [(opt, own, start) for opt in optimizers for own, start in zip(noises, starts, strict=True)]
    states = [first_state(*start, opt, own, keep_best=keep_best) for opt, own, start in runs]
    methods = [tree.map(lambda h: numeric(h, dtype), (opt, own)) for opt, own, _ in runs]
    return _stack(methods), _stack(states)


def _stack(values: list[Any]) -> Any:
    return tree.map(lambda *leaves: np.stack(leaves), *values)


def numeric(value: Any, dtype: Any) -> np.ndarray:
    """Return a hyperparameter as an array: whole numbers count steps and stay whole."""
    array = np.asarray(value)
    return array if array.dtype.kind == "u" else array.astype(np.int32 if array.dtype.kind == "i" else dtype)


def evaluation_points(optimizers: Any, states: LoopState) -> tuple[Any, Any]:
    """Return the last parameters of all runs as they are evaluated, and their statistics."""

    def one(optimizer: Any, state: LoopState) -> tuple[Any, Any]:
        return evaluation_point(settle(optimizer, state.feedback[0]), state.point, state.estimated)

    return jax.vmap(one)(optimizers, states)


class _Group:
    """Runs that advance in one call of the program: all of a sweep, or those of one seed."""

    def __init__(
        self, runner: Runner, methods: Any, states: LoopState, seeds: tuple[int, ...], capacity: int
    ) -> None:
        self._runner, self._seeds, self._capacity = runner, seeds, capacity
        self._methods, self.states = jax.device_put((methods, states))
        rates = len(states.epoch) // len(seeds)
        self._which = np.tile(np.arange(len(seeds), dtype=np.int32), rates)
        self._parts: dict[str, list[tuple[Any, int]]] = {}

    def advance(self, batching: str, shared: tuple[Limits, Data], epoch: int, until: int) -> None:
        """Run epochs, none of them where ``until`` is ``epoch``, and keep their rows; see `wait`."""
        plan, bounds, data = self._runner.plan, *shared
        orders = np.stack([chunk_orders(plan, seed, epoch, until, self._capacity) for seed in self._seeds])
        arguments = self._methods, bounds, self.states, data, orders, self._which, np.int32(until)
        self.states, rows = run_sweep(self._runner.program, batching, *arguments)
        for name, column in rows.items():
            self._parts.setdefault(name, []).append((column, until - epoch))

    def wait(self) -> None:
        """Wait for the device; the host prepares what comes next while it computes."""
        jax.block_until_ready(self.states)

    def history(self, epochs: int) -> dict[str, np.ndarray]:
        """Return the rows so far, NaN up to the last epoch."""
        joined = {
            name: np.concatenate([np.asarray(column)[:, :done] for column, done in columns], axis=1)
            for name, columns in self._parts.items()
        }
        rest = {name: ((0, 0), (0, epochs - c.shape[1])) for name, c in joined.items()}
        return {name: np.pad(c, rest[name], constant_values=np.nan) for name, c in joined.items()}


def run_all(
    runner: Runner,
    methods: Any,
    states: LoopState,
    seeds: tuple[int, ...],
    epochs: int,
    batching: str,
    progress: Callable[[int], bool | None] | None,
    paths: SweepPaths | None = None,
) -> tuple[LoopState, dict[str, np.ndarray], float, float, bool]:
    """Run chunks of epochs of all runs; the first call runs none and so measures compilation.

    Where paths are recorded and runs are made one after the other, every seed is a group of its own:
    then only the first seed's runs halt at every point of their paths, and halting costs. The others
    follow in longer chunks.
    """
    capacity = max(1, chunk_capacity(runner.source.rows) // len(seeds))
    apart = paths is not None and batching == "map"
    parts = [(slice(k, None, len(seeds)), seeds[k : k + 1]) for k in range(len(seeds))]
    groups = []
    for part, own in parts if apart else [(slice(None), seeds)]:
        mine, first = tree.map(lambda a, part=part: a[part], (methods, states))
        groups.append(_Group(runner, mine, first, own, capacity))
    given = Data(runner.source.arrays, runner.validation, runner.plan.weights, runner.plan.shares)
    shared: tuple[Limits, Data] = jax.device_put((runner.method.limits, given))
    begin = time.perf_counter()
    groups[0].advance(batching, shared, 0, 0)
    groups[0].wait()
    compiling, seconds, epoch, size = time.perf_counter() - begin, 0.0, 0, 1
    stopped = False
    if paths is not None:
        paths.take(0, groups[0].states)
    followed, ahead = 0, 0.0  # epochs that the other groups have done, and what they are behind by in seconds
    with DeferredInterrupt() as interrupt:
        while epoch < epochs:
            until = min(epochs, epoch + min(size, capacity), followed + capacity)
            begin = time.perf_counter()
            for at in [epoch] if paths is None else paths.stops(epoch, until):
                groups[0].advance(batching, shared, at, until if paths is None else paths.until(at, until))
                if paths is not None:
                    paths.take(paths.until(at, until), groups[0].states)
            groups[0].wait()
            elapsed = time.perf_counter() - begin
            ahead += elapsed * (len(groups) - 1)
            if ahead >= _CHUNK_SECONDS / 2 or until in (epochs, followed + capacity):
                for group in groups[1:]:
                    group.advance(batching, shared, followed, until)
                for group in groups[1:]:
                    group.wait()
                followed, ahead = until, 0.0
            seconds += time.perf_counter() - begin
            each = elapsed * len(groups) / (until - epoch)
            size = max(1, min(2 * size, int(_CHUNK_SECONDS / max(each, 1e-9))))
            epoch = until
            stopped = (progress is not None and bool(progress(epoch))) or interrupt.requested
            if stopped or all((np.asarray(g.states.status) != Status.RUNNING.code).all() for g in groups):
                break
    if followed < epoch:  # the user ended the sweep while the others were behind
        for group in groups[1:]:
            group.advance(batching, shared, followed, epoch)
    joined = _interleaved([group.history(epochs) for group in groups])
    ended = interrupt.requested or (stopped and epoch < epochs)
    return _interleaved([group.states for group in groups]), joined, seconds, compiling, ended


def _interleaved(parts: list[Any]) -> Any:
    """Return trees of runs, one for each seed, as one: seeds within learning rates."""
    if len(parts) == 1:
        return parts[0]

    def one(*leaves: Any) -> np.ndarray:
        stacked = np.stack([np.asarray(leaf) for leaf in leaves], axis=1)
        return stacked.reshape(-1, *stacked.shape[2:])

    return tree.map(one, *parts)
