"""The covariance of a correction: smooth in scaled inputs, linear in features, and noise."""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

_RANGE = (-5.0, 5.0)  # of the logarithm of a lengthscale, in units of the column's standard deviation
_APART = 10  # lengthscales that are independent beforehand
_SHARE = (-16.0, 6.0)  # of the logarithm of a variance beside another one


class Rows(NamedTuple):
    """What a covariance reads of rows; either may be of no width."""

    inputs: np.ndarray  # (n, p), for the smooth part
    features: np.ndarray  # (n, m), for the linear part


class Grams(NamedTuple):
    """What a covariance reads of pairs of rows, once for all parameters."""

    squares: np.ndarray  # (p, n, n'), squared differences of every input
    linear: np.ndarray  # (n, n'), products of the features over their number; zeros without features


def grams(left: Rows, right: Rows) -> Grams:
    """Return what there is to know of the pairs of two sets of rows."""
    differences = left.inputs.T[:, :, None] - right.inputs.T[:, None, :]
    if not left.features.shape[1]:
        return Grams(np.square(differences), np.zeros((len(left.inputs), len(right.inputs))))
    return Grams(np.square(differences), left.features @ right.features.T / left.features.shape[1])


@dataclass(frozen=True)
class Covariance:
    r"""A stationary part, a linear part and noise, with logarithmic parameters t.

    .. math:: K_{ij} = v_s \exp(-\tfrac12 \textstyle\sum_j (x_{ij} - x'_{ij})^2 / l_j^2)
        + v_h h_i' h_j / m + v_n \delta_{ij} / s_i

    The whole is scaled by a variance that is profiled out, so that one of the two variances is held at one.
    Where t has leading axes, the result has them too.

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

    def starts(self) -> np.ndarray:
        """Return where a search for the parameters begins: shorter, longer, and more noise."""
        t = self.start()
        scale, last = np.arange(self.size) < self.inputs, np.arange(self.size) == self.size - 1
        shifted = [t - scale, t + scale] if self.inputs else []
        return np.stack([t, *shifted, np.where(last, -2.0, t)])

    def bounds(self) -> tuple[np.ndarray, np.ndarray]:
        """Return the box of the parameters, its low and its high ends."""
        shares = self.size - self.inputs - 1
        low, high = np.array([_RANGE] * self.inputs + [_SHARE] * shares + [(-18.0, 3.0)]).T
        return low, high

    def width(self) -> np.ndarray:
        """Return the standard deviations of the prior of the parameters."""
        return np.concatenate([np.full(self.inputs, 1.0), np.full(self.size - self.inputs - 1, 4.0), [6.0]])

    def prior(self, t: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return the negative logarithm of the prior density (up to a constant) and its gradient.

        Up to ten lengthscales are independent. More of them, than few rows could tell apart, are expected to
        be alike: they share most of their variance.
        """
        z = (t - self.start()) / self.width()
        pull, p = z.copy(), self.inputs
        if p > _APART:
            own = (_APART / p) ** 2
            # (own I + (1 - own) 1 1')^-1 z by Sherman and Morrison
            shared = (1 - own) * z[..., :p].sum(axis=-1, keepdims=True) / (own + (1 - own) * p)
            pull[..., :p] = (z[..., :p] - shared) / own
        return 0.5 * np.sum(z * pull, axis=-1), pull / self.width()

    def parts(self, t: np.ndarray, pairs: Grams) -> tuple[np.ndarray, np.ndarray]:
        """Return the smooth and the linear part between the rows of pairs."""
        empty = np.zeros((*t.shape[:-1], *pairs.linear.shape))
        smooth, straight = empty, empty
        if self.inputs:
            rates = np.exp(-2 * t[..., : self.inputs])
            smooth = np.exp(-0.5 * np.tensordot(rates, pairs.squares, axes=1))
        if self.linear:
            straight = self._linear_share(t)[..., None, None] * pairs.linear
        return smooth, straight

    def across(self, t: np.ndarray, left: Rows, right: Rows) -> np.ndarray:
        """Return the covariance between two sets of rows, without noise; t without leading axes."""
        K = np.zeros((len(left.inputs), len(right.inputs)))
        if self.inputs:
            scale = np.exp(-t[: self.inputs])
            K += _smooth(left.inputs * scale, right.inputs * scale)
        if self.linear:
            K += self._linear_share(t) * (left.features @ right.features.T) / left.features.shape[1]
        return K

    def own(self, t: np.ndarray, rows: Rows) -> np.ndarray:
        """Return the variance at each row, without noise."""
        K = np.full(len(rows.inputs), 1.0 if self.inputs else 0.0)
        if self.linear:
            K += self._linear_share(t) * np.sum(rows.features**2, axis=1) / rows.features.shape[1]
        return K

    def noise(self, t: np.ndarray) -> np.ndarray:
        """Return the variance of the noise of a row of weight one."""
        return np.exp(t[..., -1])

    def gradient(
        self, t: np.ndarray, pairs: Grams, parts: tuple[np.ndarray, np.ndarray], G: np.ndarray
    ) -> np.ndarray:
        """Return the gradient of a function in t but the noise, given its gradient G in the covariance."""
        smooth, straight = parts
        found = np.zeros((*t.shape[:-1], self.size - 1))
        if self.inputs:
            along = np.tensordot(G * smooth, pairs.squares, axes=((-2, -1), (1, 2)))
            found[..., : self.inputs] = np.exp(-2 * t[..., : self.inputs]) * along
        if self.size - 1 > self.inputs:
            found[..., -1] = np.sum(G * straight, axis=(-2, -1))
        return found

    def _linear_share(self, t: np.ndarray) -> np.ndarray:
        return np.exp(t[..., self.inputs]) if self.inputs else np.ones(t.shape[:-1])


def _smooth(A: np.ndarray, B: np.ndarray) -> np.ndarray:
    squares = np.sum(A**2, axis=1)[:, None] + np.sum(B**2, axis=1)[None, :] - 2 * A @ B.T
    return np.exp(-0.5 * np.maximum(squares, 0.0))
