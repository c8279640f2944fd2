"""Variable projection as a line of a comparison: features by L-BFGS, the readout always solved."""

import numpy as np
from threadpoolctl import threadpool_limits

from neuralopt.benchmark.task import Task
from neuralopt.core.results import Status
from neuralopt.joint.record import Record
from neuralopt.joint.variable_projection import by_lbfgs, start
from neuralopt.models import MLP
from neuralopt.models.mlp import Params
from neuralopt.readout import choose, ridge_path

_STEPS = 200  # at most; on rows with noise the descent ends long before


def project_once(task: Task, network: MLP, seed: int) -> tuple[Params, Status]:
    """Train a comparison's network by variable projection, under squared error.

    The output layer is solved in closed form at every step, so that L-BFGS descends in the hidden layers
    alone. A tenth of the training rows says when to end. Classes are learned as columns of 0 and 1. A network
    without hidden layers has nothing to descend in: its one layer is a ridge regression, the penalty chosen
    by leave-one-out.

    Parameters
    ----------
    task : Task
        Only its training rows are looked at.
    network : MLP
    seed : int
        Of the first parameters and the rows held out.

    Returns
    -------
    params : list of (W, b)
    status : Status
        Why it ended.

    References
    ----------
    Golub and Pereyra, 1973, SIAM Journal on Numerical Analysis 10(2).
    """
    X = task.train.X.astype(np.float64)
    Y = (
        np.eye(task.outputs)[task.train.y]
        if task.kind == "classification"
        else task.train.y.astype(np.float64)
    )
    if len(network.layer_sizes) == 2:
        readout = choose(ridge_path(X, Y)).readout
        return [(readout.weights, readout.bias)], Status.CONVERGED
    # one thread: the matrices are some hundred rows, and a busy machine makes several wait for each other
    with threadpool_limits(1):
        base, settled = by_lbfgs(network, start(network, seed), X, Y, _STEPS, seed, Record(None, (1.0, 0.0)))
    return base.params, Status.CONVERGED if settled else Status.MAX_EPOCHS
