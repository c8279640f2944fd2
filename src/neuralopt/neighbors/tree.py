"""A kd-tree over the rows in the metric's space, for few columns."""

import numpy as np
from sklearn.neighbors import KDTree

from neuralopt.neighbors.exact import Exact

WIDEST = 10  # columns; with more of them a tree looks at nearly all rows
_BLOCK = 8192


class Tree:
    """Scikit-learn's kd-tree; what lies beyond its candidates is known, so its results can be proven.

    Parameters
    ----------
    exact : Exact
        The rows and their metric.
    """

    proven = True

    def __init__(self, exact: Exact) -> None:
        self.metric, self.covered = exact.metric, len(exact.rows.ids)
        placed = [self.metric.place(X.astype(np.float64, copy=False)) for _, X in exact.rows.blocks(_BLOCK)]
        self._tree = KDTree(np.concatenate(placed), metric=self.metric.tree_metric)

    def candidates(self, Q: np.ndarray, count: int) -> tuple[np.ndarray, np.ndarray]:
        """Return positions and how far away all others surely are; see `Exact.candidates`."""
        count = min(count, self.covered)
        apart, positions = self._tree.query(self.metric.place(Q), count)
        beyond = apart[:, -1] * (1 - 1e-12) if count < self.covered else np.full(len(Q), np.inf)
        return positions, beyond
