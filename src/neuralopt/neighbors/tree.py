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
        rows, self.metric = exact.rows, exact.metric
        self.covered, self.dead = len(rows.ids), rows.dead
        self._positions = np.flatnonzero(rows.alive)
        placed = [self.metric.place(X.astype(np.float64, copy=False)) for _, X in rows.blocks(_BLOCK)]
        self._tree = KDTree(np.concatenate(placed)[self._positions], metric=self.metric.tree_metric)

    def candidates(self, Q: np.ndarray, count: int) -> tuple[np.ndarray, np.ndarray]:
        """Return positions and how far away all others surely are; see `Exact.candidates`."""
        count = min(count, len(self._positions))
        apart, found = self._tree.query(self.metric.place(Q), count)
        every = count == len(self._positions)
        return self._positions[found], np.full(len(Q), np.inf) if every else apart[:, -1] * (1 - 1e-12)
