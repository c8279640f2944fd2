"""Prediction intervals from residuals of rows left out."""

import numpy as np

from neuralopt.core.errors import InvalidArgument


def half_widths(residuals: np.ndarray, coverage: float) -> np.ndarray:
    r"""Return the half width of a prediction interval for each output.

    The :math:`\lceil (n + 1) c \rceil`-th smallest absolute residual: were the residuals those of a split
    that the fit never saw, the interval would hold a new row with probability c or more. With leave-one-out
    residuals it is the jackknife, right where the fit is stable.

    Parameters
    ----------
    residuals : numpy.ndarray, shape (n, k)
        Of rows left out.
    coverage : float in (0, 1)
        c.

    Returns
    -------
    numpy.ndarray, shape (k,)
        Infinite where there are fewer than c / (1 - c) rows: no finite interval holds that often.

    Raises
    ------
    InvalidArgument
        For a coverage outside (0, 1).

    References
    ----------
    Barber, Candes, Ramdas and Tibshirani, 2021, Annals of Statistics 49(1), arXiv:1905.02928.
    """
    if not 0 < coverage < 1:
        raise InvalidArgument(f"coverage must be between 0 and 1, got {coverage!r}.")
    n = len(residuals)
    place = int(np.ceil((n + 1) * coverage - 1e-9))
    if place > n:
        return np.full(residuals.shape[1], np.inf)
    return np.sort(abs(residuals), axis=0)[place - 1]
