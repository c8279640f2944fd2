"""Why a run diverged: what was not finite, looked for once, on the host, after the run."""

from collections.abc import Iterator
from typing import Any, NamedTuple

import jax
import numpy as np

from neuralopt.core import tree
from neuralopt.core.results import Status
from neuralopt.engine.history import History
from neuralopt.engine.loop import LoopState
from neuralopt.engine.objective import NetworkObjective
from neuralopt.engine.runners import Runner
from neuralopt.engine.trainable import Trainable

_BATCHES = 32
_POINTWISE = (
    "Likely cause: a derivative that does not exist at a point, as of a root or a norm at 0, or the branch "
    "of a where that is not taken. Keep the argument away from that point, before the root or the where."
)
_TOO_LARGE = (
    "Likely cause: data that are not scaled, or the logarithm or the quotient of a 0. "
    "Standardise the data, or bound the argument."
)


class _Found(NamedTuple):
    loss: float
    names: list[str]  # of the leaves whose gradient is not finite


def diverged_because(runner: Runner, trainable: Trainable, state: LoopState, history: History) -> str:
    """Return in a sentence or two what was seen to be not finite in a run that diverged.

    The parameters at the end tell little when all have become NaN; the gradients of the first
    epoch's batches at the parameters of the start are looked at then.

    Parameters
    ----------
    runner : Runner
        That ran it.
    trainable : Trainable
        Gives the parameters of the start anew.
    state : LoopState
        At the end.
    history : History
        Up to the end.

    Returns
    -------
    str
        The likely cause and the cure; the status's own sentence when nothing else was seen.
    """
    state = jax.device_get(state)
    optimizer = runner.method.settled(state.feedback).optimizer
    # of an epoch without any step there is no first loss
    reference = np.nan_to_num(np.abs(state.reference), nan=np.inf)
    bound = float(runner.method.limits.divergence) * max(float(reference), 1.0)
    gave_up = optimizer.guards and bool(optimizer.diverged(state.opt_state))
    spoilt = _not_finite(state.params)
    seen = "" if not gave_up else f"{_in_a_row(state.opt_state)} steps in a row were skipped. "
    train, valid = (history[n][-1] if n in history else 0.0 for n in ("loss", "validation_loss"))
    if not gave_up and np.isfinite(train) and train <= bound and not np.isfinite(valid):
        return f"The validation loss was not finite while the training loss was {train:g}. {_TOO_LARGE}"
    start = trainable.init(runner.seed)
    points = (
        [(start, 0)] if spoilt else [((state.params, state.statistics), int(state.epoch) - 1), (start, 0)]
    )
    for point, epoch in points:
        for found in _gradients(runner, point, epoch):
            where = ", ".join(map(repr, found.names))
            if found.names and np.isfinite(found.loss) and found.loss <= bound:
                return (
                    f"{seen}The gradient of {where} was not finite while the loss of the batch was, "
                    f"{found.loss:g}. {_POINTWISE}"
                )
            if not np.isfinite(found.loss) and (gave_up or (epoch == 0 and point is start)):
                return f"{seen}The loss of a batch was not finite where the parameters were. {_TOO_LARGE}"
    if gave_up:
        return f"{seen}A gradient or a loss was not finite. {Status.DIVERGED.value}"
    names = ", ".join(map(repr, spoilt))
    return Status.DIVERGED.value + (f" Not finite in the end: the parameters {names}." if spoilt else "")


def _not_finite(arrays: Any) -> list[str]:
    leaves = zip(tree.names(arrays), tree.leaves(arrays), strict=True)
    return [name for name, leaf in leaves if not np.isfinite(np.asarray(leaf, np.float64)).all()]


def _in_a_row(opt_state: Any) -> int:
    """Return the longest streak of the guards in a state."""
    leaves = zip(tree.names(opt_state), tree.leaves(opt_state), strict=True)
    return max(int(leaf) for name, leaf in leaves if name.rpartition("/")[2] == "in_a_row")


def _gradients(runner: Runner, point: Any, epoch: int) -> Iterator[_Found]:
    """Yield what the first batches of an epoch give at a point."""
    objective, plan, source = runner.program.objective, runner.plan, runner.source
    function: Any = objective.value_and_grad
    if not isinstance(objective, NetworkObjective):
        function = jax.jit(function)
    key = jax.random.key(0) if objective.noisy else ()
    order = [None] if plan.full else plan.order(runner.seed, epoch)[:_BATCHES]
    for step, rows in enumerate(order):
        batch = source.arrays if rows is None else source.gather(rows)
        weights = None if plan.weights is None else plan.weights[step]
        with np.errstate(all="ignore"):
            (loss, _), grads = function(*point, batch, weights, key)
        yield _Found(float(loss), _not_finite(grads))
