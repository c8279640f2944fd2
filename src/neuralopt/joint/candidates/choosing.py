"""The choice among candidates by errors on rows left out: the simplest one that is not clearly worse."""

from typing import NamedTuple

import numpy as np

_CAP = 1.1  # mean absolute error of what may be chosen, in units of the least


class Verdict(NamedTuple):
    """What the errors say."""

    errors: np.ndarray  # (candidates,), means of the residuals' lengths
    best: int  # of least error
    chosen: int  # the simplest not clearly worse than the best


def choose(
    squares: np.ndarray,
    complexity: np.ndarray,
    weights: np.ndarray,
    among: np.ndarray,
    classes: bool = False,
) -> Verdict:
    """Return the simplest candidate within one standard error of the best one, paired over rows.

    The best is that of least mean absolute residual: among twenty rows the one in a corner decides
    on the mean square, and says next to nothing of the rest. A candidate is not clearly worse within one
    standard error both in squares and in absolute values, and with at most 1.1 times the least error.

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
    classes : bool, default False
        Whether the targets are ones and zeros: then squares decide (Brier's score), for only they are least
        at the probabilities.

    Returns
    -------
    Verdict
        Errors and places.
    """
    share = weights / weights.sum()
    lengths = np.sqrt(squares)
    errors = (squares if classes else lengths) @ share
    best = next(int(i) for i in np.lexsort((complexity, errors)) if among[i])
    near = among & (errors <= _CAP * errors[best])
    for loss in (squares, lengths):
        mean, deviation = paired(loss - loss[best], share)
        near &= mean <= deviation
    order = np.lexsort((errors, complexity))
    return Verdict(errors, best, next(int(i) for i in order if near[i]))


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
