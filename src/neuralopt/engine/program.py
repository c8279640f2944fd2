"""The parts of a compiled program: its static key, its data, its scans over batches."""

import dataclasses
from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp

from neuralopt.core import tree
from neuralopt.engine.loop import LoopState, Method, Point, train_step
from neuralopt.engine.noise import Noise, draw
from neuralopt.engine.objective import Objective
from neuralopt.engine.record import effective
from neuralopt.engine.statistics import batch_statistics


@dataclasses.dataclass(frozen=True)
class Program:
    """What distinguishes one compiled program from another, besides shapes.

    Attributes
    ----------
    objective : Objective
    full : bool
        One batch is the whole data: nothing is gathered.
    validate : bool
        Whether held-out data are evaluated after every epoch.
    """

    objective: Objective
    full: bool
    validate: bool

    def columns(self, method: Method, state: LoopState, validation: Any) -> tuple[str, ...]:
        """Return the names of the history's columns."""
        scheduled = jax.eval_shape(
            lambda: effective(method.optimizer, method.noise, state.feedback, state.opt_state, state.epoch)
        )
        guard = ("skipped_steps",) if method.optimizer.guards else ()
        figures = jax.eval_shape(self.figures, (state.params, state.statistics), validation)
        return ("loss", "learning_rate", *scheduled, *guard, *figures)

    @property
    def monitored(self) -> tuple[str, ...]:
        """The names of the columns that a feedback schedule may observe."""
        metrics = [f"validation_{name}" for name in self.objective.metrics]
        return ("loss", "validation_loss", *metrics) if self.validate else ("loss",)

    def figures(self, kept: tuple[Any, Any], validation: Any) -> dict[str, Any]:
        """Return the figures on held-out data of parameters and their statistics, if there are any data."""
        return self.objective.evaluate(*kept, validation) if self.validate else {}


class Data(NamedTuple):
    """What a run trains on, and how its rows count."""

    rows: Any  # tree of arrays
    validation: Any  # likewise, or None
    weights: Any  # (steps, batch_size) or None, of the rows
    shares: Any  # (steps,), of the batches


Take = Callable[[Any], Any]


def drawn(objective: Objective, noise: Noise | None, step: Any, point: Point, batch: Any) -> Any:
    """Return the noise of a step for a batch."""
    rows = objective.drawn_rows(tree.leaves(batch)[0].shape[0])
    return draw(noise, objective.units, step, rows, tree.scalar_dtype(point.params))


def scan_steps(
    objective: Objective, method: Method, point: Point, batches: Any, weights: Any, first: Any, take: Take
) -> tuple[Point, Any]:
    """Take the steps of an epoch or block; return the point after them and the losses.

    Parameters
    ----------
    objective : Objective
    method : Method
        Settled.
    point : Point
    batches : tree
        With a leading axis of steps.
    weights : array of shape (steps, batch_size) or None
    first : int array of shape ()
        Number of the first step.
    take : callable
        Turns an entry of ``batches`` into a batch.

    Returns
    -------
    point : Point
    losses : array of shape (steps,)
    """

    def one(point: Point, entry: Any) -> tuple[Point, Any]:
        chosen, row_weights, step = entry
        batch = take(chosen)
        noise = drawn(objective, method.noise, step, point, batch)
        return train_step(objective, method.optimizer, point, batch, row_weights, noise)

    return jax.lax.scan(one, point, (batches, weights, _numbers(method.noise, batches, first)))


def sum_statistics(
    objective: Objective, method: Method, point: Point, batches: Any, first: Any, take: Take
) -> Any:
    """Return the sum over batches of the statistics that the parameters to evaluate have on each."""
    params = method.optimizer.evaluation_params(point.params, point.opt_state)

    def one(total: Any, entry: Any) -> tuple[Any, None]:
        chosen, step = entry
        batch = take(chosen)
        noise = drawn(objective, method.noise, step, point, batch)
        found = batch_statistics(objective, params, point.statistics, batch, noise)
        return tree.map(jnp.add, total, found), None

    zeros = tree.map(jnp.zeros_like, point.statistics)
    return jax.lax.scan(one, zeros, (batches, _numbers(method.noise, batches, first)))[0]


def _numbers(noise: Noise | None, batches: Any, first: Any) -> Any:
    """Return the numbers of a block's steps, where anything depends on them."""
    if noise is None:
        return None
    return first + jnp.arange(tree.leaves(batches)[0].shape[0], dtype=jnp.int32)
