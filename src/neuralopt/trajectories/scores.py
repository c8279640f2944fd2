"""How well an embedding keeps the neighbours of its points, and how alike two embeddings are."""

import numpy as np

from neuralopt.core.errors import InvalidArgument


def trustworthiness(X: np.ndarray, embedded: np.ndarray, neighbours: int = 5) -> float:
    r"""Return how far the neighbours in an embedding are neighbours in truth.

    .. math:: 1 - \frac{2}{n k (2n - 3k - 1)} \sum_i \sum_{j \in V_k(i)} \max(0, r(i, j) - k)

    where :math:`V_k(i)` are the k nearest points of i in the embedding, and r(i, j) is the rank of j
    among the neighbours of i in X.

    Parameters
    ----------
    X : array of shape (n, d)
        The points.
    embedded : array of shape (n, 2)
        The same points, embedded.
    neighbours : int, default 5
        k, less than n / 2.

    Returns
    -------
    float
        1 where no point has a false neighbour; about 0.5 for an embedding at random.

    Raises
    ------
    InvalidArgument
        For k that the formula does not hold for, or arrays of different lengths.

    References
    ----------
    Venna and Kaski, 2001, "Neighborhood preservation in nonlinear projection methods", equation 1.

    Examples
    --------
    >>> line = np.arange(20.0)[:, None]
    >>> trustworthiness(line, line)
    1.0
    """
    count = len(X)
    if len(embedded) != count:
        raise InvalidArgument(
            f"X and its embedding must have equal lengths, got {count} and {len(embedded)}."
        )
    if not 0 < neighbours < count / 2:
        raise InvalidArgument(
            f"neighbours must be > 0 and less than half of the {count} points, got {neighbours}. "
            "Give fewer neighbours, or more points."
        )
    ranks = np.argsort(np.argsort(_distances(X), axis=1, kind="stable"), axis=1)
    near = np.argsort(_distances(embedded), axis=1, kind="stable")[:, 1 : neighbours + 1]
    beyond = np.maximum(0, np.take_along_axis(ranks, near, axis=1) - neighbours)
    return float(1 - 2 * beyond.sum() / (count * neighbours * (2 * count - 3 * neighbours - 1)))


def continuity(X: np.ndarray, embedded: np.ndarray, neighbours: int = 5) -> float:
    """Return how far true neighbours are neighbours in an embedding: `trustworthiness`, roles exchanged.

    Parameters
    ----------
    X : array of shape (n, d)
        The points.
    embedded : array of shape (n, 2)
        The same points, embedded.
    neighbours : int, default 5
        As for `trustworthiness`.

    Returns
    -------
    float
        1 where no neighbours were torn apart.

    Examples
    --------
    >>> line = np.arange(20.0)[:, None]
    >>> continuity(line, -line)
    1.0
    """
    return trustworthiness(embedded, X, neighbours)


def procrustes(first: np.ndarray, second: np.ndarray) -> float:
    """Return how different two point sets are beyond shift, scale, rotation and reflection.

    Parameters
    ----------
    first, second : array of shape (n, d)
        The same points twice, not all of them equal.

    Returns
    -------
    float
        The disparity, 0 (alike) to 1; see `scipy.spatial.procrustes`.

    Raises
    ------
    InvalidArgument
        For sets of different shapes, or points that are all one.

    Examples
    --------
    >>> square = np.array([[0.0, 0.0], [0.0, 1.0], [1.0, 1.0], [1.0, 0.0]])
    >>> procrustes(square, 3 * square[:, ::-1] + 7) < 1e-12
    True
    """
    from scipy import spatial

    first, second = np.asarray(first, float), np.asarray(second, float)
    if first.ndim != 2 or first.shape != second.shape or not (np.isfinite(first) & np.isfinite(second)).all():
        raise InvalidArgument(
            "procrustes compares the same points twice: two finite arrays of one shape (n, d), "
            f"got shapes {first.shape} and {second.shape}."
        )
    if (first == first[:1]).all() or (second == second[:1]).all():
        raise InvalidArgument("procrustes needs points that differ; all points of a set are the same.")
    return float(spatial.procrustes(first, second)[2])


def _distances(X: np.ndarray) -> np.ndarray:
    """Return squared distances, a point's own below all others."""
    from scipy.spatial.distance import cdist

    found = cdist(np.asarray(X, float), np.asarray(X, float), "sqeuclidean")
    np.fill_diagonal(found, -1.0)
    return found
