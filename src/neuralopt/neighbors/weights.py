"""Kernel weights whose bandwidth adapts to how far away the neighbours are."""

import numpy as np

from neuralopt.core.errors import DataError


def tricube_weights(distances: np.ndarray, bandwidth: np.ndarray) -> np.ndarray:
    r"""Return the weights of neighbours, which sum to one for every query.

    .. math:: w_j \propto (1 - (d_j / h)^3)^3, \qquad d_j < h

    Where all distances equal the bandwidth, or it is zero (duplicates), the neighbours share equally.

    Parameters
    ----------
    distances : numpy.ndarray, shape (q, k)
        Ascending distances >= 0.
    bandwidth : numpy.ndarray, shape (q,)
        h >= the last distance.

    Returns
    -------
    numpy.ndarray, shape (q, k)
        Weights in [0, 1].

    References
    ----------
    W. S. Cleveland, "Robust locally weighted regression and smoothing scatterplots", 1979.

    Examples
    --------
    >>> tricube_weights(np.array([[0.0, 0.0], [0.0, 2.0]]), np.array([0.0, 2.0]))
    array([[0.5, 0.5],
           [1. , 0. ]])
    """
    h = bandwidth[:, None]
    share = np.minimum(distances / np.where(h > 0, h, 1.0), 1.0)
    kernel = np.where(h > 0, (1 - share**3) ** 3, 1.0)
    total = kernel.sum(axis=1, keepdims=True)
    return np.where(total > 0, kernel / np.where(total > 0, total, 1.0), 1.0 / distances.shape[1])


def next_distance(distances: np.ndarray, width: int) -> np.ndarray:
    r"""Return where neighbour k+1 is to be expected: :math:`d_k ((k+1)/k)^{1/d}` at constant density.

    Parameters
    ----------
    distances : numpy.ndarray, shape (q, k)
        Ascending distances.
    width : int
        Columns d of the data.

    Returns
    -------
    numpy.ndarray, shape (q,)
        At least the last distance.

    Examples
    --------
    >>> next_distance(np.array([[1.0, 2.0]]), width=1)
    array([3.])
    """
    k = distances.shape[1]
    return distances[:, -1] * ((k + 1) / k) ** (1 / width)


def check_distances(distances: object) -> np.ndarray:
    """Return distances of float64, or raise unless every row ascends from zero or more."""
    found = np.asarray(distances, dtype=np.float64)
    if found.ndim != 2 or not found.shape[1] or not np.isfinite(found).all():
        raise DataError(f"distances must be finite, of shape (queries, neighbours), got shape {found.shape}.")
    if (found < 0).any() or (np.diff(found, axis=1) < 0).any():
        raise DataError(
            "distances must be >= 0 and ascend in every row. Take them as find_similar returns them."
        )
    return found
