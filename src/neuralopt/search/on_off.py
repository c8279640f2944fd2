"""The search over the incoming weights of one on/off unit: every weight, and directions through all."""

import dataclasses
from types import ModuleType

import numpy as np

from neuralopt.search.step_line import Costs, exact_line, level_line

_ROUNDS = 10  # of conjugate gradients: a direction needs no more
_SCALES = (0.5, 1.0, 2.0)  # at which a direction is rounded to levels


@dataclasses.dataclass
class OnOff:
    """One unit: its pre-activations and incoming weights, and what on and off cost each row.

    Attributes
    ----------
    z : array of shape (n,)
    w : array of shape (d + 1,)
        The bias last.
    columns, inverses, sizes : arrays
        See `Net.columns`.
    costs : Costs
    tolerance : float
        What counts as lower, above rounding.
    loops : module or None
        Compiled loops; only for costs that are summed plainly.
    moves : int
        Accepted so far.
    """

    z: np.ndarray
    w: np.ndarray
    columns: np.ndarray
    inverses: np.ndarray
    sizes: np.ndarray
    costs: Costs
    tolerance: float
    loops: ModuleType | None = None
    moves: int = 0

    def __post_init__(self) -> None:
        if not self.costs.linear:
            self.loops = None
        self._buckets = int(np.clip(2 ** np.ceil(np.log2(len(self.z) / 4)), 16, 4096))

    def weights(self, order: np.ndarray, low: np.ndarray | None, high: np.ndarray | None) -> None:
        """Set weights in turn, each to its exact optimum, within bounds of shape (d + 1,) where given."""
        if self.loops is not None and low is None:
            moves, _ = self.loops.weights(
                *(self.columns, self.inverses, self.sizes, self.z, self.w, self.costs.on[:, 0]),
                *(order, self.tolerance, self._buckets),
            )
            self.moves += moves
            return
        now = self.costs.value(self.z)
        for j in order:
            bounds = self._room(j, low, high)
            step, now = exact_line(self.z, self.columns[j], self.costs, now, self.tolerance, *bounds)
            if step:
                self.z += step * self.columns[j]
                self.w[j] += step
                self.moves += 1

    def gains(self, low: np.ndarray | None, high: np.ndarray | None) -> np.ndarray:
        """Return the objective that each weight alone would reach."""
        now, found = self.costs.value(self.z), np.empty(len(self.w))
        for j in range(len(self.w)):
            bounds = self._room(j, low, high)
            found[j] = exact_line(self.z, self.columns[j], self.costs, now, self.tolerance, *bounds)[1]
        return found

    def levels(self, order: np.ndarray, levels: np.ndarray) -> None:
        """Set weights in turn, each to the best of the levels."""
        if self.loops is not None:
            moves, _ = self.loops.levels(
                *(self.columns, self.sizes, self.z, self.w, self.costs.on[:, 0]),
                *(order, levels, self.tolerance),
            )
            self.moves += moves
            return
        now = self.costs.value(self.z)
        for j in order:
            steps = levels[levels != self.w[j]] - self.w[j]
            step, now = level_line(self.z, self.columns[j], self.costs, now, self.tolerance, steps)
            if step:
                self.z += step * self.columns[j]
                self.w[j] = levels[np.argmin(np.abs(levels - self.w[j] - step))]
                self.moves += 1

    def along(self, direction: np.ndarray) -> None:
        """Move all weights along one direction to the exact optimum."""
        a = direction @ self.columns
        if self.loops is not None:
            step, _ = self.loops.along(self.z, a, self.costs.on[:, 0], self.tolerance, self._buckets)
        else:
            step, _ = exact_line(self.z, a, self.costs, self.costs.value(self.z), self.tolerance)
        if step:
            self.z += step * a
            self.w += step * direction
            self.moves += 1

    def least_squares(self) -> np.ndarray:
        r"""Return the direction toward sign(-c), rows weighted by \|c\|: what a linear fit would change."""
        c = self.costs.on.sum(axis=1) if self.costs.linear else self._slopes()
        size, C = np.abs(c), self.columns
        if self.loops is not None:
            return self.loops.least_squares(C, np.ascontiguousarray(c), size, _ROUNDS)
        right = C @ -c
        D, residual = np.zeros(len(C)), right
        p, square, small = right, float(right @ right), 1e-3 * size.sum()
        stop = 1e-12 * square
        for _ in range(min(_ROUNDS, len(C))):
            if square <= stop:
                break
            q = C @ (size * (p @ C)) + small * p
            step = square / float(p @ q)
            D, residual = D + step * p, residual - step * q
            before, square = square, float(residual @ residual)
            p = residual + square / before * p
        return D

    def rounded(self, levels: np.ndarray) -> None:
        """Try the least-squares direction rounded to the levels, its bias searched exactly."""
        D = self.least_squares()
        size = np.abs(D[:-1]).mean()
        now = self.costs.value(self.z)
        if size == 0:
            return
        top = np.abs(levels).max() or 1.0
        for scale in _SCALES:
            w = _nearest(D * (top * scale / size), levels)
            w[-1] = -float(np.median(w[:-1] @ self.columns[:-1]))
            z = w @ self.columns
            step, value = exact_line(z, self.columns[-1], self.costs, self.costs.value(z), self.tolerance)
            if value < now - self.tolerance:
                w[-1] += step
                self.z, self.w, now = z + step, w, value
                self.moves += 1

    def _room(self, j: int, low: np.ndarray | None, high: np.ndarray | None) -> tuple[float, float]:
        """Return where a step of weight j may go."""
        if low is None or high is None:
            return -np.inf, np.inf
        return float(low[j] - self.w[j]), float(high[j] - self.w[j])

    def _slopes(self) -> np.ndarray:
        """Return what switching each row alone on rather than off does to the objective."""
        on = self.z >= 0
        sums = self.costs.off + self.costs.on[on].sum(axis=0)
        c = self.costs.on
        return self.costs.combine(sums + np.where(on[:, None], 0, c)) - self.costs.combine(
            sums - np.where(on[:, None], c, 0)
        )


def _nearest(w: np.ndarray, levels: np.ndarray) -> np.ndarray:
    return levels[np.abs(w[:, None] - levels).argmin(axis=1)].astype(np.float64)
