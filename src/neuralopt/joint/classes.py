"""Classification: the closed-form start of one against the rest, then cross-entropy."""

import numpy as np

from neuralopt.core import tree
from neuralopt.joint.base import Base
from neuralopt.joint.descent import descend
from neuralopt.joint.record import Record
from neuralopt.models import CrossEntropy
from neuralopt.readout import choose, ridge_path

_PULL = 1e-4  # on all weights: without it the logits of separable classes grow without bound
_HELD = 0.2
_SHARPNESS = 6.0  # logits of the start: scores of one against the rest lie between 0 and 1


def one_hot(labels: np.ndarray, classes: int) -> np.ndarray:
    """Return ones in the columns of the classes, of shape (n, classes)."""
    return np.eye(classes)[labels]


def by_cross_entropy(
    base: Base, X: np.ndarray, labels: np.ndarray, steps: int, seed: int, record: Record
) -> tuple[Base, bool]:
    """Go on from a network fitted to ones and zeros by L-BFGS on the cross-entropy.

    Parameters
    ----------
    base : Base
        With a readout solved for one class against the rest.
    X : array of shape (n, d)
        Scaled simulated rows.
    labels : int array of shape (n,)
        Class indices.
    steps : int >= 1
        At most; the descent ends earlier where the cross-entropy of a fifth of the rows begins to rise.
    seed : int
        Of the rows held out.
    record : Record
        Told of every step.

    Returns
    -------
    (Base, bool)
        The features of the trained network with the readout solved once more for ones and zeros, which
        is what candidates can be compared by; and whether the descent had settled.
    """
    start = base.with_readout(_SHARPNESS * base.weights, _SHARPNESS * (base.bias - 0.5))
    loss, mlp = CrossEntropy(), base.mlp
    order = np.random.default_rng(seed).permutation(len(X))
    held, taught = order[: int(_HELD * len(X))], order[int(_HELD * len(X)) :]
    A, T = X[taught], labels[taught]

    def value_and_grad(x: np.ndarray) -> tuple[float, np.ndarray]:
        value, grads = mlp.value_and_grad(tree.unravel(x, start.params), A, T, loss)
        return float(value) + _PULL * float(x @ x), tree.ravel(grads) + 2 * _PULL * x

    def held_error(x: np.ndarray) -> float:
        return float(loss.value(mlp.forward(tree.unravel(x, start.params), X[held]), labels[held]))

    def watch(x: np.ndarray, value: float) -> None:
        record.add(lambda: Base(mlp, tree.unravel(x, start.params)), value, 1.0, walked=True)

    error = held_error if len(held) else None
    found = descend(value_and_grad, tree.ravel(start.params), steps, error, watch, record.replay)
    trained = tree.unravel(found.x, start.params)
    choice = choose(ridge_path(mlp.hidden(trained, X), one_hot(labels, base.weights.shape[1])))
    return Base(mlp, [*trained[:-1], (choice.readout.weights, choice.readout.bias)]), found.settled
