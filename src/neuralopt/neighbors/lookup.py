"""The stored real rows that are similar to simulated ones."""

import os
from pathlib import Path
from typing import Any, Self

import numpy as np

from neuralopt.core.errors import DataError, InvalidArgument
from neuralopt.core.scalars import check_count
from neuralopt.neighbors.coverage import Coverage
from neuralopt.neighbors.files import read_lookup, write_lookup
from neuralopt.neighbors.searcher import Searcher
from neuralopt.neighbors.stored import Stored
from neuralopt.neighbors.weights import check_distances, next_distance, tricube_weights

_MOST = 1000  # stored rows that stand for all in audits and coverage


class SimilarityLookup(Stored):
    """Find the stored rows nearest to queries, exactly unless an audited approximation is asked for.

    Results are those of comparing every row in float64, ordered by distance and then by id: candidates
    come from bounds in float32, and results that the bounds do not prove are computed again.

    Parameters
    ----------
    k_neighbors : int, default 5
        Neighbours of a query, >= 1.
    metric : {"euclidean", "cosine", "manhattan", "mahalanobis"}, default "euclidean"
        ``"cosine"`` is one minus the cosine. ``"mahalanobis"`` takes the covariance from the rows of `fit`
        and keeps it; where it is singular a warning says so and its pseudo-inverse is used.
    backend : {"auto", "exact", "kdtree", "faiss"}, default "auto"
        ``"auto"``: a kd-tree for up to 10 columns and from 1000 rows on; from 5e9 pairs of a row and a query
        on an approximate index where faiss is installed and the audit passes; else ``"exact"``.
        Manhattan distances are never left to faiss.
    max_memory : int or str, default "256MB"
        What a search may take beside the stored rows and the result; at least 1 MB.
    faiss_index : {"auto", "flat", "ivf", "hnsw"}, default "auto"
        ``"flat"`` is exact. ``"ivf"`` and ``"hnsw"`` are approximate: they are audited on the first queries
        and fall back to ``"flat"`` with a warning when they find less than 95 % of the neighbours.
        ``"auto"`` is ``"flat"``, and ``"ivf"`` from 5e9 pairs on.

    Notes
    -----
    Memory: the rows as they are given (float32 is kept, all else is float64), 9 bytes per row, and codes of
    4 bytes per number where these fit into half of ``max_memory``. Rows in a read-only memory map stay there.
    A kd-tree (8 bytes per number) and the indexes of faiss (4 bytes, HNSW 260 per row more) come on top.

    The distances are those of float64 arithmetic; in 32 bits even the order would be wrong where data lie far
    from the origin. After `find_similar` the attribute ``backend_`` names what answered.

    Examples
    --------
    >>> lookup = SimilarityLookup(k_neighbors=2).fit([[0.0], [1.0], [5.0]], [10.0, 20.0, 30.0])
    >>> indices, distances = lookup.find_similar([[0.9]])
    >>> indices, distances.round(2)
    (array([[1, 0]]), array([[0.1, 0.9]]))
    """

    def find_similar(self, X_sim: Any, k: int | None = None) -> tuple[np.ndarray, np.ndarray]:
        """Return the nearest stored rows of every query.

        Parameters
        ----------
        X_sim : array-like, shape (q, d)
            Queries.
        k : int, optional
            Neighbours; ``k_neighbors`` without.

        Returns
        -------
        indices : numpy.ndarray, shape (q, k)
            Identifiers of int64: row numbers of `fit` unless others were given.
        distances : numpy.ndarray, shape (q, k)
            Of float64, ascending; equal ones in order of the identifiers.

        Raises
        ------
        InvalidArgument
            When k exceeds the number of rows.
        """
        searcher = self._fitted()
        Q = self._checked(X_sim, "X_sim", searcher.rows.width).astype(np.float64, copy=False)
        count = self.k_neighbors if k is None else check_count("k", k)
        if count > len(searcher.rows):
            raise InvalidArgument(
                f"k_neighbors must be at most the number of rows, {len(searcher.rows)}, got {count}. "
                "Add rows, or ask for fewer neighbours."
            )
        ids, distances, self.backend_ = searcher.search(Q, count)
        return ids, distances

    def find_weighted(self, X_sim: Any) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Return neighbours with their kernel weights, the bandwidth being the distance of neighbour k+1.

        Parameters
        ----------
        X_sim : array-like, shape (q, d)
            Queries.

        Returns
        -------
        indices : numpy.ndarray, shape (q, k)
            As `find_similar`.
        distances : numpy.ndarray, shape (q, k)
            As `find_similar`.
        weights : numpy.ndarray, shape (q, k)
            As `weights`.
        """
        k = self.k_neighbors
        ids, distances = self.find_similar(X_sim, min(k + 1, max(k, len(self))))
        return ids[:, :k], distances[:, :k], self.weights(distances)

    def weights(self, distances: Any) -> np.ndarray:
        """Return adaptive tricube weights, which sum to one for every query; see `tricube_weights`.

        Parameters
        ----------
        distances : array-like, shape (q, k) or (q, k + 1)
            As `find_similar` returns them. With k + 1 of them the last one is the bandwidth; with k the
            distance of neighbour k+1 is estimated from that of neighbour k at constant density.

        Returns
        -------
        numpy.ndarray, shape (q, k)
            In [0, 1], and finite where rows are repeated.

        Examples
        --------
        >>> lookup = SimilarityLookup(2).fit([[0.0], [1.0], [2.0]])
        >>> lookup.weights(lookup.find_similar([[0.0]], k=3)[1]).round(2)
        array([[0.6, 0.4]])
        """
        found, k = check_distances(distances), self.k_neighbors
        if found.shape[1] == k + 1:
            return tricube_weights(found[:, :k], found[:, k])
        if found.shape[1] != k:
            raise DataError(
                f"distances must have k_neighbors = {k} columns or one more, got {found.shape[1]}."
            )
        return tricube_weights(found, next_distance(found, self._fitted().rows.width))

    def audit(self, X: Any = None) -> float:
        """Return the recall at k: the share of the true neighbours that the backend finds.

        Parameters
        ----------
        X : array-like, shape (q, d), optional
            Queries. Without, up to 1000 stored rows, drawn by a fixed seed.

        Returns
        -------
        float
            1 for the exact backends. A row as near as the last true neighbour counts as found.
        """
        searcher = self._fitted()
        Q = self._sample()[1] if X is None else self._checked(X, "X", searcher.rows.width)
        return searcher.recall(Q.astype(np.float64, copy=False), min(self.k_neighbors, len(self)))

    def coverage(self, X: Any) -> Coverage:
        """Return how far queries are from the data, compared with the data's own spacing.

        Parameters
        ----------
        X : array-like, shape (q, d)
            Queries.

        Returns
        -------
        Coverage
            Mean distances of the k nearest rows, those of the data among themselves, and who is outside.
        """
        k = min(self.k_neighbors, len(self) - 1)
        if k < 1:
            raise DataError(f"coverage needs at least two stored rows, got {len(self)}.")
        names, rows = self._sample()
        ids, apart = self.find_similar(rows, k + 1)
        others = ids != names[:, None]
        others[others.all(axis=1), -1] = False  # of many copies of a row, others came before itself
        spacing = np.sort(apart[others].reshape(-1, k).mean(axis=1))
        distances = self.find_similar(X, k)[1].mean(axis=1)
        return Coverage(distances, spacing, float(np.quantile(spacing, 0.95)), k)

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Write everything to one file, whole or not at all, with a checksum.

        Parameters
        ----------
        path : str or path-like
            The file.

        Returns
        -------
        pathlib.Path
            The file written.
        """
        searcher = self._fitted()
        if not len(self):
            raise DataError("There are no rows to save: all were removed.")
        names = ("k_neighbors", "metric", "backend", "max_memory", "faiss_index")
        settings = {name: getattr(self, name) for name in names}
        return write_lookup(path, settings, searcher.rows, searcher.metric)

    @classmethod
    def open(cls, path: str | os.PathLike[str], mmap: bool = True, **settings: Any) -> Self:
        """Open what `save` wrote; all of it is verified.

        Parameters
        ----------
        path : str or path-like
            The file.
        mmap : bool, default True
            Leave the rows in the file and read them block by block; rows can be added and removed all the
            same, in memory. The file must not be overwritten while it is open.
        **settings
            ``backend``, ``max_memory`` or other arguments of the class, in place of those saved; the metric
            stays.

        Returns
        -------
        SimilarityLookup
            The lookup.

        Raises
        ------
        StorageError
            When the file is missing, damaged, foreign or newer.
        """
        saved, rows, metric = read_lookup(path, mmap)
        if settings.get("metric", saved["metric"]) != saved["metric"]:
            raise InvalidArgument(
                f"The lookup in '{path}' was fitted with metric={saved['metric']!r}, "
                f"got {settings['metric']!r}. Fit a new one for another metric."
            )
        lookup = cls(**{**saved, **settings})
        lookup._searcher = Searcher(rows, metric, lookup._memory, lookup.backend, lookup.faiss_index)
        return lookup

    def _sample(self) -> tuple[np.ndarray, np.ndarray]:
        stored = self._fitted().rows
        left = np.flatnonzero(stored.alive)
        if len(left) > _MOST:
            left = np.sort(np.random.default_rng(0).choice(left, _MOST, replace=False))
        return stored.ids[left], stored.take(left)
