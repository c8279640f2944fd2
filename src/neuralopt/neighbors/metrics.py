"""What a metric means: its distance in float64, and a cheap bound below it that never promises too much.

A row is placed in a space (itself, its direction, its whitened form), centred, scaled by a power of two and
kept in float32 as u, the query likewise as v. With N = |u|^2 + |v|^2 and d columns, the rounding of u and v
(4 N), of the product in any order of summation (d N) and of the sums (4 N), in units of 2^-24, gives

    |x - q|^2 >= (1 - e) N - 2 u'v,    e = 2^-24 (1.02 d + 16).
"""

import copy
import warnings
from collections.abc import Iterator
from typing import Self

import numpy as np
from scipy.spatial.distance import cdist

from neuralopt.core.errors import DataError
from neuralopt.neighbors.rows import Rows

_HALF_ULP = 2.0**-24
_FAR = 1e28  # beyond it products of float32 could overflow
_BLOCK = 8192


class Euclidean:
    """The Euclidean distance, and the base of all that are Euclidean in some space.

    Parameters
    ----------
    rows : Rows
        The rows that the space is fitted to.
    """

    name = "euclidean"
    cached = True  # whether codes are smaller than the rows and worth keeping
    kind: type = np.float32  # of bounds
    tree_metric = "euclidean"

    def __init__(self, rows: Rows) -> None:
        self.shrink = 1.0 - _HALF_ULP * (1.02 * rows.width + 16)
        self.radius = 0.0  # how far rounding may move a row in this space
        self._frame(rows)

    def _frame(self, rows: Rows) -> None:
        """Choose the centre and the scale of the codes."""
        total, count = 0.0, 0
        for block in self._placed(rows):
            total, count = total + block.sum(axis=0), count + len(block)
        self.centre = np.asarray(total) / max(count, 1)
        largest = max((float(np.abs(block - self.centre).max()) for block in self._placed(rows)), default=0.0)
        self.scale = float(2.0 ** np.ceil(np.log2(largest))) if largest > 1e-300 else 1.0

    def reframed(self, rows: Rows) -> Self:
        """Return the same metric with codes on a scale that suits these rows."""
        metric = copy.copy(self)
        metric._frame(rows)
        return metric

    def state(self) -> dict[str, np.ndarray]:
        """Return all that is to be kept, as arrays."""
        kept = {name: value for name, value in vars(self).items() if isinstance(value, np.ndarray | float)}
        return {name: np.asarray(value, np.float64) for name, value in kept.items()}

    @classmethod
    def restored(cls, state: dict[str, np.ndarray]) -> Self:
        """Return the metric whose `state` this is."""
        metric = cls.__new__(cls)
        for name, value in state.items():
            setattr(metric, name, value if value.ndim else float(value))
        return metric

    def place(self, X: np.ndarray) -> np.ndarray:
        """Return rows of float64 in the space where the metric is Euclidean."""
        return X

    def distances(self, x: np.ndarray, q: np.ndarray) -> np.ndarray:
        """Return the distance of every row of ``x`` from the same row of ``q``, both float64."""
        apart = x - q
        return np.sqrt(np.sum(apart * apart, axis=-1))

    def reach(self, distance: np.ndarray) -> np.ndarray:
        """Return how far apart in the space rows may lie whose computed distance is at most this."""
        return distance * (1 + 1e-12) + 1e-150 + self.radius

    def encode(self, X: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return the codes u of rows and what a row adds to its bound, (1 - e) |u|^2."""
        codes = ((self.place(X.astype(np.float64, copy=False)) - self.centre) / self.scale).astype(np.float32)
        return codes, (self.shrink * squares(codes)).astype(np.float32)

    def encode_queries(self, Q: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return the codes v of queries and what a query adds to its bounds."""
        placed = (self.place(Q) - self.centre) / self.scale
        far = np.abs(placed).max(axis=1) > _FAR
        placed[far] = 0.0  # their bound says nothing, so that all rows are compared in float64
        codes = placed.astype(np.float32)
        own = self.shrink * squares(codes) - (codes.shape[1] + 8) * 2.0**-120  # what underflows
        return codes, np.where(far, -np.inf, own)

    def compare(
        self, codes: np.ndarray, rows: np.ndarray, offsets: np.ndarray, space: np.ndarray
    ) -> np.ndarray:
        """Return the bounds of all pairs less what the query adds, (queries, rows), written to space."""
        found = space[: len(codes) * len(rows)].reshape(len(codes), len(rows))
        np.matmul(-2 * codes, rows.T, out=found)
        found += offsets
        return found

    def beyond(self, bound: np.ndarray, own: np.ndarray) -> np.ndarray:
        """Return the distance in the space that a bound promises."""
        with np.errstate(invalid="ignore"):  # infinity less infinity: no rows are left, and the query is far
            squared = bound.astype(np.float64) + own
        promised = np.sqrt(np.maximum(np.nan_to_num(squared, nan=-np.inf, posinf=np.inf, neginf=-np.inf), 0))
        return self.scale * promised * (1 - 1e-12)

    def limit(self, reach: np.ndarray, own: np.ndarray) -> np.ndarray:
        """Return the largest bound that a row within reach can have."""
        with np.errstate(over="ignore"):
            wanted = ((reach / self.scale) ** 2 - own) * (1 + 1e-12) + 1e-12 * np.abs(
                np.where(own > -1e300, own, 0)
            )
            return np.nextafter(
                np.clip(wanted, -1e38, 3e38).astype(np.float32), np.float32(np.inf), dtype=np.float32
            )

    def fits(self, X: np.ndarray) -> bool:
        """Whether new rows are near enough for codes on this scale."""
        placed = np.abs(self.place(X.astype(np.float64, copy=False)) - self.centre)
        return bool(placed.max() <= 2.0**20 * self.scale)

    def _placed(self, rows: Rows) -> Iterator[np.ndarray]:
        for begin, block in rows.blocks(_BLOCK):
            left = block[rows.alive[begin : begin + len(block)]].astype(np.float64, copy=False)
            if len(left):
                yield self.place(left)


class Cosine(Euclidean):
    """One minus the cosine of the angle: half the squared distance of the directions."""

    name = "cosine"

    def place(self, X: np.ndarray) -> np.ndarray:
        """Return the directions of rows; see `Euclidean.place`."""
        X = X / np.max(np.abs(X), axis=1, keepdims=True)  # nothing overflows, and multiples become equal
        return X / np.sqrt(np.sum(X * X, axis=1, keepdims=True))

    def distances(self, x: np.ndarray, q: np.ndarray) -> np.ndarray:
        """Return distances; see `Euclidean.distances`."""
        apart = self.place(x) - self.place(q)
        return np.sum(apart * apart, axis=-1) / 2

    def reach(self, distance: np.ndarray) -> np.ndarray:
        """Return distances in the space; see `Euclidean.reach`."""
        return np.sqrt(2 * distance) * (1 + 1e-12) + 1e-150


class Mahalanobis(Euclidean):
    """The Euclidean distance of whitened rows, ``(x - q) V L^(-1/2)`` over the correlation's eigenvectors.

    The covariance is that of the rows of `fit`. Where it is singular, its pseudo-inverse is used: directions
    in which no two rows differ do not count.
    """

    name = "mahalanobis"

    def __init__(self, rows: Rows) -> None:
        plain = Euclidean(rows)
        self.middle, self.spread = plain.centre, 0.0
        moments, count = np.zeros((rows.width, rows.width)), 0
        for block in plain._placed(rows):
            centred = block - self.middle
            moments, count = moments + centred.T @ centred, count + len(block)
            self.spread = max(self.spread, float(np.sqrt(squares(centred).max())))
        self.whitening = _whitening(moments / max(count - 1, 1), count)
        super().__init__(rows)
        self.rounding = 4 * (rows.width + 4) * 2.0**-53 * float(np.linalg.norm(self.whitening))
        self.radius = 2 * self.rounding * self.spread

    def place(self, X: np.ndarray) -> np.ndarray:
        """Return whitened rows; see `Euclidean.place`."""
        return (X - self.middle) @ self.whitening

    def distances(self, x: np.ndarray, q: np.ndarray) -> np.ndarray:
        """Return distances; see `Euclidean.distances`."""
        apart = x - q
        white = np.zeros((len(apart), self.whitening.shape[1]))
        for j, row in enumerate(self.whitening):  # a matrix product may round equal rows differently
            white += apart[:, j, None] * row
        return np.sqrt(np.sum(white * white, axis=-1))

    def encode(self, X: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return codes; see `Euclidean.encode`."""
        self._widen(X)
        return super().encode(X)

    def encode_queries(self, Q: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return codes; see `Euclidean.encode_queries`."""
        self._widen(Q)
        return super().encode_queries(Q)

    def _widen(self, X: np.ndarray) -> None:
        self.spread = max(self.spread, float(np.sqrt(squares(X - self.middle).max())))
        self.radius = 2 * self.rounding * self.spread


class Manhattan(Euclidean):
    """The sum of absolute differences, computed in float64 for all pairs."""

    name = "manhattan"
    cached = False
    kind = np.float64
    tree_metric = "manhattan"

    def distances(self, x: np.ndarray, q: np.ndarray) -> np.ndarray:
        """Return distances; see `Euclidean.distances`."""
        return np.sum(np.abs(x - q), axis=-1)

    def encode(self, X: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return the rows themselves; see `Euclidean.encode`."""
        return X.astype(np.float64, copy=False), np.zeros(len(X))

    def encode_queries(self, Q: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return the queries themselves; see `Euclidean.encode_queries`."""
        return Q, np.zeros(len(Q))

    def compare(
        self, codes: np.ndarray, rows: np.ndarray, offsets: np.ndarray, space: np.ndarray
    ) -> np.ndarray:
        """Return distances; see `Euclidean.compare`."""
        found = space[: len(codes) * len(rows)].reshape(len(codes), len(rows))
        cdist(codes, rows, "cityblock", out=found)
        found += offsets
        return found

    def beyond(self, bound: np.ndarray, own: np.ndarray) -> np.ndarray:
        """Return distances; see `Euclidean.beyond`."""
        return bound * (1 - 1e-9)

    def limit(self, reach: np.ndarray, own: np.ndarray) -> np.ndarray:
        """Return distances; see `Euclidean.limit`."""
        return np.minimum(reach * (1 + 1e-9), 1e300)


METRICS: dict[str, type[Euclidean]] = {
    kind.name: kind for kind in (Euclidean, Cosine, Manhattan, Mahalanobis)
}


def squares(X: np.ndarray) -> np.ndarray:
    """Return the squared length of every row, in float64."""
    return np.einsum("ij,ij->i", X, X, dtype=np.float64)


def _whitening(covariance: np.ndarray, count: int) -> np.ndarray:
    width, deviation = len(covariance), np.sqrt(np.diag(covariance))
    varies = deviation > 0
    if not varies.any():
        raise DataError(
            "metric='mahalanobis' needs rows that differ from one another; all rows are the same. "
            "Use another metric."
        )
    per_deviation = np.where(varies, 1 / np.where(varies, deviation, 1.0), 0.0)
    values, vectors = np.linalg.eigh(covariance * per_deviation[:, None] * per_deviation)
    kept = values > max(count, width) * np.finfo(float).eps * values[-1]
    if not kept.all():
        warnings.warn(
            f"The covariance of the {count} rows is singular: rank {kept.sum()} of {width}. Its "
            "pseudo-inverse is used, so directions in which the rows do not differ do not count. "
            "Likely cause: constant or dependent columns, or fewer rows than columns.",
            stacklevel=5,
        )
    return per_deviation[:, None] * vectors[:, kept] / np.sqrt(values[kept])
