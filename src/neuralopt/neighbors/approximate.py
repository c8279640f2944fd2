"""The indexes of faiss: Flat, whose results are proven, and IVF and HNSW, whose recall is measured."""

import importlib
from types import ModuleType

import numpy as np

from neuralopt.core.errors import missing_dependency
from neuralopt.neighbors.exact import Exact
from neuralopt.neighbors.metrics import squares

_BLOCK = 8192
_LINKS = 32
_EFFORTS = (16, 32, 64, 128, 256)  # cells visited by IVF, length of HNSW's list


def has_faiss() -> bool:
    """Whether faiss is installed."""
    try:
        faiss_module()
    except ImportError:
        return False
    return True


def faiss_module() -> ModuleType:
    """Return faiss, or raise with the line that installs it."""
    try:
        return importlib.import_module("faiss")
    except ImportError:
        raise missing_dependency("faiss", "faiss", "backend='faiss'") from None


class Faiss:
    """An index of faiss over the codes of the rows.

    Positions stay as they are, so removed rows are filtered from what the index finds (HNSW cannot delete);
    it is built anew when a fifth of its rows is removed.

    Parameters
    ----------
    exact : Exact
        The rows and their metric.
    kind : str
        ``"flat"``, ``"ivf"`` or ``"hnsw"``.
    """

    def __init__(self, exact: Exact, kind: str) -> None:
        faiss = faiss_module()
        rows, self.metric, self.kind = exact.rows, exact.metric, kind
        self.covered, self.dead, self.proven = len(rows.ids), rows.dead, kind == "flat"
        self._positions = np.flatnonzero(rows.alive)
        codes = np.concatenate([self.metric.encode(X)[0] for _, X in rows.blocks(_BLOCK)])[self._positions]
        width = codes.shape[1]
        self._index = faiss.IndexFlatL2(width)
        if kind == "ivf":
            cells = max(1, min(int(len(codes) ** 0.5), len(codes) // 39))  # faiss asks for 39 rows a cell
            self._cells = self._index
            self._index = faiss.IndexIVFFlat(self._cells, width, cells)
            self._index.train(codes)
        elif kind == "hnsw":
            self._index = faiss.IndexHNSWFlat(width, _LINKS)
        self._index.add(codes)
        self.effort = _EFFORTS[0]
        self.recall: dict[int, float] = {}  # by k, as audited
        # faiss rounds both squared lengths as well: d + 8 units of 2^-24 more than our own bounds
        self._error = 2.0**-24 * (2.04 * width + 32)
        self._longest = float(squares(codes).max())

    def efforts(self) -> tuple[int, ...]:
        """Return the settings of IVF and HNSW from the one in force to the most thorough."""
        return tuple(effort for effort in _EFFORTS if effort >= self.effort)

    def candidates(self, Q: np.ndarray, count: int) -> tuple[np.ndarray, np.ndarray]:
        """Return positions and how far away all others surely are; see `Exact.candidates`.

        Of IVF and HNSW nothing is sure; infinity stands for them, and the audit for a proof.
        """
        codes, own = self.metric.encode_queries(Q)
        if self.kind == "ivf":
            self._index.nprobe = min(self.effort, self._index.nlist)
        elif self.kind == "hnsw":
            self._index.hnsw.efSearch = max(self.effort, 2 * count)
        asked = min(count, len(self._positions))
        squared, found = self._index.search(codes, asked)
        positions = np.where(found >= 0, self._positions[found], -1)
        if not self.proven or asked == len(self._positions):
            return positions, np.full(len(Q), np.inf)
        least = squared[:, -1] - self._error * (squares(codes) + self._longest)
        return positions, np.where(own > -np.inf, self.metric.beyond(least, np.zeros(len(Q))), 0.0)
