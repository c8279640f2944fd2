"""A deeper network of the simulator beside the one that was asked for: what fine-tuning starts from."""

from collections.abc import Sequence

import numpy as np

from neuralopt.joint.base import Base
from neuralopt.joint.record import Record
from neuralopt.joint.restart import as_whole
from neuralopt.joint.variable_projection import by_lbfgs, start
from neuralopt.models import MLP
from neuralopt.storage import Replay

LAYERS = (32, 32, 32)
ROWS = 5000  # simulated rows that it is trained on, at most


def companion(
    X: np.ndarray, Y: np.ndarray, hidden: Sequence[int], steps: int, seed: int, replay: Replay | None = None
) -> Base | None:
    """Train the deeper network, unless the one that was asked for is as deep.

    Small changes of the weights of one wide layer change its function everywhere a little. Those of
    several layers bend and shift the shapes that the simulator has, and that is how reality mostly differs:
    on pairs that differ by a phase or a shift, fine-tuning with twenty rows errs five times less from there.

    Parameters
    ----------
    X : array of shape (n, d)
        Scaled simulated inputs.
    Y : array of shape (n, k)
        Scaled targets.
    hidden : sequence of int
        Units of the hidden layers that were asked for.
    steps : int
        Of L-BFGS, at most.
    seed : int
        Of the first parameters, and of the rows where there are more than `ROWS`.
    replay : Replay, optional
        Of the fit, should it be killed.

    Returns
    -------
    Base or None
        None where ``hidden`` has as many layers.
    """
    if len(hidden) >= len(LAYERS):
        return None
    if len(X) > ROWS:
        some = np.sort(np.random.default_rng(seed).permutation(len(X))[:ROWS])
        X, Y = X[some], Y[some]
    mlp = MLP((X.shape[1], *LAYERS, Y.shape[1]))
    record = Record(None, (1.0, 0.0), replay)
    return as_whole(record, mlp, lambda: by_lbfgs(mlp, start(mlp, seed), X, Y, steps, seed, record))[0]
