"""Which backend answers a query, when its index is built anew, and whether its recall is good enough."""

import warnings
from importlib.util import find_spec

import numpy as np

from neuralopt.core.errors import DataError
from neuralopt.neighbors.approximate import Faiss
from neuralopt.neighbors.exact import Exact, wanted
from neuralopt.neighbors.memory import blocks
from neuralopt.neighbors.metrics import Euclidean
from neuralopt.neighbors.rows import Rows
from neuralopt.neighbors.tree import WIDEST, Tree

LARGE = 5_000_000_000  # pairs of a row and a query, from where an approximate answer is worth its audit
_FEW = 1000  # rows, below which no index pays
_GOOD = 0.95
_SAMPLE = 200


class Searcher:
    """The rows, the exact search over them and the indexes that were built so far.

    Parameters
    ----------
    rows : Rows
        The rows.
    metric : Euclidean
        The metric, fitted.
    memory : int
        Bytes for codes and temporaries.
    backend : str
        ``"auto"``, ``"exact"``, ``"kdtree"`` or ``"faiss"``.
    faiss_index : str
        ``"auto"``, ``"flat"``, ``"ivf"`` or ``"hnsw"``.
    """

    def __init__(self, rows: Rows, metric: Euclidean, memory: int, backend: str, faiss_index: str) -> None:
        if backend == "kdtree" and rows.width > WIDEST:
            raise DataError(
                f"backend='kdtree' is for at most {WIDEST} columns, got {rows.width}: with more of them a "
                "tree looks at nearly all rows. Use backend='auto' or 'exact'."
            )
        self.rows, self.backend, self.faiss_index = rows, backend, faiss_index
        self.exact = Exact(rows, metric, memory)
        self._indexes: dict[str, Tree | Faiss] = {}

    @property
    def metric(self) -> Euclidean:
        """The metric in force."""
        return self.exact.metric

    def append(self, X: np.ndarray, y: np.ndarray | None, ids: np.ndarray) -> None:
        """Append rows whose identifiers are free."""
        X = X.astype(self.rows.fixed_X.dtype, copy=False)
        self.rows.append(X, y, ids)
        self.exact.extend(X)

    def remove(self, positions: np.ndarray) -> None:
        """Remove rows; memory is given back when a fifth of them is gone, except that of a memory map."""
        self.rows.remove(positions)
        if self.rows.crowded() and len(self.rows) and not self.rows.fixed:
            self.rows = self.rows.compact()
            self.exact = Exact(self.rows, self.metric, self.exact.memory)
            self._indexes.clear()

    def append_over(self, places: np.ndarray, X: np.ndarray, y: np.ndarray | None, ids: np.ndarray) -> None:
        """Replace the rows at some places by others with the same identifiers."""
        self.rows.remove(places)  # not yet compacted: the new rows count
        self.append(X, y, ids)
        self.remove(places[:0])

    def search(self, Q: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray, str]:
        """Return ids, distances and the name of what found them."""
        kind = self._kind(len(Q))
        index = self._index(kind, Q, k) if kind else None
        if index is None:
            return *self.exact.search(Q, k), "exact"
        return *self._by_index(index, Q, k), getattr(index, "kind", "kdtree")

    def recall(self, Q: np.ndarray, k: int) -> float:
        """Return the share of the k nearest that are found, ties of the last one not counted against it."""
        _, found, _ = self.search(Q, k)
        return _share(found, self.exact.search(Q, k)[1])

    def _kind(self, queries: int) -> str | None:
        n = len(self.rows.ids)
        if self.backend == "exact" or (n < _FEW and self.backend != "kdtree"):
            return "flat" if self.backend == "faiss" else None
        if self.backend == "kdtree" or (self.backend == "auto" and self.rows.width <= WIDEST):
            return "kdtree"
        if self.metric.name == "manhattan":  # faiss gets codes, and those are of Euclidean spaces
            return None
        large = n * queries >= LARGE
        if self.backend == "auto":
            return "ivf" if large and find_spec("faiss") else None
        if self.faiss_index != "auto":
            return self.faiss_index
        return "ivf" if large else "flat"

    def _index(self, kind: str, Q: np.ndarray, k: int) -> Tree | Faiss | None:
        index = self._indexes.get(kind)
        if index is None or index.metric is not self.metric or self._outdated(index):
            index = Tree(self.exact) if kind == "kdtree" else Faiss(self.exact, kind)
            self._indexes[kind] = index
        if isinstance(index, Faiss) and not index.proven and not self._passes(index, Q, k):
            return self._index("flat", Q, k) if self.backend == "faiss" else None
        return index

    def _outdated(self, index: Tree | Faiss) -> bool:
        """Whether a fifth of what an index covers is removed, or as much is added after it."""
        added, removed = len(self.rows.ids) - index.covered, self.rows.dead - index.dead
        return added > max(_FEW, index.covered // 5) or removed > max(32, index.covered // 5)

    def _passes(self, index: Faiss, Q: np.ndarray, k: int) -> bool:
        if k not in index.recall:
            sample = Q[np.linspace(0, len(Q) - 1, min(_SAMPLE, len(Q))).astype(int)]
            truth = self.exact.search(sample, k)[1]
            for effort in index.efforts():
                index.effort = effort
                index.recall[k] = _share(self._by_index(index, sample, k)[1], truth)
                if index.recall[k] >= _GOOD:
                    break
            else:
                warnings.warn(
                    f"The approximate index {index.kind!r} finds {index.recall[k]:.1%} of the {k} nearest "
                    f"rows of {len(sample)} queries, and {_GOOD:.0%} are asked for. The exact search is used "
                    "instead.",
                    stacklevel=5,
                )
        return index.recall[k] >= _GOOD

    def _by_index(self, index: Tree | Faiss, Q: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray]:
        sizes, parts = blocks(self.exact.memory, self.rows.width, wanted(k)), []
        for i in range(0, len(Q), sizes.batch):
            part = Q[i : i + sizes.batch]
            positions, beyond = index.candidates(part, wanted(k))
            positions = np.where(self.rows.alive[positions] & (positions >= 0), positions, -1)
            if index.covered < len(self.rows.ids):
                later, others = self.exact.candidates(part, wanted(k), index.covered)
                positions = np.concatenate([positions, later], axis=1)
                beyond = np.minimum(beyond, others) if index.proven else beyond
            if positions.shape[1] < k:
                positions = np.pad(positions, ((0, 0), (0, k - positions.shape[1])), constant_values=-1)
            parts.append(self.exact.prove(part, *self.exact.rank(part, positions, k), beyond))
        return np.concatenate([ids for ids, _ in parts]), np.concatenate([apart for _, apart in parts])


def _share(found: np.ndarray, truth: np.ndarray) -> float:
    return float(np.mean(found <= truth[:, -1:] * (1 + 1e-9) + 1e-150))
