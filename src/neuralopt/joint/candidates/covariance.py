"""The covariance of a correction: smooth in scaled inputs, linear in features, and noise."""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

_RANGE = (-5.0, 5.0)  # of the logarithm of a lengthscale, in units of the column's standard deviation
_SHARE = (-16.0, 6.0)  # of the logarithm of a variance beside another one


class Rows(NamedTuple):
    """What a covariance reads of rows; either may be of no width."""

    inputs: np.ndarray  # (n, p), for the smooth part
    features: np.ndarray  # (n, m), for the linear part


@dataclass(frozen=True)
class Covariance:
    r"""A stationary part, a linear part and noise, with logarithmic parameters t.

    .. math:: K_{ij} = v_s \exp(-\tfrac12 \textstyle\sum_j (x_{ij} - x'_{ij})^2 / l_j^2)
        + v_h h_i' h_j / m + v_n \delta_{ij} / s_i

    The whole is scaled by a variance that is profiled out, so that one of the two variances is held at one.

    Attributes
    ----------
    inputs : int
        Columns of the stationary part, 0 for none.
    linear : bool
        Whether there is a linear part.
    typical : float
        The lengthscale expected before any data are seen.
    """

    inputs: int
    linear: bool
    typical: float = 1.5

    @property
    def size(self) -> int:
        """Number of parameters."""
        return self.inputs + (self.inputs > 0 and self.linear) + 1

    def start(self) -> np.ndarray:
        """Return the parameters expected beforehand."""
        return np.concatenate(
            [np.full(self.inputs, np.log(self.typical)), np.zeros(self.size - self.inputs - 1), [-7.0]]
        )

    def starts(self) -> list[np.ndarray]:
        """Return where a search for the parameters begins: shorter, longer, and more noise."""
        t = self.start()
        scale, last = np.arange(self.size) < self.inputs, np.arange(self.size) == self.size - 1
        shifted = [t - scale, t + scale] if self.inputs else []
        return [t, *shifted, np.where(last, -2.0, t)]

    def bounds(self) -> list[tuple[float, float]]:
        """Return the box of the parameters."""
        return [_RANGE] * self.inputs + [_SHARE] * (self.size - self.inputs - 1) + [(-18.0, 3.0)]

    def prior(self, t: np.ndarray) -> tuple[float, np.ndarray]:
        """Return the negative logarithm of the prior density (up to a constant) and its gradient."""
        wide = np.concatenate([np.full(self.inputs, 1.0), np.full(self.size - self.inputs - 1, 4.0), [6.0]])
        z = (t - self.start()) / wide
        return 0.5 * float(z @ z), z / wide

    def across(self, t: np.ndarray, left: Rows, right: Rows) -> np.ndarray:
        """Return the covariance between two sets of rows, without noise."""
        K = np.zeros((_count(left), _count(right)))
        if self.inputs:
            scale = np.exp(-t[: self.inputs])
            K += _smooth(left.inputs * scale, right.inputs * scale)
        if self.linear:
            K += self._linear_share(t) * (left.features @ right.features.T) / left.features.shape[1]
        return K

    def own(self, t: np.ndarray, rows: Rows) -> np.ndarray:
        """Return the variance at each row, without noise."""
        K = np.full(_count(rows), 1.0 if self.inputs else 0.0)
        if self.linear:
            K += self._linear_share(t) * np.sum(rows.features**2, axis=1) / rows.features.shape[1]
        return K

    def noise(self, t: np.ndarray) -> float:
        """Return the variance of the noise of a row of weight one."""
        return float(np.exp(t[-1]))

    def gradient(self, t: np.ndarray, rows: Rows, G: np.ndarray) -> np.ndarray:
        """Return the gradient of a function in t, given its gradient G in the covariance without noise."""
        found = np.zeros(self.size - 1)
        if self.inputs:
            X = rows.inputs * np.exp(-t[: self.inputs])
            B = G * _smooth(X, X)
            # sum_ij B_ij (x_i - x_j)^2 for a symmetric B, without a tensor of differences
            found[: self.inputs] = 2 * (B.sum(axis=1) @ X**2 - np.sum(X * (B @ X), axis=0))
        if self.size - 1 > self.inputs:
            H = rows.features
            found[-1] = self._linear_share(t) * np.sum(H * (G @ H)) / H.shape[1]
        return found

    def _linear_share(self, t: np.ndarray) -> float:
        return float(np.exp(t[self.inputs])) if self.inputs else 1.0


def _count(rows: Rows) -> int:
    return len(rows.inputs)


def _smooth(A: np.ndarray, B: np.ndarray) -> np.ndarray:
    squares = np.sum(A**2, axis=1)[:, None] + np.sum(B**2, axis=1)[None, :] - 2 * A @ B.T
    return np.exp(-0.5 * np.maximum(squares, 0.0))
