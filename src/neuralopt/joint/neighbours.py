"""What the real rows near each simulated one say of its response."""

from typing import NamedTuple

import numpy as np

from neuralopt.joint.alignment import Affine
from neuralopt.joint.base import Base
from neuralopt.neighbors import SimilarityLookup


class Neighbours(NamedTuple):
    """The real rows near each simulated one."""

    ids: np.ndarray  # (n, k)
    weights: np.ndarray  # (n, k), adaptive kernel weights, which sum to one
    trusted: np.ndarray  # (n,), 1 where a simulated row lies among the real ones, 0 outside


def find_neighbours(lookup: SimilarityLookup, X_sim: np.ndarray) -> Neighbours:
    """Return neighbours with tricube weights; a raw 1/d would explode on duplicates.

    Parameters
    ----------
    lookup : SimilarityLookup
        Fitted to the scaled real rows.
    X_sim : array of shape (n, d)
        Scaled simulated rows.

    Returns
    -------
    Neighbours
        Rows that are farther from the real ones than these from one another have no say.
    """
    ids, _, weights = lookup.find_weighted(X_sim)
    return Neighbours(ids, weights, np.where(lookup.coverage(X_sim).outside, 0.0, 1.0))


def neighbour_targets(
    near: Neighbours, lookup: SimilarityLookup, base: Base, scale: Affine, X_sim: np.ndarray
) -> np.ndarray:
    r"""Return what the neighbours say of each simulated row, corrected by the local slope.

    .. math:: t_i = \sum_j w_{ij} \left(y_j + \rho\, \nabla f(x_j) \cdot (x_i - x_j)\right)

    Parameters
    ----------
    near : Neighbours
        See `find_neighbours`.
    lookup : SimilarityLookup
        With the real rows and their targets.
    base : Base
        The network, for its slopes.
    scale : Affine
        Of the network on the real rows.
    X_sim : array of shape (n, d)
        Scaled simulated rows.

    Returns
    -------
    array of shape (n, k)
        Targets in scaled units.
    """
    names, back = np.unique(near.ids, return_inverse=True)
    back = back.reshape(near.ids.shape)
    rows = lookup.rows(names)
    targets = lookup.targets(names)[back]  # (n, j, k)
    slopes = base.slopes(rows)[back]  # (n, j, k, d)
    steps = X_sim[:, None, :] - rows[back]  # (n, j, d)
    corrected = targets + scale.rho * np.einsum("njkd,njd->njk", slopes, steps)
    return np.einsum("nj,njk->nk", near.weights, corrected)
