"""``train``: the one loop that every gradient method runs through."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from neuralopt import optimizers
from neuralopt.core import tree
from neuralopt.core.errors import InvalidArgument
from neuralopt.core.scalars import check_count
from neuralopt.core.validation import check_resume
from neuralopt.engine.adapters import adapt
from neuralopt.engine.callbacks import Callback, EarlyStopping, check_callbacks
from neuralopt.engine.checkpoint import LoopCheckpoint
from neuralopt.engine.distribution import Distribution, check_distribution
from neuralopt.engine.history import History
from neuralopt.engine.identity import data_digest, fingerprint
from neuralopt.engine.loop import first_state
from neuralopt.engine.precision import check_dtype, precision, use_compilation_cache
from neuralopt.engine.result import TrainResult
from neuralopt.engine.run import run
from neuralopt.engine.setup import limits, make_runner, warn_without_gradient
from neuralopt.schedules import OfRun
from neuralopt.storage import Checkpoint, Slot


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
    checkpoint: str | Path | Slot | None = None,
    checkpoint_every: float = 10.0,
    checkpoint_keep: int = 2,
    resume: bool = False,
    tolerance: float | None = None,
    divergence: float = 1e4,
    dtype: Any = "float32",
    backend: str = "jax",
    device_memory: int | None = None,
    dropout: Any = None,
    distribute: Distribution | None = None,
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
        `EarlyStopping`, `Progress`, `CSVLogger`, `JSONLLogger`, `TensorBoardLogger`, `MLflowLogger`, your
        own; called between chunks of epochs.
    checkpoint : path, optional
        File that the run is kept in; written every ``checkpoint_every`` seconds and at the end.
    checkpoint_every : float, default 10
        Seconds.
    checkpoint_keep : int >= 1, default 2
        Files that are kept: the newest, and those before it as ``run.ckpt.1``, ``run.ckpt.2``, ...
    resume : bool, default False
        Go on from an existing checkpoint. The result equals that of an uninterrupted run, bit for bit, on
        the same machine with the same versions and the same NPROC.
    tolerance : float >= 0, optional
        End as CONVERGED when the training loss changes by no more than this in ten epochs running.
    divergence : float > 1, default 1e4
        End as DIVERGED when the training loss exceeds so many times the first batch's (at least 1).
    dtype : {"float32", "float64"}, default "float32"
    backend : {"jax", "numpy"}, default "jax"
        The NumPy loop has the same history and statuses; it takes MLPs with a named loss.
    device_memory : int, optional
        Bytes of data that may lie on the device; by default a quarter of its memory.
    dropout : 0 <= float < 1, schedule, AdaptiveDropout, or tuple of such, optional
        Share of the hidden activations of an MLP that each training step drops; the others are
        divided by 1 - rate. A tuple has one for each hidden layer. Evaluation drops nothing. The
        masks follow from ``seed`` and the step. Flax and equinox modules have layers of their own.
    distribute : DataParallel, LocalSGD, DiLoCo or ParameterServer, optional
        Several workers, each with its share of every batch; see `neuralopt.distributed`.

    Returns
    -------
    TrainResult
        Parameters, history, status and the trained model.

    Raises
    ------
    InvalidArgument, DataError, StorageError
        Before any work begins.

    Examples
    --------
    >>> import numpy as np, neuralopt
    >>> X = np.random.default_rng(0).normal(size=(200, 2)); y = X[:, 0] * X[:, 1]
    >>> result = neuralopt.train(neuralopt.MLP((2, 16, 1)), (X, y), epochs=60,
    ...                          optimizer=neuralopt.optimizers.Adam(0.02))
    >>> result.status.name, bool(result.history["loss"][-1] < 0.5 * result.history["loss"][0])
    ('MAX_EPOCHS', True)
    """
    dtype = check_dtype(dtype)
    epochs = check_count("epochs", epochs)
    seed = check_count("seed", seed, low=0)
    if backend not in ("jax", "numpy"):
        raise InvalidArgument(f"backend must be 'jax' or 'numpy', got {backend!r}.")
    check_resume(checkpoint, resume)
    if distribute is not None:
        check_distribution(distribute, backend)
    check_callbacks(callbacks)
    use_compilation_cache()
    with precision(dtype):
        template = optimizers.get(optimizer)
        trainable = adapt(model, params, loss, tuple(metrics), data, dtype)
        if backend == "numpy" and not trainable.numpy:
            raise InvalidArgument("the NumPy loop trains MLPs with a named loss; use backend='jax'.")
        warn_without_gradient(model)
        stopping = [c for c in callbacks if isinstance(c, EarlyStopping)]
        bounds = limits(stopping, tolerance, divergence, dtype)
        runner = make_runner(
            trainable,
            data,
            validation,
            template,
            bounds,
            batch_size,
            seed,
            dtype,
            backend,
            device_memory,
            epochs,
            dropout,
            distribute,
        )
        opt, noise = runner.method.optimizer, runner.method.noise
        keep_best = any(c.restore_best for c in stopping)
        start, statistics = trainable.init(seed)
        state, history = first_state(start, statistics, opt, noise, keep_best=keep_best), History()
        keeper = None
        if checkpoint is not None:
            slot = checkpoint
            if not isinstance(slot, Slot):
                parts = tree.leaves((template, dropout), is_leaf=_is_fraction)
                fractions = any(_is_fraction(part) for part in parts)
                identity = fingerprint(
                    model=runner.program.objective,
                    **({"epochs (an OfRun schedule depends on them)": epochs} if fractions else {}),
                    optimizer=opt,
                    seed=seed,
                    batch_size=runner.plan.batch_size,
                    dtype=dtype,
                    backend=backend,
                    early_stopping=stopping,
                    tolerance=tolerance,
                    divergence=divergence,
                    params=data_digest((start, statistics)),
                    data=data_digest(runner.source.arrays),
                    validation=data_digest(runner.validation),
                    **({} if noise is None or dropout is None else {"dropout": noise.rates}),
                    **({} if distribute is None else {"distribute": distribute.identity}),
                )
                slot = Checkpoint(
                    slot,
                    "train",
                    identity,
                    every=checkpoint_every,
                    keep=checkpoint_keep,
                    resume=resume,
                    facts={"workers": str(getattr(distribute, "workers", 1))},
                )
            keeper = LoopCheckpoint(slot)
            if keeper.found:
                state, history = keeper.load(state)
        with runner:
            return run(runner, trainable, runner.place(state), history, epochs, callbacks, keeper, keep_best)


def _is_fraction(part: Any) -> bool:
    return isinstance(part, OfRun)
