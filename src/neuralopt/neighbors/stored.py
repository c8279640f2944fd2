"""The rows of a lookup: its settings, and how rows come, go and are looked up by their ids."""

from typing import Any, Self

import numpy as np

from neuralopt.core.errors import DataError, InvalidArgument, did_you_mean, raise_problems, refuse_unknown
from neuralopt.core.scalars import check_count
from neuralopt.neighbors.approximate import faiss_module
from neuralopt.neighbors.checks import check_ids, check_rows, check_targets
from neuralopt.neighbors.memory import parse_memory
from neuralopt.neighbors.metrics import METRICS
from neuralopt.neighbors.rows import Rows
from neuralopt.neighbors.searcher import Searcher
from neuralopt.storage.paging import is_mapped

_BACKENDS = ("auto", "exact", "kdtree", "faiss")
_INDEXES = ("auto", "flat", "ivf", "hnsw")


class Stored:
    """Base that holds the rows; `SimilarityLookup` says what the arguments mean."""

    @refuse_unknown
    def __init__(
        self,
        k_neighbors: int = 5,
        metric: str = "euclidean",
        backend: str = "auto",
        max_memory: int | str = "256MB",
        faiss_index: str = "auto",
    ) -> None:
        self.k_neighbors = check_count("k_neighbors", k_neighbors)
        choices = {
            "metric": (metric, METRICS),
            "backend": (backend, _BACKENDS),
            "faiss_index": (faiss_index, _INDEXES),
        }
        raise_problems(
            [
                f"{name} must be one of {', '.join(known)}, got {value!r}.{did_you_mean(str(value), known)}"
                for name, (value, known) in choices.items()
                if value not in tuple(known)
            ]
        )
        if backend == "faiss":
            faiss_module()
            if metric == "manhattan":
                raise InvalidArgument(
                    "backend='faiss' has no Manhattan distance here. Use backend='auto' or 'exact', or "
                    "another metric."
                )
        self.metric, self.backend, self.faiss_index = metric, backend, faiss_index
        self.max_memory = max_memory
        self._memory = parse_memory(max_memory)
        self._searcher: Searcher | None = None
        self.backend_: str | None = None

    def fit(self, X_real: Any, y_real: Any = None, ids: Any = None) -> Self:
        """Store rows; earlier ones are forgotten.

        Parameters
        ----------
        X_real : array-like, shape (n, d)
            Rows. They are copied, except a read-only memory map.
        y_real : array-like, shape (n,) or (n, outputs), optional
            Their targets, for `targets`.
        ids : array-like of int, shape (n,), optional
            Their identifiers; 0 to n-1 without.

        Returns
        -------
        self

        Raises
        ------
        DataError
            For rows or targets that cannot be used.
        """
        X = self._checked(X_real, "X_real", None)
        y = None if y_real is None else check_targets(y_real, len(X), None).copy()
        names = np.arange(len(X)) if ids is None else check_ids(ids, rows=len(X))
        mapped = is_mapped(X) and bool((np.diff(names) > 0).all())
        rows = Rows(X if mapped else np.array(X), y, names, mapped)
        self._searcher = Searcher(
            rows, METRICS[self.metric](rows), self._memory, self.backend, self.faiss_index
        )
        return self

    def add(self, X: Any, y: Any = None, ids: Any = None) -> Self:
        """Add rows.

        Parameters
        ----------
        X : array-like, shape (n, d)
            Rows; kept in the type of the rows of `fit`.
        y : array-like, shape (n,) or (n, outputs), optional
            Their targets; needed where `fit` had targets.
        ids : array-like of int, shape (n,), optional
            Their identifiers; without, the numbers after the largest one ever used.

        Returns
        -------
        self

        Raises
        ------
        InvalidArgument
            When an id is taken; then nothing is added.
        """
        searcher, rows, targets = self._rows_to_add(X, y)
        begin = searcher.rows.next_id
        names = np.arange(begin, begin + len(rows)) if ids is None else check_ids(ids, rows=len(rows))
        taken = names[searcher.rows.places(names) >= 0]
        if len(taken):
            raise InvalidArgument(f"The id {taken[0]} is there already. Use update, or another id.")
        searcher.append(rows, targets, names)
        return self

    def remove(self, ids: Any) -> Self:
        """Remove rows.

        Parameters
        ----------
        ids : array-like of int, shape (n,)
            Their identifiers.

        Returns
        -------
        self

        Raises
        ------
        InvalidArgument
            When there is no such row; then nothing is removed.
        """
        searcher = self._fitted()
        searcher.remove(searcher.rows.find(check_ids(ids)))
        return self

    def update(self, X: Any, y: Any = None, ids: Any = None) -> Self:
        """Replace rows, their identifiers kept.

        Parameters
        ----------
        X : array-like, shape (n, d)
            The new rows.
        y : array-like, shape (n,) or (n, outputs), optional
            Their targets; needed where `fit` had targets.
        ids : array-like of int, shape (n,)
            The identifiers of the rows to replace.

        Returns
        -------
        self

        Raises
        ------
        InvalidArgument
            When there is no such row; then nothing is replaced.
        """
        searcher, rows, targets = self._rows_to_add(X, y)
        if ids is None:
            raise InvalidArgument("update needs ids: which rows are to be replaced? To add rows, use add.")
        names = check_ids(ids, rows=len(rows))
        places = searcher.rows.find(names)
        searcher.append_over(places, rows, targets, names)
        return self

    def rows(self, ids: Any) -> np.ndarray:
        """Return stored rows.

        Parameters
        ----------
        ids : array-like of int, any shape
            Identifiers, such as those that `find_similar` returns; repeated ones are allowed.

        Returns
        -------
        numpy.ndarray, shape (*ids.shape, d)
            The rows, of float64.
        """
        stored, places = self._places(ids)
        return stored.take(places.ravel()).reshape(*places.shape, stored.width)

    def targets(self, ids: Any) -> np.ndarray:
        """Return the targets of stored rows.

        Parameters
        ----------
        ids : array-like of int, any shape
            Identifiers; repeated ones are allowed.

        Returns
        -------
        numpy.ndarray, shape (*ids.shape,) or (*ids.shape, outputs)
            The targets.
        """
        stored, places = self._places(ids)
        if stored.y is None:
            raise DataError("The rows were stored without targets. Give y_real to fit.")
        found = stored.targets(places.ravel())
        return found.reshape(*places.shape, *found.shape[1:])

    def __len__(self) -> int:
        return 0 if self._searcher is None else len(self._searcher.rows)

    def __repr__(self) -> str:
        return (
            f"SimilarityLookup(k_neighbors={self.k_neighbors}, metric={self.metric!r}, "
            f"backend={self.backend!r}, {len(self)} rows)"
        )

    def _fitted(self) -> Searcher:
        if self._searcher is None:
            raise InvalidArgument("The lookup holds no rows yet. Call fit(X_real, y_real) first.")
        return self._searcher

    def _checked(self, X: Any, name: str, width: int | None) -> np.ndarray:
        rows = check_rows(X, name, width)
        if self.metric == "cosine":
            zero = ~rows.any(axis=1)
            if zero.any():
                raise DataError(
                    f"{name} must have no zero rows under metric='cosine': row {np.argmax(zero)} has no "
                    "direction. Leave it out, or use another metric."
                )
        return rows

    def _rows_to_add(self, X: Any, y: Any) -> tuple[Searcher, np.ndarray, np.ndarray | None]:
        searcher = self._fitted()
        rows, like = self._checked(X, "X", searcher.rows.width), searcher.rows.y
        if (y is None) != (like is None):
            had, got = ("targets", "none") if y is None else ("no targets", "some")
            raise DataError(
                f"The lookup was fitted with {had}, got {got}. Give y in both calls, or in neither."
            )
        return searcher, rows, None if y is None else check_targets(y, len(rows), like)

    def _places(self, ids: Any) -> tuple[Rows, np.ndarray]:
        stored, names = self._fitted().rows, np.asarray(ids)
        distinct, back = np.unique(names, return_inverse=True)
        return stored, stored.find(check_ids(distinct))[back].reshape(names.shape)
