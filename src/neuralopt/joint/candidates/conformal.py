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


def scaled_half_widths(
    residuals: np.ndarray, deviations: np.ndarray, expected: np.ndarray, coverage: float
) -> np.ndarray:
    r"""Return half widths that follow the standard deviations which a model expects.

    .. math:: h(x) = \sqrt{\sigma(x)^2 + \tilde\sigma^2} \cdot
        Q_c\left(|q_i| / \sqrt{\sigma_i^2 + \tilde\sigma^2}\right)

    with the quantile of `half_widths`. The median :math:`\tilde\sigma` of the rows left out keeps a model
    that is too sure of itself near the real rows from intervals of no width.

    Parameters
    ----------
    residuals : numpy.ndarray, shape (n, k)
        Of rows left out.
    deviations : numpy.ndarray, shape (n, k)
        What the model expected of them.
    expected : numpy.ndarray, shape (m, k)
        What it expects of other rows.
    coverage : float in (0, 1)
        c.

    Returns
    -------
    numpy.ndarray, shape (m, k)
        Infinite where there are too few rows.

    References
    ----------
    Lei, G'Sell, Rinaldo, Tibshirani and Wasserman, 2018, JASA 113, arXiv:1604.04173, section 5.2.
    """
    floor = np.median(deviations, axis=0)
    return half_widths(residuals / np.hypot(deviations, floor), coverage) * np.hypot(expected, floor)
