"""The stored rows: a part that may lie in a memory map, a part that grows, and who is removed."""

from collections.abc import Iterator

import numpy as np

from neuralopt.core.errors import InvalidArgument
from neuralopt.storage.paging import release_pages

_DEAD = 0.2
_TOUCHED = 24  # rows of a map read at a time: each may bring 2 MB into the resident memory with it


class Growing:
    """An array that rows are appended to, its capacity doubled when it is full."""

    def __init__(self, first: np.ndarray) -> None:
        self._data, self._used = first, len(first)

    @property
    def array(self) -> np.ndarray:
        """The rows so far, as a view."""
        return self._data[: self._used]

    def append(self, rows: np.ndarray) -> None:
        """Append rows."""
        end = self._used + len(rows)
        if end > len(self._data):
            wider = np.empty((max(end, 2 * len(self._data)), *self._data.shape[1:]), self._data.dtype)
            wider[: self._used] = self.array
            self._data = wider
        self._data[self._used : end] = rows
        self._used = end


class Rows:
    """Rows by position; a position holds one row until `compact`, removed or not.

    Parameters
    ----------
    X : numpy.ndarray, shape (n, d)
        Read-only memory maps are read where they are; all else belongs to this object from now on.
    y : numpy.ndarray or None
        Targets.
    ids : numpy.ndarray, shape (n,)
        Of int64; ascending where X is mapped.
    mapped : bool
        Whether X and y are views of a read-only memory map.
    """

    def __init__(self, X: np.ndarray, y: np.ndarray | None, ids: np.ndarray, mapped: bool = False) -> None:
        fixed = len(X) if mapped else 0
        self.fixed_X, self._tail_X = X[:fixed], Growing(X[fixed:])
        self._fixed_y = None if y is None else y[:fixed]
        self._tail_y = None if y is None else Growing(y[fixed:])
        self._ids, self._alive = Growing(ids), Growing(np.ones(len(ids), bool))
        self.fixed, self.dead = fixed, 0
        self.next_id = int(ids.max()) + 1
        self._places: dict[int, int] | None = None  # of the growing part; made when first needed

    def __len__(self) -> int:
        return len(self._ids.array) - self.dead

    @property
    def ids(self) -> np.ndarray:
        """The identifier at every position."""
        return self._ids.array

    @property
    def alive(self) -> np.ndarray:
        """Whether the row at a position is not removed."""
        return self._alive.array

    @property
    def width(self) -> int:
        """The number of columns."""
        return self.fixed_X.shape[1]

    @property
    def y(self) -> np.ndarray | None:
        """An array with the outputs' shape and type, or None without targets."""
        return None if self._tail_y is None else self._tail_y.array

    def blocks(self, size: int, begin: int = 0, first: int | None = None) -> Iterator[tuple[int, np.ndarray]]:
        """Yield the position and the rows of every block from ``begin`` on, removed rows included."""
        end = len(self.ids)
        step = size if first is None else min(first, size)
        while begin < end:
            stop = min(begin + step, end, self.fixed if begin < self.fixed else end)
            if begin < self.fixed:
                yield begin, self.fixed_X[begin:stop]
                release_pages(self.fixed_X)
            else:
                yield begin, self._tail_X.array[begin - self.fixed : stop - self.fixed]
            begin, step = stop, size

    def take(self, positions: np.ndarray) -> np.ndarray:
        """Return the rows at positions, of float64."""
        if not self.fixed:
            return self._tail_X.array[positions].astype(np.float64, copy=False)
        rows = np.empty((len(positions), self.width))
        low = positions < self.fixed
        mapped = np.flatnonzero(low)[np.argsort(positions[low])]  # neighbours in the file share their pages
        for begin in range(0, len(mapped), _TOUCHED):
            part = mapped[begin : begin + _TOUCHED]
            rows[part] = self.fixed_X[positions[part]]
            release_pages(self.fixed_X)
        rows[~low] = self._tail_X.array[positions[~low] - self.fixed]
        return rows

    def targets(self, positions: np.ndarray) -> np.ndarray:
        """Return the targets at positions."""
        assert self._tail_y is not None
        assert self._fixed_y is not None
        tail = self._tail_y.array
        found = np.empty((len(positions), *tail.shape[1:]), tail.dtype)
        low = positions < self.fixed
        found[low] = self._fixed_y[positions[low]]
        found[~low] = tail[positions[~low] - self.fixed]
        return found

    def append(self, X: np.ndarray, y: np.ndarray | None, ids: np.ndarray) -> None:
        """Append rows whose identifiers are free."""
        begin = len(self.ids)
        self._tail_X.append(X)
        if self._tail_y is not None:
            assert y is not None
            self._tail_y.append(y)
        self._ids.append(ids)
        self._alive.append(np.ones(len(ids), bool))
        self._index().update(zip(ids.tolist(), range(begin, begin + len(ids)), strict=True))
        self.next_id = max(self.next_id, int(ids.max()) + 1)

    def remove(self, positions: np.ndarray) -> None:
        """Mark rows as removed."""
        self.alive[positions] = False
        self.dead += len(positions)
        for name in self.ids[positions].tolist():
            self._index().pop(name, None)

    def places(self, ids: np.ndarray) -> np.ndarray:
        """Return the position of every identifier, -1 where there is no such row."""
        index = self._index()
        found = np.array([index.get(name, -1) for name in ids.tolist()], np.int64)
        if self.fixed:
            fixed = self.ids[: self.fixed]
            near = np.minimum(np.searchsorted(fixed, ids), self.fixed - 1)
            held = (found < 0) & (fixed[near] == ids) & self.alive[near]
            found[held] = near[held]
        return found

    def find(self, ids: np.ndarray) -> np.ndarray:
        """Return the position of every identifier, or raise with the first that there is not."""
        found = self.places(ids)
        if (found < 0).any():
            raise InvalidArgument(
                f"There is no row with the id {ids[found < 0][0]} among the {len(self)} rows. "
                "Likely cause: it was removed, or never added."
            )
        return found

    def crowded(self) -> bool:
        """Whether a fifth of the positions is wasted on removed rows."""
        return self.dead > max(32, _DEAD * len(self.ids))

    def compact(self) -> "Rows":
        """Return the rows that are left, in order of their identifiers."""
        left = np.flatnonzero(self.alive)
        left = left[np.argsort(self.ids[left])]
        X = self.take(left).astype(self.fixed_X.dtype, copy=False)
        rows = Rows(X, None if self.y is None else self.targets(left), self.ids[left])
        rows.next_id = self.next_id
        return rows

    def _index(self) -> dict[int, int]:
        if self._places is None:
            left = self.fixed + np.flatnonzero(self.alive[self.fixed :])
            self._places = dict(zip(self.ids[left].tolist(), left.tolist(), strict=True))
        return self._places
