"""Variable projection as a line of a comparison: features by L-BFGS, the readout always solved."""

import numpy as np
from threadpoolctl import threadpool_limits

from neuralopt.benchmark.task import Split, Task
from neuralopt.core import tree
from neuralopt.core.results import Status
from neuralopt.joint.descent import Descent, descend
from neuralopt.joint.projection import Projected
from neuralopt.joint.variable_projection import PENALTY, features_of, start
from neuralopt.models import MLP
from neuralopt.models.mlp import Params
from neuralopt.readout import Readout, choose, ridge_path

_STEPS = 200  # at most; where the validation loss rises a descent ends before


def project_once(task: Task, network: MLP, seed: int) -> tuple[Params, Status]:
    """Train a comparison's network by variable projection, under squared error.

    The output layer is a ridge regression, solved in closed form at every step, so that L-BFGS descends in
    the hidden layers alone. It is done twice: with the penalty of least leave-one-out error at the start, for
    with a smaller one features learn the noise, and with nearly none, for a table without noise needs none.
    As for the optimizers, the validation rows choose, here the descent and the step in it. Classes are
    learned as columns of 0 and 1. A network without hidden layers is the ridge regression alone.

    Parameters
    ----------
    task : Task
        Its test rows are not looked at.
    network : MLP
    seed : int
        Of the first parameters.

    Returns
    -------
    params : list of (W, b)
    status : Status
        Why it ended.

    References
    ----------
    Golub and Pereyra, 1973, SIAM Journal on Numerical Analysis 10(2).
    """
    X, Y = _numbers(task, task.train)
    if len(network.layer_sizes) == 2:
        readout = choose(ridge_path(X, Y)).readout
        return [(readout.weights, readout.bias)], Status.CONVERGED
    held_X, held_Y = _numbers(task, task.validation)
    features, first = features_of(network), start(network, seed)[:-1]

    def best_readout(x: np.ndarray) -> tuple[Params, Readout]:
        hidden = tree.unravel(x, first)
        return hidden, choose(ridge_path(features.forward(hidden, X), Y)).readout

    def held_error(x: np.ndarray) -> float:
        hidden, readout = best_readout(x)
        answers = features.forward(hidden, held_X) @ readout.weights + readout.bias
        return float(np.mean((answers - held_Y) ** 2))

    def descended(x: np.ndarray, penalty: float) -> Descent:
        loss = Projected(penalty)

        def value_and_grad(at: np.ndarray) -> tuple[float, np.ndarray]:
            value, grads = features.value_and_grad(tree.unravel(at, first), X, Y, loss)
            return float(value), tree.ravel(grads)

        return descend(value_and_grad, x, _STEPS, held_error)

    # one thread: the matrices are some hundred rows, and a busy machine makes several wait for each other
    with threadpool_limits(1):
        x = tree.ravel(first)
        both = [descended(x, penalty) for penalty in (best_readout(x)[1].reg_lambda, PENALTY)]
        found = min(both, key=lambda one: held_error(one.x))
        hidden, readout = best_readout(found.x)
    status = Status.EARLY_STOPPED if found.overfitted else Status.MAX_EPOCHS
    return [*hidden, (readout.weights, readout.bias)], status


def _numbers(task: Task, rows: Split) -> tuple[np.ndarray, np.ndarray]:
    """Return inputs and targets in float64, classes as columns of 0 and 1."""
    y = np.eye(task.outputs)[rows.y] if task.kind == "classification" else rows.y.astype(np.float64)
    return rows.X.astype(np.float64), y
