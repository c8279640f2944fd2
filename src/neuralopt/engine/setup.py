"""From the arguments of a run to a runner: checked, converted, placed."""

import warnings
from collections.abc import Sequence
from typing import Any

import jax
import numpy as np

from neuralopt.core import tree
from neuralopt.core.errors import InvalidArgument
from neuralopt.engine.attempt import attempt
from neuralopt.engine.batches import Plan, plan_batches
from neuralopt.engine.callbacks import EarlyStopping
from neuralopt.engine.data import Source, source
from neuralopt.engine.distribution import Distribution
from neuralopt.engine.loop import Limits, Method
from neuralopt.engine.noise import check_schedules, make_noise
from neuralopt.engine.objective import NetworkObjective, Objective
from neuralopt.engine.over_the_run import check_hyperparameters
from neuralopt.engine.program import Program
from neuralopt.engine.runners import DeviceRunner, NumpyRunner, Runner, StreamRunner
from neuralopt.engine.statistics import check_moving_averages
from neuralopt.engine.trainable import Trainable
from neuralopt.models import ACTIVATIONS, MLP, Network
from neuralopt.schedules import AdaptiveDropout, bind, check_monitors, feedback_init, settle
from neuralopt.transforms import Transform

#: A patience that no run outlasts: the best parameters are kept, and nothing stops early.
NEVER = int(np.iinfo(np.int32).max)
_TRIED_ROWS = 8
_UNLIMITED = np.iinfo(np.int64).max


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
        patience=np.int32(min(stopping[0].patience, NEVER) if stopping else NEVER),
        min_delta=dtype.type(stopping[0].min_delta if stopping else 0),
        tolerance=dtype.type(-1 if tolerance is None else tolerance),
        divergence=dtype.type(divergence),
    )


def warn_without_gradient(model: Any) -> None:
    """Warn where an activation lets no gradient pass; to be called by what the user calls."""
    mlp = model.mlp if isinstance(model, Network) else model
    if not isinstance(mlp, MLP):
        return
    hidden = [mlp.activation] if len(mlp.layer_sizes) > 2 else []
    for name in [*hidden, mlp.output_activation]:
        if not ACTIVATIONS[name].differentiable:
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
    bounds: Limits,
    batch_size: Any,
    seed: int,
    dtype: np.dtype,
    backend: str,
    device_memory: int | None,
    epochs: int,
    dropout: Any,
    distribute: Distribution | None = None,
) -> Runner:
    """Check and convert the data; choose where they live; tell schedules how long the run is."""
    if trainable.objective.metrics and validation is None:
        raise InvalidArgument(
            f"metrics are evaluated on held-out data, got metrics={trainable.objective.metrics} "
            "without validation. Pass validation=(X, y) as well."
        )
    on_host = backend == "numpy"
    train_data = source(
        trainable.prepare(data, "data"), dtype, memory=_UNLIMITED if on_host else device_memory
    )
    held_out = None
    if validation is not None:
        prepared = trainable.prepare(validation, "validation")
        held_out = source(prepared, dtype, name="validation", memory=_UNLIMITED).arrays
    plan = plan_batches(
        train_data.rows,
        batch_size,
        full_batch=getattr(optimizer, "full_batch", False),
        weighted=trainable.objective.weighted,
        dtype=dtype,
        optimizer=_full_batch_name(optimizer),
    )
    if train_data.streamed and plan.full:
        raise InvalidArgument(
            f"the data ({train_data.rows} rows) are larger than the device's share of memory and cannot be "
            "one batch. Give a batch_size with a mini-batch method, or raise device_memory."
        )
    noise = make_noise(trainable.objective, dropout, seed)
    rates = None if noise is None else noise.rates
    optimizer, rates = bind((optimizer, rates), plan.steps, plan.steps * epochs)
    if validation is None:
        _refuse_adaptive((optimizer, rates))
    check_hyperparameters(optimizer, plan.steps * epochs)
    if noise is not None:
        noise = noise._replace(rates=rates)
        check_schedules(settle(rates, feedback_init(rates)), plan.steps * epochs)
    _try_loss(trainable, train_data, plan)
    if trainable.objective.stateful and optimizer.averages:
        _try_statistics(trainable, train_data)
    program = Program(trainable.objective, full=plan.full, validate=validation is not None)
    check_monitors((optimizer, rates), program.monitored)
    method = Method(optimizer, bounds, noise)
    if distribute is not None:
        return distribute.runner(program, method, train_data, held_out, plan, seed, plan.steps * epochs)
    kind = NumpyRunner if on_host else StreamRunner if train_data.streamed else DeviceRunner
    return kind(program, method, train_data, held_out, plan, seed)


def _full_batch_name(optimizer: Any) -> str:
    """Return the name of the innermost part that is meant for the whole data, else that of the whole."""
    parts = vars(optimizer).values() if isinstance(optimizer, Transform) else optimizer
    inner = [p for p in parts if isinstance(p, tuple) or getattr(p, "full_batch", False)]
    if found := next(filter(None, map(_full_batch_name, inner)), ""):
        return found
    return type(optimizer).__name__ if getattr(optimizer, "full_batch", False) else ""


def _refuse_adaptive(parts: Any) -> None:
    """Raise where a schedule compares the training loss with that of rows that are not there."""

    def adaptive(node: Any) -> bool:
        return isinstance(node, AdaptiveDropout)

    if any(adaptive(leaf) for leaf in tree.leaves(parts, adaptive)):
        raise InvalidArgument(
            "AdaptiveDropout compares the losses of training and validation, got no validation data. "
            "Pass validation=(X, y), or take a fixed or scheduled rate."
        )


def _key(objective: Objective) -> Any:
    """Return noise to try a model with."""
    return jax.random.key(0) if objective.noisy else ()


def _try_statistics(trainable: Trainable, data: Source) -> None:
    """Raise unless the statistics can be estimated anew for averaged parameters."""
    rows = data.gather(np.arange(min(data.rows, _TRIED_ROWS)))
    check_moving_averages(trainable.objective, *trainable.init(0), rows, _key(trainable.objective))


def _try_loss(trainable: Trainable, data: Source, plan: Plan) -> None:
    """Raise unless a user's function gives one number for a batch."""
    objective = trainable.objective
    if isinstance(objective, NetworkObjective):
        return
    batch = tree.map(
        lambda a: jax.ShapeDtypeStruct(
            (plan.batch_size, *a.shape[1:]), data.dtype if a.dtype.kind == "f" else np.int32
        ),
        data.arrays,
    )
    shapes = tree.map(lambda a: f"{a.dtype}{list(a.shape)}", batch)
    found = attempt(
        lambda params, statistics, batch: objective.value(params, statistics, batch, None, _key(objective)),
        *trainable.init(0),
        batch,
        failure=f"the loss could not be computed for a batch of {shapes}",
        cause="Likely cause: it expects other shapes or dtypes.",
    )
    if getattr(found, "shape", None) != ():
        raise InvalidArgument(
            f"a loss must give one number for a batch, got {tree.map(lambda a: a.shape, found)}. "
            "Likely cause: a missing mean over the rows."
        )
