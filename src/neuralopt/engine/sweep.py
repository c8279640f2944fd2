"""Learning rates x seeds of one optimizer in one compiled program."""

from collections.abc import Callable, Sequence
from typing import Any

import jax
import numpy as np

from neuralopt import optimizers
from neuralopt.core import tree
from neuralopt.core.errors import InvalidArgument
from neuralopt.core.results import Status
from neuralopt.core.scalars import check_count
from neuralopt.engine.adapters import adapt
from neuralopt.engine.callbacks import EarlyStopping
from neuralopt.engine.over_the_run import check_hyperparameters
from neuralopt.engine.precision import check_dtype, precision, use_compilation_cache
from neuralopt.engine.runners import DeviceRunner
from neuralopt.engine.setup import limits, make_runner, warn_without_gradient
from neuralopt.engine.sweep_result import SweepResult
from neuralopt.engine.sweep_run import evaluation_points, run_all, stack_runs
from neuralopt.engine.trajectory import SweepPaths
from neuralopt.schedules import bind, check_monitors


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
    trajectory: int | None = None,
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
    trajectory : int >= 1, optional
        Keep the weights of the first seed's run of every learning rate at so many points of it at most,
        evenly over the epochs, besides its start; see `RecordTrajectory` and `SweepResult.path`. Memory:
        learning rates times points times parameters, 4 bytes each.

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
    if trajectory is not None:
        trajectory = check_count("trajectory", trajectory)
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
        length = runner.plan.steps, runner.plan.steps * epochs
        values = [
            bind(
                optimizers.with_learning_rate(template, schedule(float(r)) if schedule else float(r)), *length
            )
            for r in rates
        ]
        for value in values:
            check_hyperparameters(value, length[1])
            check_monitors(value, runner.program.monitored)
        methods, states = stack_runs(runner.method.noise, values, seeds, trainable, keep_best, dtype)
        batching = batching or ("map" if jax.default_backend() == "cpu" else "vmap")
        paths = (
            None
            if trajectory is None
            else SweepPaths(trajectory, epochs, len(rates), methods[0], template.averages)
        )
        states, rows, seconds, compiling, interrupted = run_all(
            runner, methods, states, seeds, epochs, batching, progress, paths
        )
        shape = (len(rates), len(seeds))
        best = np.asarray(states.best_epoch)
        chosen = jax.device_get(evaluation_points(methods[0], states))
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
            _paths=None if paths is None else paths.arrays(),
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


def _final(code: int, interrupted: bool) -> Status:
    status = Status.from_code(code)
    if status is Status.RUNNING:
        return Status.INTERRUPTED if interrupted else Status.MAX_EPOCHS
    return status
