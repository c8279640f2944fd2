"""The choice among candidates by errors on rows left out: the simplest one that is not clearly worse."""

from typing import NamedTuple

import numpy as np


class Verdict(NamedTuple):
    """What the errors say."""

    errors: np.ndarray  # (candidates,), mean squares
    deviations: np.ndarray  # (candidates,), standard errors of the mean squares
    best: int  # of least error
    near: np.ndarray  # (candidates,), which may be chosen and are within one standard error of the best
    chosen: int  # the simplest within one standard error of the best


def choose(
    squares: np.ndarray, complexity: np.ndarray, weights: np.ndarray, among: np.ndarray
) -> Verdict:
    """Return the simplest candidate within one standard error of the best one, paired over rows.

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
    effective = 1 / np.sum(share**2)
    errors = squares @ share
    deviations = np.sqrt(np.maximum((squares - errors[:, None]) ** 2 @ share, 0) / max(effective - 1, 1))
    best = next(int(i) for i in np.lexsort((complexity, errors)) if among[i])
    worse = squares - squares[best]
    mean = worse @ share
    paired = np.sqrt(np.maximum((worse - mean[:, None]) ** 2 @ share, 0) / max(effective - 1, 1))
    near = (mean <= paired) & among
    order = np.lexsort((errors, complexity))
    chosen = next(int(i) for i in order if near[i])
    return Verdict(errors, deviations, best, near, chosen)
