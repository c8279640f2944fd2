"""A Gaussian process over configurations: Matérn 5/2, one length for each hyperparameter, noise."""

from typing import NamedTuple

import numpy as np
from scipy.linalg import cho_factor, cho_solve, solve_triangular
from scipy.optimize import minimize

_ROOT5 = np.sqrt(5.0)
_JITTER = 1e-8
# Means and spreads of normal priors over logarithms: lengths (of an ordered and of a categorical
# hyperparameter), the signal's variance, the noise's variance. Outputs are standardised, places in [0, 1].
_LENGTH, _HAMMING = (np.log(0.7), 0.8), (np.log(1.4), 0.8)
_SIGNAL, _NOISE = (0.0, 0.7), (np.log(5e-3), 1.2)


class Kernel(NamedTuple):
    """Logarithms of lengths, of the signal's variance and of the noise's variance."""

    lengths: np.ndarray  # (d,)
    signal: float
    noise: float


def squares(A: np.ndarray, B: np.ndarray, nominal: np.ndarray) -> np.ndarray:
    """Return squared distances by hyperparameter, shape (d, n, m); of categories 0 where equal, else 1."""
    gap = A.T[:, :, None] - B.T[:, None, :]
    return np.where(nominal[:, None, None], (np.abs(gap) > 1e-9).astype(float), gap * gap)


def _correlation(squared: np.ndarray, lengths: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the Matérn correlations, and what their derivative in the squared distance is made of."""
    r = np.sqrt(np.tensordot(np.exp(-2 * lengths), squared, axes=1))
    decay = np.exp(-_ROOT5 * r)
    return (1 + _ROOT5 * r + 5 / 3 * r * r) * decay, (1 + _ROOT5 * r) * decay


class GaussianProcess:
    r"""The posterior over a function of configurations, given some of its values.

    .. math:: k(x, x') = s^2 (1 + \sqrt5 r + \tfrac53 r^2) e^{-\sqrt5 r}, \quad
              r^2 = \sum_k d_k(x_k, x'_k)^2 / \ell_k^2

    with :math:`d_k` the distance of an ordered hyperparameter in the unit interval and 0 or 1 for a
    categorical one. Lengths, signal and noise maximise the marginal likelihood times log-normal priors.

    Parameters
    ----------
    X : float array of shape (n, d)
        Places in the unit cube; an absent hyperparameter has a number outside of it.
    y : float array of shape (n,)
        Standardised values.
    nominal : bool array of shape (d,)
        Which hyperparameters are categorical.
    kernel : Kernel, optional
        Given, nothing is fitted.

    References
    ----------
    Rasmussen and Williams, 2006, Gaussian Processes for Machine Learning, algorithm 2.1, equation 5.9.

    Examples
    --------
    >>> X = np.linspace(0, 1, 9)[:, None]
    >>> gp = GaussianProcess(X, np.sin(6 * X[:, 0]), np.array([False]))
    >>> mean, deviation = gp.predict(np.array([[0.31]]))
    >>> bool(abs(mean[0] - np.sin(6 * 0.31)) < 0.1)
    True
    """

    def __init__(
        self, X: np.ndarray, y: np.ndarray, nominal: np.ndarray, kernel: Kernel | None = None
    ) -> None:
        self._X, self._y, self._nominal = X, y, nominal
        squared = squares(X, X, nominal)
        self.kernel = _fitted(squared, y, nominal) if kernel is None else kernel
        found, _ = _correlation(squared, self.kernel.lengths)
        covariance = np.exp(self.kernel.signal) * found
        covariance[np.diag_indices_from(covariance)] += np.exp(self.kernel.noise) + _JITTER
        self._factor = cho_factor(covariance, lower=True)
        self._weights = cho_solve(self._factor, y)

    def predict(self, Z: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return mean and standard deviation of the function, without noise, at places of shape (m, d)."""
        found, _ = _correlation(squares(self._X, Z, self._nominal), self.kernel.lengths)
        cross = np.exp(self.kernel.signal) * found
        solved = solve_triangular(self._factor[0], cross, lower=True)
        variance = np.exp(self.kernel.signal) - (solved * solved).sum(axis=0)
        return cross.T @ self._weights, np.sqrt(np.maximum(variance, 1e-12))

    def with_point(self, x: np.ndarray, y: float) -> "GaussianProcess":
        """Return the posterior with one more value, under the same kernel."""
        X, values = np.vstack([self._X, x[None]]), np.append(self._y, y)
        return GaussianProcess(X, values, self._nominal, self.kernel)


def negative_log_posterior(
    theta: np.ndarray, squared: np.ndarray, y: np.ndarray, nominal: np.ndarray
) -> tuple[float, np.ndarray]:
    """Return minus the logarithm of likelihood times priors, and its gradient.

    Parameters
    ----------
    theta : float array of shape (d + 2,)
        Logarithms: lengths, signal, noise.
    squared : float array of shape (d, n, n)
        From `squares`.
    y : float array of shape (n,)
        Standardised values.
    nominal : bool array of shape (d,)
        Which hyperparameters are categorical.

    Returns
    -------
    value : float
    gradient : float array of shape (d + 2,)
    """
    d = len(nominal)
    lengths, signal, noise = theta[:d], theta[d], theta[d + 1]
    found, slope = _correlation(squared, lengths)
    own = np.exp(signal) * found
    covariance = own.copy()
    covariance[np.diag_indices_from(covariance)] += np.exp(noise) + _JITTER
    try:
        factor = cho_factor(covariance, lower=True)
    except np.linalg.LinAlgError:
        return 1e25, np.zeros_like(theta)
    inverse = cho_solve(factor, np.eye(len(y)))
    weights = inverse @ y
    outer = inverse - np.outer(weights, weights)  # twice the derivative in the covariance
    per_length = np.tensordot(squared, outer * slope, axes=((1, 2), (0, 1)))
    gradient = np.empty_like(theta)
    gradient[:d] = 0.5 * (5 / 3) * np.exp(signal) * np.exp(-2 * lengths) * per_length
    gradient[d] = 0.5 * (outer * own).sum()
    gradient[d + 1] = 0.5 * np.exp(noise) * np.trace(outer)
    value = 0.5 * y @ weights + np.log(np.diag(factor[0])).sum()
    centre, spread = _priors(nominal)
    off = (theta - centre) / spread
    return float(value + 0.5 * off @ off), gradient + off / spread


def _priors(nominal: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    pairs = [_HAMMING if n else _LENGTH for n in nominal] + [_SIGNAL, _NOISE]
    centre, spread = np.array(pairs).T
    return centre, spread


def _fitted(squared: np.ndarray, y: np.ndarray, nominal: np.ndarray) -> Kernel:
    centre, spread = _priors(nominal)
    bounds = np.stack([centre - 4 * spread, centre + 4 * spread], axis=1)
    found = minimize(
        negative_log_posterior,
        centre,
        args=(squared, y, nominal),
        jac=True,
        method="L-BFGS-B",
        bounds=bounds,
        options={"maxiter": 60},
    )
    return Kernel(found.x[:-2], float(found.x[-2]), float(found.x[-1]))
