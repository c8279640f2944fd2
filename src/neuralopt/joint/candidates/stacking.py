"""Weights of a mixture of candidates: none negative, their sum is one."""

import numpy as np
from scipy.optimize import nnls

_FOLDS = 40


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


def mixed(residuals: np.ndarray, weights: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the weights of a mixture, and its residuals by weights that have not seen the row.

    Parameters
    ----------
    residuals : numpy.ndarray, shape (candidates, n, k)
        Leave-one-out residuals.
    weights : numpy.ndarray, shape (n,)
        Of the rows.

    Returns
    -------
    mixture : numpy.ndarray, shape (candidates,)
    left_out : numpy.ndarray, shape (n, k)
        Twelve weights learnt from twenty rows would flatter the mixture. With more than forty rows a fold of
        rows is left out at a time.
    """
    n = residuals.shape[1]
    if len(residuals) == 1 or n < 2:
        return stack_weights(residuals, weights), residuals.mean(axis=0)
    left_out = np.empty(residuals.shape[1:])
    for fold in np.array_split(np.arange(n), min(n, _FOLDS)):
        kept = np.setdiff1d(np.arange(n), fold)
        without = stack_weights(residuals[:, kept], weights[kept])
        left_out[fold] = np.einsum("c,cnk->nk", without, residuals[:, fold])
    return stack_weights(residuals, weights), left_out
