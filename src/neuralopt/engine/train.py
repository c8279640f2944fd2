"""``train``: the one loop that every gradient method runs through."""

import dataclasses
import time
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import jax
import numpy as np

from neuralopt import optimizers
from neuralopt.core import tree
from neuralopt.core.errors import InvalidArgument
from neuralopt.core.results import Status
from neuralopt.core.validation import check_count
from neuralopt.engine.adapters import Trainable, adapt
from neuralopt.engine.batches import plan_batches
from neuralopt.engine.callbacks import Callback, EarlyStopping, Report
from neuralopt.engine.checkpoint import Checkpoint, data_digest, fingerprint
from neuralopt.engine.compiled import Program
from neuralopt.engine.data import source
from neuralopt.engine.history import History
from neuralopt.engine.interrupt import DeferredInterrupt
from neuralopt.engine.loop import Limits, LoopState
from neuralopt.engine.precision import check_dtype, precision, use_compilation_cache
from neuralopt.engine.runners import DeviceRunner, NumpyRunner, Runner, StreamRunner
from neuralopt.models import ACTIVATIONS, MLP, Network

_CHUNK_SECONDS = 0.25
_NEVER = np.iinfo(np.int32).max


@dataclasses.dataclass(frozen=True)
class TrainResult:
    """What a run gave.

    Attributes
    ----------
    params : tree of numpy arrays
        The trained parameters: the best epoch's under ``EarlyStopping(restore_best=True)``,
        otherwise the last one's.
    history : History
        One row per epoch.
    status : Status
        Why the run ended; its value is a sentence.
    model : object
        The model with the trained parameters: a `Network` for an MLP, the bound or combined
        module for flax and equinox, the parameters themselves for a plain function.
    epochs : int
        Epochs done.
    best_epoch : int
        The epoch, counted from 1, of the lowest monitored loss; 0 when none was finite.
    seconds, compile_seconds : float
        Wall time of the epochs, and of compiling before them.
    """

    params: Any
    history: History
    status: Status
    model: Any
    epochs: int
    best_epoch: int
    seconds: float
    compile_seconds: float

    def raise_for_status(self) -> None:
        """Raise `TrainingFailed` with the status's sentence unless the run ended well."""
        self.status.raise_for_status()


def train(
    model: Any,
    data: Any,
    *,
    optimizer: Any = "adam",
    loss: Any = "squared_error",
    epochs: int = 100,
    batch_size: int | str | None = None,
    validation: Any = None,
    metrics: Sequence[str] = (),
    params: Any = None,
    seed: int = 0,
    callbacks: Sequence[Callback] = (),
    checkpoint: str | Path | None = None,
    checkpoint_every: float = 10.0,
    resume: bool = False,
    tolerance: float | None = None,
    divergence: float = 1e4,
    dtype: Any = "float32",
    backend: str = "jax",
    device_memory: int | None = None,
) -> TrainResult:
    """Train a model by gradient.

    Parameters
    ----------
    model : MLP, Network, flax module, equinox module or callable
        A callable is a loss, ``loss(params, batch)``, and needs ``params``.
    data : (X, y) or tree of arrays
        X of shape (n, ...), y of shape (n,) or (n, k); for a plain loss any tree whose arrays have
        the same number of rows. NumPy memory maps larger than ``device_memory`` are streamed.
    optimizer : str or Transform, default "adam"
        A registered name, an optimizer, or a `chain`.
    loss : {"squared_error", "cross_entropy", "hinge"}, Loss or callable, default "squared_error"
        A callable ``loss(prediction, y)`` is differentiated by JAX.
    epochs : int >= 1, default 100
        Passes over the data at most.
    batch_size : int >= 1, "full" or None, default None
        None means 32, or the whole data for GD. A short last batch counts with the weight of its
        rows; a custom loss leaves it out, and reshuffling gives its rows a place in other epochs.
    validation : like data, optional
        Held-out data, evaluated after every epoch.
    metrics : sequence of {"accuracy", "r2"}, default ()
        Also evaluated on ``validation``.
    params : tree, optional
        Where to start; by default drawn from ``seed``, or the network's own.
    seed : int >= 0, default 0
        Of the initial parameters and of the order of the rows.
    callbacks : sequence of Callback
        `EarlyStopping`, `Progress`, `JSONLLogger`, your own; called between chunks of epochs.
    checkpoint : path, optional
        File that the run is kept in; written every ``checkpoint_every`` seconds and at the end.
    checkpoint_every : float, default 10
        Seconds.
    resume : bool, default False
        Go on from an existing checkpoint. The result equals that of an uninterrupted run, bit for bit.
    tolerance : float >= 0, optional
        End as CONVERGED when the training loss changes by no more than this in ten epochs running.
    divergence : float > 1, default 1e4
        End as DIVERGED when the training loss exceeds so many times the first batch's (at least 1).
    dtype : {"float32", "float64"}, default "float32"
    backend : {"jax", "numpy"}, default "jax"
        The NumPy loop has the same history and statuses; it takes MLPs with a named loss.
    device_memory : int, optional
        Bytes of data that may lie on the device; by default a quarter of its memory.

    Returns
    -------
    TrainResult

    Raises
    ------
    InvalidArgument, DataError, StorageError
        Before any work begins.

    Examples
    --------
    >>> import numpy as np, neuralopt
    >>> X = np.random.default_rng(0).normal(size=(200, 2)); y = X[:, 0] * X[:, 1]
    >>> result = neuralopt.train(neuralopt.MLP((2, 16, 1)), (X, y), epochs=60, optimizer="adam")
    >>> result.status.name, bool(result.history["loss"][-1] < 0.5 * result.history["loss"][0])
    ('MAX_EPOCHS', True)
    """
    dtype = check_dtype(dtype)
    epochs = check_count("epochs", epochs)
    seed = check_count("seed", seed, low=0)
    if backend not in ("jax", "numpy"):
        raise InvalidArgument(f"backend must be 'jax' or 'numpy', got {backend!r}.")
    use_compilation_cache()
    with precision(dtype):
        opt = optimizers.get(optimizer)
        trainable = adapt(model, params, loss, tuple(metrics), data, dtype)
        if backend == "numpy" and not trainable.numpy:
            raise InvalidArgument("the NumPy loop trains MLPs with a named loss; use backend='jax'.")
        _warn_without_gradient(model)
        runner = make_runner(
            trainable, data, validation, opt, batch_size, seed, dtype, backend, device_memory
        )
        stopping = [c for c in callbacks if isinstance(c, EarlyStopping)]
        runner.limits = limits(stopping, tolerance, divergence, dtype)
        keep_best = any(c.restore_best for c in stopping)
        state = runner.begin(trainable.init(seed), keep_best=keep_best)
        history, keeper = History(), None
        if checkpoint is not None:
            identity = fingerprint(
                model=runner.program.objective,
                optimizer=opt,
                seed=seed,
                batch_size=runner.plan.batch_size,
                dtype=dtype,
                backend=backend,
                data=data_digest(runner.source.arrays),
                early_stopping=stopping,
            )
            keeper = Checkpoint(checkpoint, identity, checkpoint_every, resume)
            if keeper.found:
                state, history = keeper.load(state)
                state = runner.place(state)
        return _run(runner, trainable, state, history, epochs, callbacks, keeper, keep_best)


def limits(
    stopping: Sequence[EarlyStopping], tolerance: float | None, divergence: float, dtype: Any
) -> Limits:
    """Return the limits of a run from its arguments."""
    if len(stopping) > 1:
        raise InvalidArgument(f"a run takes one EarlyStopping, got {len(stopping)}.")
    if tolerance is not None and not (np.isfinite(tolerance) and tolerance >= 0):
        raise InvalidArgument(f"tolerance must be finite and >= 0, got {tolerance!r}.")
    if not divergence > 1:
        raise InvalidArgument(f"divergence must be > 1, got {divergence!r}.")
    return Limits(
        patience=np.int32(stopping[0].patience if stopping else _NEVER),
        min_delta=dtype.type(stopping[0].min_delta if stopping else 0),
        tolerance=dtype.type(-1 if tolerance is None else tolerance),
        divergence=dtype.type(divergence),
    )


def _warn_without_gradient(model: Any) -> None:
    mlp = model.mlp if isinstance(model, Network) else model
    if not isinstance(mlp, MLP):
        return
    for name in (mlp.activation, mlp.output_activation):
        hidden = len(mlp.layer_sizes) > 2 or name == mlp.output_activation
        if hidden and not ACTIVATIONS[name].differentiable:
            warnings.warn(
                f"activation {name!r} has derivative zero: gradient descent leaves all layers below it "
                "as they are. Take a differentiable activation, or train only the layers above.",
                UserWarning,
                stacklevel=3,
            )
            return


def make_runner(
    trainable: Trainable,
    data: Any,
    validation: Any,
    optimizer: Any,
    batch_size: Any,
    seed: int,
    dtype: np.dtype,
    backend: str,
    device_memory: int | None,
) -> Runner:
    """Check and convert the data; choose where they live."""
    on_host = backend == "numpy"
    train_data = source(
        trainable.prepare(data, "data"), dtype, memory=np.iinfo(np.int64).max if on_host else device_memory
    )
    held_out = None
    if validation is not None:
        held_out = source(
            trainable.prepare(validation, "validation"),
            dtype,
            name="validation",
            memory=np.iinfo(np.int64).max,
        ).arrays
    plan = plan_batches(
        train_data.rows,
        batch_size,
        full_batch=getattr(optimizer, "full_batch", False),
        weighted=trainable.objective.weighted,
        dtype=dtype,
    )
    if train_data.streamed and plan.full:
        raise InvalidArgument(
            f"the data ({train_data.rows} rows) are larger than the device's share of memory and cannot be "
            "one batch. Give a batch_size with a mini-batch method, or raise device_memory."
        )
    kind = NumpyRunner if on_host else StreamRunner if train_data.streamed else DeviceRunner
    program = Program(trainable.objective, full=plan.full, validate=validation is not None)
    return kind(program, optimizer, limits((), None, 1e4, dtype), train_data, held_out, plan, seed)


def _run(
    runner: Runner,
    trainable: Trainable,
    state: LoopState,
    history: History,
    epochs: int,
    callbacks: Sequence[Callback],
    keeper: Checkpoint | None,
    keep_best: bool,
) -> TrainResult:
    """Run chunks until the end; between them book, report, keep."""
    status, seconds, stop = Status.RUNNING, 0.0, False
    started: list[Callback] = []
    strides = [c.every for c in callbacks if c.every]
    try:
        for callback in callbacks:
            started.append(callback)
            callback.on_start(epochs, runner.plan.steps)
        state, compile_seconds = runner.compile(state)
        size = 1
        with DeferredInterrupt() as interrupt:
            while int(state.status) == Status.RUNNING.code and int(state.epoch) < epochs:
                before = int(state.epoch)
                until = min([epochs, before + size, *(before - before % s + s for s in strides)])
                begin = time.perf_counter()
                state, rows = runner.advance(state, until)
                done, elapsed = int(state.epoch) - before, time.perf_counter() - begin
                seconds += elapsed
                rows["seconds"] = np.full(done, elapsed / done)
                history.extend(rows)
                size = max(1, min(2 * size, int(_CHUNK_SECONDS * done / max(elapsed, 1e-9))))
                stop = _report(runner, state, history, rows, epochs, done / max(elapsed, 1e-9), callbacks)
                if keeper is not None:
                    keeper.save_if_due(state, history)
                if interrupt.requested or stop:
                    break
        status = Status.from_code(state.status)
        if status is Status.RUNNING:
            ended = int(state.epoch) >= epochs
            status = Status.MAX_EPOCHS if ended else Status.STOPPED if stop else Status.INTERRUPTED
        if keeper is not None:
            keeper.save(state, history)
    finally:
        for callback in started:
            callback.on_end(status)
    best = int(state.best_epoch)
    chosen = state.best_params if keep_best and best else state.params
    params = tree.map(np.asarray, jax.device_get(chosen))
    return TrainResult(
        params, history, status, trainable.rebuild(params), int(state.epoch), best, seconds, compile_seconds
    )


def _report(
    runner: Runner,
    state: LoopState,
    history: History,
    rows: dict[str, np.ndarray],
    epochs: int,
    epochs_per_second: float,
    callbacks: Sequence[Callback],
) -> bool:
    report = Report(
        epoch=int(state.epoch),
        epochs=epochs,
        steps_per_second=epochs_per_second * runner.plan.steps,
        history=history,
        rows=rows,
        params=state.params,
        status=Status.from_code(state.status),
    )
    stop = False
    for callback in callbacks:  # all of them are told, also when one has asked for the end
        stop = bool(callback.on_chunk(report)) or stop
    return stop
