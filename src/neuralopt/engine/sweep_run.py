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
from neuralopt.engine.loop import LoopState, evaluation_point, first_state
from neuralopt.engine.noise import Noise, seed_words
from neuralopt.engine.program import Data
from neuralopt.engine.runners import Runner, chunk_capacity, chunk_orders
from neuralopt.engine.trainable import Trainable
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
    methods = [tree.map(lambda h: _number(h, dtype), (opt, own)) for opt, own, _ in runs]
    return _stack(methods), _stack(states)


def _stack(values: list[Any]) -> Any:
    return tree.map(lambda *leaves: np.stack(leaves), *values)


def _number(value: Any, dtype: Any) -> np.ndarray:
    """Return a hyperparameter as an array: whole numbers count steps and stay whole."""
    array = np.asarray(value)
    return array if array.dtype.kind == "u" else array.astype(np.int32 if array.dtype.kind == "i" else dtype)


def evaluation_points(optimizers: Any, states: LoopState) -> tuple[Any, Any]:
    """Return the last parameters of all runs as they are evaluated, and their statistics."""

    def one(optimizer: Any, state: LoopState) -> tuple[Any, Any]:
        return evaluation_point(settle(optimizer, state.feedback[0]), state.point, state.estimated)

    return jax.vmap(one)(optimizers, states)


def run_all(
    runner: Runner,
    methods: Any,
    states: LoopState,
    seeds: tuple[int, ...],
    rates: int,
    epochs: int,
    batching: str,
    progress: Callable[[int], bool | None] | None,
) -> tuple[LoopState, dict[str, np.ndarray], float, float, bool]:
    """Run chunks of epochs of all runs; the first call runs none and so measures compilation."""
    plan, capacity = runner.plan, max(1, chunk_capacity(runner.source.rows) // len(seeds))
    which = np.tile(np.arange(len(seeds), dtype=np.int32), rates)
    methods, bounds, data = jax.device_put(
        (
            methods,
            runner.method.limits,
            Data(runner.source.arrays, runner.validation, plan.weights, plan.shares),
        )
    )

    def chunk(states: LoopState, epoch: int, until: int) -> Any:
        orders = np.stack([chunk_orders(plan, seed, epoch, until, capacity) for seed in seeds])
        return jax.block_until_ready(
            run_sweep(runner.program, batching, methods, bounds, states, data, orders, which, np.int32(until))
        )

    begin = time.perf_counter()
    states, _ = chunk(jax.device_put(states), 0, 0)
    compiling, seconds, epoch, size = time.perf_counter() - begin, 0.0, 0, 1
    parts: dict[str, list[np.ndarray]] = {}
    stopped = False
    with DeferredInterrupt() as interrupt:
        while epoch < epochs:
            until = min(epochs, epoch + min(size, capacity))
            begin = time.perf_counter()
            states, rows = chunk(states, epoch, until)
            elapsed = time.perf_counter() - begin
            seconds += elapsed
            for name, column in rows.items():
                parts.setdefault(name, []).append(np.asarray(column)[:, : until - epoch])
            size = max(1, min(2 * size, int(_CHUNK_SECONDS * (until - epoch) / max(elapsed, 1e-9))))
            epoch = until
            stopped = (progress is not None and bool(progress(epoch))) or interrupt.requested
            if stopped or (np.asarray(states.status) != Status.RUNNING.code).all():
                break
    joined = {name: np.concatenate(columns, axis=1) for name, columns in parts.items()}
    if epoch < epochs:
        rest = ((0, 0), (0, epochs - epoch))
        joined = {name: np.pad(c, rest, constant_values=np.nan) for name, c in joined.items()}
    return states, joined, seconds, compiling, interrupt.requested or (stopped and epoch < epochs)
