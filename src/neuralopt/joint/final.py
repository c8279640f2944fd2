"""The final model: the candidates' choice, or the simulator alone where there are too few real rows."""

from typing import Any, NamedTuple

import numpy as np
from scipy.optimize import minimize_scalar
from scipy.special import log_softmax

from neuralopt.joint.base import Base
from neuralopt.joint.candidates import Selection
from neuralopt.models import softmax


class Final(NamedTuple):
    """What predicts, in scaled units."""

    base: Base
    selection: Selection | None  # None: the simulator alone
    sharpness: float  # of the softmax, for classes

    def predict(self, X: np.ndarray) -> np.ndarray:
        """Return scaled values, or scores of the classes, of shape (n, k)."""
        return self.base.predict(X) if self.selection is None else self.selection.predict(X)

    def probabilities(self, scores: np.ndarray) -> np.ndarray:
        """Return probabilities of the classes from their scores."""
        return softmax(self.sharpness * scores)


def sharpness_of(scores: np.ndarray, labels: np.ndarray) -> float:
    """Return the factor of scores whose softmax has the least log-loss on rows left out.

    The targets are smoothed as in Platt scaling, (n + 1) / (n + k) for the class of n rows: classes that
    few rows tell apart without an error are not certain.

    Parameters
    ----------
    scores : array of shape (n, k)
        Of rows left out; near one for the class, near zero for others.
    labels : int array of shape (n,)
        Class indices.

    Returns
    -------
    float
        Between 0.1 and 100.

    References
    ----------
    J. Platt, 1999, Advances in Large Margin Classifiers, equations 16-17 (for two classes).
    """
    k = scores.shape[1]
    count = np.bincount(labels, minlength=k)[labels]
    right = (count + 1) / (count + k)
    targets = np.repeat(((1 - right) / max(1, k - 1))[:, None], k, axis=1)
    targets[np.arange(len(labels)), labels] = right

    def error(log_factor: Any) -> float:
        return -float(np.mean(np.sum(targets * log_softmax(np.exp(log_factor) * scores, axis=1), axis=1)))

    found: Any = minimize_scalar(error, bounds=(np.log(0.1), np.log(100)), method="bounded")
    return float(np.exp(found.x))
