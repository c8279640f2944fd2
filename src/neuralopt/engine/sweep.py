"""Learning rates x seeds of one optimizer in one compiled program."""

import time
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import jax
import numpy as np

from neuralopt import optimizers
from neuralopt.core import tree
from neuralopt.core.errors import InvalidArgument
from neuralopt.core.results import Status
from neuralopt.core.validation import check_count
from neuralopt.engine.adapters import adapt
from neuralopt.engine.callbacks import EarlyStopping
from neuralopt.engine.compiled import run_sweep
from neuralopt.engine.interrupt import DeferredInterrupt
from neuralopt.engine.loop import LoopState, evaluation_point, first_state
from neuralopt.engine.noise import seed_words
from neuralopt.engine.precision import check_dtype, precision, use_compilation_cache
from neuralopt.engine.program import Data
from neuralopt.engine.runners import DeviceRunner, Runner, chunk_capacity, chunk_orders
from neuralopt.engine.setup import limits, make_runner, warn_without_gradient
from neuralopt.engine.sweep_result import SweepResult
from neuralopt.schedules import bind, settle

_CHUNK_SECONDS = 0.5


def sweep(
    model: Any,
    data: Any,
    *,
    optimizer: Any = "adam",
    learning_rates: Sequence[float],
    seeds: Sequence[int] = (0,),
    schedule: Callable[[float], Any] | None = None,
    loss: Any = "squared_error",
    epochs: int = 100,
    batch_size: int | str | None = None,
    validation: Any = None,
    metrics: Sequence[str] = (),
    params: Any = None,
    early_stopping: EarlyStopping | None = None,
    divergence: float = 1e4,
    dtype: Any = "float32",
    batching: str | None = None,
    progress: Callable[[int], bool | None] | None = None,
    dropout: Any = None,
) -> SweepResult:
    """Train one model at several learning rates from several seeds, in one compiled program.

    A seed sets the initial parameters and the order of the rows, the same for every learning rate
    and every optimizer, so that comparisons are paired. Each run equals the run that `train` makes.

    Parameters
    ----------
    model : MLP, Network, flax module, equinox module or callable
        As for `train`.
    data : (X, y) or tree of arrays
        As for `train`; they must fit the device.
    optimizer : str or Transform, default "adam"
        Its learning rate is replaced.
    learning_rates : sequence of float > 0
        One after the other, or all in step.
    seeds : sequence of int >= 0, default (0,)
        Different ones.
    schedule : callable, optional
        Turns a learning rate into a schedule, e.g. ``lambda rate: WarmupCosine(rate, 50, 1000)``.
    loss : str, Loss or callable, default "squared_error"
        As for `train`.
    epochs : int >= 1, default 100
        Passes over the data at most.
    batch_size : int >= 1, "full" or None, default None
        As for `train`.
    validation : like data, optional
        Held-out data, evaluated after every epoch.
    metrics : sequence of {"accuracy", "r2"}, default ()
        Also evaluated on ``validation``.
    params : tree, optional
        Where all runs start; by default every seed draws its own.
    early_stopping : EarlyStopping, optional
        For every run by itself. Without it the runs go to the end; where ``validation`` is given
        the best epoch's parameters are returned all the same.
    divergence : float > 1, default 1e4
        As for `train`.
    dtype : {"float32", "float64"}, default "float32"
        Of data and parameters.
    batching : {"map", "vmap"}, optional
        One run after the other, or all in step. By default what is faster: ``map`` on a CPU,
        ``vmap`` elsewhere.
    progress : callable, optional
        Called between chunks with the number of epochs done; returns True to interrupt all runs.
    dropout : 0 <= float < 1, schedule, AdaptiveDropout, or tuple of such, optional
        As for `train`.

    Returns
    -------
    SweepResult
        Histories, statuses and parameters of all runs.

    Raises
    ------
    InvalidArgument, DataError
        Before any work begins.

    Examples
    --------
    >>> import numpy as np, neuralopt
    >>> X = np.random.default_rng(0).normal(size=(64, 2)); y = X[:, 0] * X[:, 1]
    >>> result = neuralopt.sweep(neuralopt.MLP((2, 8, 1)), (X, y), optimizer="sgd",
    ...                          learning_rates=[0.01, 0.1], seeds=[0, 1, 2], epochs=5)
    >>> result.history["loss"].shape
    (2, 3, 5)
    """
    dtype = check_dtype(dtype)
    epochs = check_count("epochs", epochs)
    seeds = tuple(check_count("every seed", s, low=0) for s in seeds)
    rates = _check_rates(learning_rates, seeds)
    if batching not in (None, "map", "vmap"):
        raise InvalidArgument(f"batching must be 'map', 'vmap' or None, got {batching!r}.")
    use_compilation_cache()
    with precision(dtype):
        template = optimizers.get(optimizer)
        trainable = adapt(model, params, loss, tuple(metrics), data, dtype)
        warn_without_gradient(model)
        stopping = () if early_stopping is None else (early_stopping,)
        bounds = limits(stopping, None, divergence, dtype)
        runner = make_runner(
            trainable,
            data,
            validation,
            template,
            bounds,
            batch_size,
            seeds[0],
            dtype,
            "jax",
            None,
            epochs,
            dropout,
        )
        if type(runner) is not DeviceRunner:
            raise InvalidArgument(
                f"a sweep needs its data on the device, got {runner.source.rows} rows that are larger than "
                "its share of memory. Train the runs one by one with train, which streams."
            )
        keep_best = early_stopping.restore_best if early_stopping else validation is not None
        values = [
            bind(
                optimizers.with_learning_rate(template, schedule(float(r)) if schedule else float(r)),
                runner.plan.steps,
                runner.plan.steps * epochs,
            )
            for r in rates
        ]
        noise = runner.method.noise
        noises = [noise and noise._replace(words=seed_words(seed)) for seed in seeds]
        starts = [trainable.init(seed) for seed in seeds]
        runs = [
            (value, noise, start) for value in values for start, noise in zip(starts, noises, strict=True)
        ]
        states = _stack(
            [first_state(*start, value, noise, keep_best=keep_best) for value, noise, start in runs]
        )
        methods = _stack([tree.map(partial(_number, dtype=dtype), (value, noise)) for value, noise, _ in runs])
        batching = batching or ("map" if jax.default_backend() == "cpu" else "vmap")
        states, rows, seconds, compiling, interrupted = _run(
            runner, methods, states, seeds, len(rates), epochs, batching, progress
        )
        shape = (len(rates), len(seeds))
        best = np.asarray(states.best_epoch)
        chosen = jax.device_get(_kept(methods[0], states))
        if keep_best:
            kept = jax.device_get((states.best_params, states.best_statistics))
            chosen = tree.map(
                lambda last, good: np.where(best.reshape(-1, *[1] * (last.ndim - 1)) > 0, good, last),
                chosen,
                kept,
            )
        codes = np.asarray(states.status).reshape(shape)
        return SweepResult(
            learning_rates=rates,
            seeds=seeds,
            history={name: column.reshape(*shape, -1) for name, column in rows.items()},
            status=tuple(tuple(_final(code, interrupted) for code in row) for row in codes),
            best_epoch=best.reshape(shape),
            seconds=seconds,
            compile_seconds=compiling,
            _params=chosen[0],
            _statistics=chosen[1],
            _rebuild=trainable.rebuild,
        )


def _check_rates(learning_rates: Sequence[float], seeds: tuple[int, ...]) -> np.ndarray:
    rates = np.asarray(learning_rates, dtype=np.float64)
    if rates.ndim != 1 or not rates.size or not (np.isfinite(rates) & (rates > 0)).all():
        raise InvalidArgument(
            f"learning_rates must be finite numbers > 0, at least one, got {learning_rates!r}."
        )
    if not seeds or len(set(seeds)) < len(seeds):
        raise InvalidArgument(f"seeds must be different, at least one, got {seeds!r}.")
    return rates


def _stack(values: list[Any]) -> Any:
    return tree.map(lambda *leaves: np.stack(leaves), *values)


def _number(value: Any, dtype: Any) -> np.ndarray:
    """Return a hyperparameter as an array: whole numbers count steps and stay whole."""
    array = np.asarray(value)
    return array if array.dtype.kind == "u" else array.astype(np.int32 if array.dtype.kind == "i" else dtype)


def _kept(opts: Any, states: LoopState) -> tuple[Any, Any]:
    """Return the last parameters of all runs as they are evaluated, and their statistics."""

    def one(optimizer: Any, state: LoopState) -> tuple[Any, Any]:
        return evaluation_point(settle(optimizer, state.feedback[0]), state.point, state.estimated)

    return jax.vmap(one)(opts, states)


def _final(code: int, interrupted: bool) -> Status:
    status = Status.from_code(code)
    if status is Status.RUNNING:
        return Status.INTERRUPTED if interrupted else Status.MAX_EPOCHS
    return status


def _run(
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
            run_sweep(
                runner.program, batching, methods, bounds, states, data, orders, which, np.int32(until)
            )
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
