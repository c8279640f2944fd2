"""Values made fit for a Gaussian process: no outliers, no infinities, mean 0, spread 1."""

import numpy as np
from scipy.special import ndtri
from scipy.stats import rankdata


def warped(values: np.ndarray) -> np.ndarray:
    r"""Return values to be minimised on a scale where the good ones are told apart.

    Losses have a long upper tail: a learning rate that is too large gives a thousand times the loss, or
    infinity. Above the median, values are compressed by a logarithm; infinite ones are put at the worst
    finite one; then all are standardised. The result is the mean of that and of the normal scores of the
    ranks, which know no outliers at all.

    Parameters
    ----------
    values : float array of shape (n,)
        Infinite where a trial failed.

    Returns
    -------
    float array of shape (n,)
        Finite, mean 0, standard deviation 1 (0 where all values are equal).

    Examples
    --------
    >>> warped(np.array([1.0, 2.0, 3.0, 1e6, np.inf])).round(2)
    array([-1.25, -0.73, -0.37,  1.18,  1.18])
    """
    finite = np.isfinite(values)
    if not finite.any():
        return np.zeros(len(values))
    values = np.where(finite, values, values[finite].max())
    middle = np.median(values)
    scale = middle - values.min()
    if scale <= 0:
        scale = values.max() - middle or 1.0
    z = (values - middle) / scale
    compressed = np.where(z > 0, np.log1p(np.maximum(z, 0)), z)
    ranks = ndtri((rankdata(values) - 0.5) / len(values))
    return _standardised(_standardised(compressed) + _standardised(ranks))


def _standardised(z: np.ndarray) -> np.ndarray:
    spread = z.std()
    return (z - z.mean()) / (spread if spread > 0 else 1.0)
