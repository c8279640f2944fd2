"""The training loop's pure parts, once for the compiled and for the NumPy loop."""

from typing import Any, NamedTuple

import numpy as np

from neuralopt.core import tree
from neuralopt.core.namespace import namespace
from neuralopt.core.results import Status
from neuralopt.engine.noise import Noise
from neuralopt.engine.objective import Objective
from neuralopt.engine.trainable import cast_floats
from neuralopt.schedules import feedback_init, settle
from neuralopt.transforms.base import Transform


class Limits(NamedTuple):
    """When a run ends early; plain numbers, so that changing one compiles nothing."""

    patience: Any  # (), int32: epochs without improvement before EARLY_STOPPED
    min_delta: Any  # (), float: how much lower counts as an improvement
    tolerance: Any  # (), float: change of the training loss that counts as none; negative switches it off
    divergence: Any  # (), float: multiple of the first batch's loss (at least of 1) that counts as DIVERGED


class Method(NamedTuple):
    """How a run trains; values, so that changing a number compiles nothing."""

    optimizer: Any
    limits: Limits
    noise: Noise | None  # where masks come from

    def settled(self, feedback: Any) -> "Method":
        """Return the method of one epoch: what feeds back is an ordinary schedule in it."""
        noise = self.noise
        if noise is not None:
            noise = noise._replace(rates=settle(noise.rates, feedback[1]))
        return self._replace(optimizer=settle(self.optimizer, feedback[0]), noise=noise)


class Point(NamedTuple):
    """What a training step takes and gives: the trained parameters and what goes with them."""

    params: Any
    opt_state: Any
    statistics: Any  # of the batches seen, for models that carry them; else ()


class LoopState(NamedTuple):
    """Everything a run needs to go on: what a checkpoint holds."""

    params: Any
    opt_state: Any
    epoch: Any  # (), int32, epochs done
    status: Any  # (), int32, code of a Status
    best: Any  # (), float, lowest monitored loss so far
    best_epoch: Any  # (), int32, epochs done when it was reached
    best_params: Any  # like params, where they are evaluated; () when they are not kept
    wait: Any  # (), int32, epochs since the last improvement
    calm: Any  # (), int32, epochs in a row without change
    previous: Any  # (), float, training loss of the epoch before
    reference: Any  # (), float, loss of the very first batch
    statistics: Any = ()  # of the batches seen, for models that carry them
    estimated: Any = ()  # like statistics, of the averaged parameters; () where none are averaged
    best_statistics: Any = ()  # those of best_params
    feedback: Any = ((), ())  # states of the feedback schedules in the optimizer and in the dropout rates

    @property
    def point(self) -> Point:
        """What the next step starts from."""
        return Point(self.params, self.opt_state, self.statistics)


def first_state(
    params: Any, statistics: Any, optimizer: Transform, noise: Noise | None, *, keep_best: bool
) -> LoopState:
    """Return the state before the first epoch, in NumPy."""
    zero, dtype = np.asarray(0, np.int32), tree.scalar_dtype(params)
    infinity = np.asarray(np.inf, dtype)
    rates = None if noise is None else noise.rates
    feedback = tree.map(np.asarray, (feedback_init(optimizer), feedback_init(rates)))
    return LoopState(
        params=params,
        opt_state=settle(optimizer, feedback[0]).init(params),
        epoch=zero,
        status=np.asarray(Status.RUNNING.code, np.int32),
        best=infinity,
        best_epoch=zero,
        best_params=params if keep_best else (),
        wait=zero,
        calm=zero,
        previous=infinity,
        reference=np.zeros_like(infinity),
        statistics=statistics,
        estimated=statistics if optimizer.averages else (),
        best_statistics=statistics if keep_best else (),
        feedback=cast_floats(feedback, dtype),
    )


def train_step(
    objective: Objective, optimizer: Any, point: Point, batch: Any, weights: Any, noise: Any = ()
) -> tuple[Point, Any]:
    """Return the point after one step, and the loss before it; NaN for a step that was skipped."""
    (loss, statistics), grads = objective.value_and_grad(
        optimizer.gradient_params(point.params, point.opt_state), point.statistics, batch, weights, noise
    )
    updates, opt_state = optimizer.update(
        grads,
        point.opt_state,
        point.params,
        value=loss,
        value_fn=lambda q: objective.value(q, point.statistics, batch, weights, noise),
    )
    if optimizer.guards:
        skip = optimizer.skipped(opt_state) > optimizer.skipped(point.opt_state)
        xp = namespace(loss, skip)
        loss = xp.where(skip, xp.asarray(xp.nan, dtype=loss.dtype), loss)
        statistics = tree.map(lambda old, new: xp.where(skip, old, new), point.statistics, statistics)
    return Point(tree.apply_updates(point.params, updates), opt_state, statistics), loss


def evaluation_point(optimizer: Any, point: Point, estimated: Any) -> tuple[Any, Any]:
    """Return the parameters to evaluate and to keep, and the statistics that belong to them.

    Parameters
    ----------
    optimizer : Transform
    point : Point
    estimated : tree
        The statistics of averaged parameters; () where none are averaged.

    Returns
    -------
    params, statistics : tree
    """
    params = optimizer.evaluation_params(point.params, point.opt_state)
    return params, estimated if optimizer.averages else point.statistics
