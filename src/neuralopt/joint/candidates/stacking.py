"""Weights of a mixture of candidates: none negative, their sum is one."""

import numpy as np
from scipy.optimize import nnls


def stack_weights(residuals: np.ndarray, weights: np.ndarray) -> np.ndarray:
    r"""Return the weights of the mixture whose leave-one-out residuals are least.

    .. math:: \min_w \sum_i s_i |\textstyle\sum_c w_c q_{ci}|^2, \qquad w \ge 0, \quad \sum_c w_c = 1

    Parameters
    ----------
    residuals : numpy.ndarray, shape (candidates, n, k)
        Leave-one-out residuals q.
    weights : numpy.ndarray, shape (n,)
        Of the rows.

    Returns
    -------
    numpy.ndarray, shape (candidates,)
        The weights.

    References
    ----------
    Wolpert, 1992, Neural Networks 5(2); Breiman, 1996, Machine Learning 24.
    """
    count = len(residuals)
    columns = (np.sqrt(weights)[None, :, None] * residuals).reshape(count, -1).T
    size = np.max(np.sqrt(np.mean(columns**2, axis=0)))
    if not size > 0:
        return np.full(count, 1 / count)
    # least distance: for u >= 0, |C u|^2 + (1 - sum u)^2 is least at a multiple of the weights wanted
    left = np.vstack([columns / size, np.ones((1, count))])
    found, _ = nnls(left, np.append(np.zeros(len(columns)), 1.0))
    return found / found.sum()
