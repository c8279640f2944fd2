"""One scale for simulated and real rows."""

from typing import NamedTuple

import numpy as np

_FAR = 3.0  # times the simulated rows' spread


class Scale(NamedTuple):
    """Means and standard deviations of columns."""

    mean: np.ndarray  # (d,)
    spread: np.ndarray  # (d,)

    def apply(self, A: np.ndarray) -> np.ndarray:
        """Return rows in units of the scale."""
        return (A - self.mean) / self.spread

    def undo(self, A: np.ndarray) -> np.ndarray:
        """Return rows in their own units."""
        return A * self.spread + self.mean


def joint_scale(simulated: np.ndarray, real: np.ndarray, constant: float = 1.0) -> Scale:
    """Return the scale of simulated and real rows together.

    Where the real rows alone would blow a column's spread up more than threefold, by other units or by an
    outlier, the simulated rows set the scale: the network would otherwise see almost constant inputs.

    Parameters
    ----------
    simulated, real : array of shape (n, d)
        Rows in their own units; there may be no real ones.
    constant : float, default 1.0
        Spread of a constant column. Infinity turns all its values to zero, later ones as well: nothing is
        known of what it does.

    Returns
    -------
    Scale
        Of every column.

    Examples
    --------
    >>> joint_scale(np.array([[0.0], [2.0]]), np.array([[4.0]])).mean
    array([2.])
    """
    own, both = _scale(simulated, constant), _scale(np.vstack([simulated, real]), constant)
    varies = np.ptp(simulated, axis=0) > 0
    far = varies & (both.spread > _FAR * own.spread)
    return Scale(np.where(far, own.mean, both.mean), np.where(far, own.spread, both.spread))


def _scale(A: np.ndarray, still: float) -> Scale:
    mean = A.mean(axis=0)
    spread = A.std(axis=0)
    constant = spread <= 1e-12 * np.maximum(np.abs(A).max(axis=0), 1e-300)
    return Scale(np.where(constant, A[0], mean), np.where(constant, still, spread))
