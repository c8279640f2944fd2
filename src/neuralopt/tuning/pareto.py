"""Several objectives at once: who dominates whom, and how much is dominated. All are minimised."""

import numpy as np


def nondominated_ranks(losses: np.ndarray) -> np.ndarray:
    """Return the front that each point belongs to: 0 for the Pareto front, 1 for that of the rest, ...

    Parameters
    ----------
    losses : float array of shape (n, k)
        Infinite values count as worst.

    Returns
    -------
    int array of shape (n,)
        Fronts, counted from 0.

    Examples
    --------
    >>> nondominated_ranks(np.array([[1, 4], [2, 2], [3, 3], [4, 1.0]]))
    array([0, 0, 1, 0])
    """
    losses = np.asarray(losses, float)
    below = (losses[:, None] <= losses[None]).all(axis=2) & (losses[:, None] < losses[None]).any(axis=2)
    ranks, left, rank = np.full(len(losses), -1), np.ones(len(losses), bool), 0
    while left.any():
        front = left & ~(below & left[:, None]).any(axis=0)
        ranks[front], left, rank = rank, left & ~front, rank + 1
    return ranks


def crowding(losses: np.ndarray) -> np.ndarray:
    """Return how far each point is from its neighbours along every objective; infinite at the ends.

    Parameters
    ----------
    losses : float array of shape (n, k)
        Of one front.

    Returns
    -------
    float array of shape (n,)

    References
    ----------
    Deb et al., 2002 (NSGA-II).
    """
    losses = np.asarray(losses, float)
    far = np.zeros(len(losses))
    for column in losses.T:
        order = np.argsort(column, kind="stable")
        far[order[[0, -1]]] = np.inf
        if np.isfinite(column).all() and column[order[-1]] > column[order[0]]:
            spread = column[order[-1]] - column[order[0]]
            far[order[1:-1]] += (column[order[2:]] - column[order[:-2]]) / spread
    return far


def hypervolume(losses: np.ndarray, reference: np.ndarray) -> float:
    """Return the volume that points dominate, up to a reference point.

    Parameters
    ----------
    losses : float array of shape (n, k)
        Points beyond the reference add nothing.
    reference : float array of shape (k,)
        Worse than what counts.

    Returns
    -------
    float
        0 where nothing dominates the reference.

    Examples
    --------
    >>> hypervolume(np.array([[1.0, 2.0], [2.0, 1.0]]), np.array([3.0, 3.0]))
    3.0
    """
    losses, reference = np.asarray(losses, float), np.asarray(reference, float)
    inside = losses[(losses < reference).all(axis=1)] if len(losses) else losses.reshape(0, len(reference))
    if not len(inside):
        return 0.0
    if inside.shape[1] == 1:
        return float(reference[0] - inside.min())
    order = np.argsort(inside[:, -1], kind="stable")
    inside, edges = inside[order], np.append(inside[order, -1], reference[-1])
    total = 0.0
    for k in range(len(inside)):  # slices along the last objective
        if edges[k + 1] > edges[k]:
            total += (edges[k + 1] - edges[k]) * hypervolume(inside[: k + 1, :-1], reference[:-1])
    return float(total)
