"""The exact search: bounds in float32 choose candidates, float64 ranks them, the bounds certify the result.

Of every query the rows with the smallest bounds are kept, 2k + 8 of them. Their distances are computed in
float64. All others are farther than the largest bound kept promises; when that is beyond the k-th distance
the result is proven. The rest is compared again with every row whose bound does not rule it out.
"""

from collections.abc import Iterator

import numpy as np

from neuralopt.neighbors.memory import Blocks, blocks
from neuralopt.neighbors.metrics import Euclidean
from neuralopt.neighbors.rows import Growing, Rows

_FIRST = 1024  # a small first block gives a threshold that rules most of the others out


class Exact:
    """Rows under a metric, with their codes where these fit into memory.

    Parameters
    ----------
    rows : Rows
        The rows.
    metric : Euclidean
        The metric, fitted.
    memory : int
        Bytes that the codes and the temporaries may take.
    """

    def __init__(self, rows: Rows, metric: Euclidean, memory: int) -> None:
        self.rows, self.metric, self.memory = rows, metric, memory
        self._codes: Growing | None = None
        self._offsets = Growing(np.zeros(0, np.float32))
        if metric.cached and not rows.fixed and 4 * (rows.width + 1) * len(rows.ids) <= memory // 2:
            self._keep()

    def extend(self, X: np.ndarray) -> None:
        """Keep up with rows that were appended."""
        if not self.metric.fits(X):  # the codes would lose all digits of the rows so far, or overflow
            self.metric = self.metric.reframed(self.rows)
            if self._codes is not None:
                self._keep()
        elif self._codes is not None:
            codes, offsets = self.metric.encode(X)
            self._codes.append(codes)
            self._offsets.append(offsets)
            if 4 * (codes.shape[1] + 1) * len(self.rows.ids) > self.memory // 2:
                self._codes = None

    def search(self, Q: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray]:
        """Return the ids and the distances of the k nearest rows, ties by id, each of shape (queries, k)."""
        sizes = blocks(self.memory, self.rows.width, wanted(k))
        parts = [self._search(Q[i : i + sizes.batch], k, sizes) for i in range(0, len(Q), sizes.batch)]
        return np.concatenate([ids for ids, _ in parts]), np.concatenate([apart for _, apart in parts])

    def _search(self, Q: np.ndarray, k: int, sizes: Blocks) -> tuple[np.ndarray, np.ndarray]:
        positions, beyond = self.candidates(Q, wanted(k))
        ids, apart = self.rank(Q, positions, k)
        return self.prove(Q, ids, apart, beyond)

    def candidates(self, Q: np.ndarray, count: int, begin: int = 0) -> tuple[np.ndarray, np.ndarray]:
        """Return the positions of the rows with the least bounds, and how far away all others surely are.

        Parameters
        ----------
        Q : numpy.ndarray, shape (q, d)
            Queries, of float64.
        count : int
            Positions for each query; -1 where there are fewer rows.
        begin : int
            The first position to look at.

        Returns
        -------
        positions : numpy.ndarray, shape (q, count)
        beyond : numpy.ndarray, shape (q,)
            Distances in the metric's space; infinity where all rows are among the positions.
        """
        sizes = blocks(self.memory, self.rows.width, count)
        codes, own = self.metric.encode_queries(Q)
        space = self._space(sizes, len(Q))
        least = np.full((len(Q), count), np.inf, self.metric.kind)
        places = np.full((len(Q), count), -1, np.int64)
        for start, stored, offsets in self._blocks(sizes.rows, begin, min(_FIRST, sizes.rows)):
            for i in range(0, len(Q), sizes.queries):
                part = slice(i, i + sizes.queries)
                bounds = self.metric.compare(codes[part], stored, offsets, space)
                entrants, columns = _entrants(bounds, least[part].max(axis=1, keepdims=True), count)
                if not columns.shape[1]:
                    continue
                values = np.where(entrants, np.take_along_axis(bounds, columns, 1), self.metric.kind(np.inf))
                values = np.concatenate([least[part], values], axis=1)
                both = np.concatenate([places[part], np.where(entrants, start + columns, -1)], axis=1)
                best = np.argpartition(values, count - 1, axis=1)[:, :count]
                least[part] = np.take_along_axis(values, best, 1)
                places[part] = np.take_along_axis(both, best, 1)
        return places, self.metric.beyond(least.max(axis=1), own)

    def rank(self, Q: np.ndarray, positions: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray]:
        """Return the ids and the distances of the k nearest among the positions; infinity where fewer."""
        ids = np.where(positions >= 0, self.rows.ids[positions], np.iinfo(np.int64).max)
        query, column = np.nonzero(positions >= 0)
        apart = np.full(positions.shape, np.inf)
        apart[query, column] = self._distances(Q, query, positions[query, column])
        return nearest(ids, apart, k)

    def prove(
        self, Q: np.ndarray, ids: np.ndarray, apart: np.ndarray, beyond: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        """Return the result, its unproven queries compared anew with every row that the bounds leave."""
        open_ = np.flatnonzero(~(beyond > self.metric.reach(apart[:, -1])))
        sizes = blocks(self.memory, self.rows.width, apart.shape[1])
        step = max(1, sizes.queries // 8)  # where nothing is ruled out, lists of candidates are long
        for i in range(0, len(open_), step):
            part = open_[i : i + step]
            ids[part], apart[part] = self._widened(Q[part], apart[part], sizes)
        return ids, apart

    def _widened(self, Q: np.ndarray, apart: np.ndarray, sizes: Blocks) -> tuple[np.ndarray, np.ndarray]:
        k = apart.shape[1]
        codes, own = self.metric.encode_queries(Q)
        farthest, space = apart[:, -1].copy(), self._space(sizes, len(Q))
        best_ids = np.full(apart.shape, np.iinfo(np.int64).max)
        best = np.full(apart.shape, np.inf)
        for start, stored, offsets in self._blocks(sizes.rows):
            limit = self.metric.limit(self.metric.reach(farthest), own)
            bounds = self.metric.compare(codes, stored, offsets, space)
            query, column = np.nonzero(bounds <= limit[:, None])
            if not len(query):
                continue
            found = self._distances(Q, query, start + column)
            counts = np.bincount(query, minlength=len(Q))
            slot = k + np.arange(len(query)) - np.repeat(np.cumsum(counts) - counts, counts)
            width = k + counts.max()
            ids = np.full((len(Q), width), np.iinfo(np.int64).max)
            distances = np.full((len(Q), width), np.inf)
            ids[:, :k], distances[:, :k] = best_ids, best
            ids[query, slot], distances[query, slot] = self.rows.ids[start + column], found
            best_ids, best = nearest(ids, distances, k)
            farthest = np.minimum(farthest, best[:, -1])
        return best_ids, best

    def _distances(self, Q: np.ndarray, query: np.ndarray, positions: np.ndarray) -> np.ndarray:
        size = blocks(self.memory, self.rows.width, 1).pairs
        found = np.empty(len(positions))
        for i in range(0, len(positions), size):
            part = slice(i, i + size)
            found[part] = self.metric.distances(self.rows.take(positions[part]), Q[query[part]])
        return found

    def _space(self, sizes: Blocks, queries: int) -> np.ndarray:
        """Return room for the bounds of a block; a fresh one every time would be paged in anew."""
        rows = min(sizes.rows, len(self.rows.ids))
        return np.empty(rows * min(sizes.queries, queries), self.metric.kind)

    def _blocks(
        self, size: int, begin: int = 0, first: int | None = None
    ) -> Iterator[tuple[int, np.ndarray, np.ndarray]]:
        for start, X in self.rows.blocks(size, begin, first):
            part = slice(start, start + len(X))
            if self._codes is not None:
                codes, offsets = self._codes.array[part], self._offsets.array[part]
            else:
                codes, offsets = self.metric.encode(X)
            if self.rows.dead:
                offsets = np.where(self.rows.alive[part], offsets, offsets.dtype.type(np.inf))
            yield start, codes, offsets

    def _keep(self) -> None:
        parts = [self.metric.encode(X) for _, X in self.rows.blocks(8192)]
        self._codes = Growing(np.concatenate([codes for codes, _ in parts]))
        self._offsets = Growing(np.concatenate([offsets for _, offsets in parts]))


def wanted(k: int) -> int:
    """Return how many candidates are ranked for k neighbours."""
    return 2 * k + 8


def nearest(ids: np.ndarray, distances: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the k least by distance, then id, in every row."""
    order = np.lexsort((ids, distances), axis=-1)[:, :k]
    return np.take_along_axis(ids, order, 1), np.take_along_axis(distances, order, 1)


def _entrants(bounds: np.ndarray, limit: np.ndarray, count: int) -> tuple[np.ndarray, np.ndarray]:
    """Return columns of every row, the same number for all, and which of them are below the row's limit.

    Where they are many, only the least ``count`` of a row are looked for.
    """
    mask, (rows, width) = bounds < limit, bounds.shape
    if np.count_nonzero(mask) <= mask.size // 16:
        row, column = np.divmod(np.flatnonzero(mask), width)
        counts = np.bincount(row, minlength=rows)
        if counts.max() <= width // 16:
            columns = np.zeros((rows, counts.max()), np.int64)
            columns[row, np.arange(len(row)) - np.repeat(np.cumsum(counts) - counts, counts)] = column
            return np.arange(columns.shape[1]) < counts[:, None], columns
    columns = np.argpartition(bounds, min(count, width) - 1, axis=1)[:, :count]
    return np.take_along_axis(mask, columns, 1), columns
