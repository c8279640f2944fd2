"""Accuracy and the coefficient of determination, once for every array namespace."""

from typing import Any

from neuralopt.core.namespace import namespace


def accuracy(prediction: Any, target: Any) -> Any:
    """Return the share of rows whose largest output is the true class.

    Parameters
    ----------
    prediction : array of shape (n, k)
        Scores of the classes.
    target : int array of shape (n,)
        Class indices.

    Returns
    -------
    array of shape ()
        Between 0 and 1.

    Examples
    --------
    >>> import numpy as np
    >>> float(accuracy(np.array([[0.1, 0.9], [0.8, 0.2]]), np.array([1, 1])))
    0.5
    """
    xp = namespace(prediction)
    hits = xp.astype(xp.argmax(prediction, axis=1), target.dtype) == target
    return xp.mean(xp.astype(hits, prediction.dtype))


def r2(prediction: Any, target: Any) -> Any:
    """Return the coefficient of determination, averaged over outputs.

    Parameters
    ----------
    prediction, target : array of shape (n, k)
        In the same units.

    Returns
    -------
    array of shape ()
        1 is perfect, 0 is as good as the mean of ``target``. An output of constant target counts as 0.

    Examples
    --------
    >>> import numpy as np
    >>> float(r2(np.array([[1.0], [2.0]]), np.array([[1.0], [2.0]])))
    1.0
    """
    xp = namespace(prediction)
    residual = xp.sum(xp.square(target - prediction), axis=0)
    spread = xp.sum(xp.square(target - xp.mean(target, axis=0, keepdims=True)), axis=0)
    safe = xp.where(spread > 0, spread, xp.ones_like(spread))
    return xp.mean(xp.where(spread > 0, 1 - residual / safe, xp.zeros_like(spread)))


def sign_accuracy(prediction: Any, target: Any) -> Any:
    """Return the share of outputs on the same side of zero as their targets -1 and +1.

    Parameters
    ----------
    prediction, target : array of shape (n, k)
        Scores, and -1 or +1.

    Returns
    -------
    array of shape ()
        Between 0 and 1. A score of exactly zero counts as negative.

    Examples
    --------
    >>> import numpy as np
    >>> float(sign_accuracy(np.array([[0.3], [-0.2]]), np.array([[1.0], [1.0]])))
    0.5
    """
    xp = namespace(prediction)
    hits = (prediction > 0) == (target > 0)
    return xp.mean(xp.astype(hits, prediction.dtype))


METRICS = {"accuracy": accuracy, "r2": r2, "sign_accuracy": sign_accuracy}

METRIC_TARGETS = {"accuracy": "class", "r2": "real", "sign_accuracy": "real"}
"""What each metric takes as targets; see `Loss.targets`."""
