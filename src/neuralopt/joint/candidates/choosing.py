"""The choice among candidates by errors on rows left out: the simplest one that is not clearly worse."""

from typing import NamedTuple

import numpy as np

_CAP = 1.2  # root-mean-square error of what may be chosen, in units of the least


class Verdict(NamedTuple):
    """What the errors say."""

    errors: np.ndarray  # (candidates,), mean squares
    deviations: np.ndarray  # (candidates,), standard errors of the mean squares
    best: int  # of least error
    near: np.ndarray  # (candidates,), which may be chosen and are not clearly worse than the best
    chosen: int  # the simplest not clearly worse than the best


def choose(squares: np.ndarray, complexity: np.ndarray, weights: np.ndarray, among: np.ndarray) -> Verdict:
    """Return the simplest candidate within one standard error of the best one, paired over rows.

    Within it both in squares and in absolute values, and with at most 1.2 times the least error: squares
    have heavy tails, and one large row alone can make the standard error of twenty of them as wide as the
    difference between a good candidate and a poor one.

    Parameters
    ----------
    squares : numpy.ndarray, shape (candidates, n)
        Squared leave-one-out residuals, summed over outputs.
    complexity : numpy.ndarray, shape (candidates,)
        Ranks; the lower, the simpler.
    weights : numpy.ndarray, shape (n,)
        Of the rows.
    among : numpy.ndarray of bool, shape (candidates,)
        Which candidates may be chosen.

    Returns
    -------
    Verdict
        Errors and places.
    """
    share = weights / weights.sum()
    errors = squares @ share
    best = next(int(i) for i in np.lexsort((complexity, errors)) if among[i])
    near = among & (errors <= _CAP**2 * errors[best])
    for loss in (squares, np.sqrt(squares)):
        mean, deviation = paired(loss - loss[best], share)
        near &= mean <= deviation
    order = np.lexsort((errors, complexity))
    chosen = next(int(i) for i in order if near[i])
    return Verdict(errors, paired(squares, share)[1], best, near, chosen)


def paired(losses: np.ndarray, share: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the mean over rows and its standard error.

    Parameters
    ----------
    losses : numpy.ndarray, shape (..., n)
        Or differences of losses, row by row.
    share : numpy.ndarray, shape (n,)
        Weights of the rows, of sum one.

    Returns
    -------
    tuple of two numpy.ndarray, shape (...)
        The standard error is that of as many rows as the weights are worth.
    """
    mean = losses @ share
    effective = 1 / np.sum(share**2)
    variance = (losses - mean[..., None]) ** 2 @ share
    return mean, np.sqrt(variance / max(effective - 1, 1))
