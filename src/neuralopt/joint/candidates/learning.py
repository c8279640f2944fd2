"""The parameters of a covariance by restricted likelihood, for many sets of rows at once."""

from typing import Any

import numpy as np

from neuralopt.joint.candidates.box import minimise
from neuralopt.joint.candidates.covariance import Covariance, Grams, grams
from neuralopt.joint.candidates.kriging import JITTER, Problem, diagonal, project

_ROUNDING = 1e-22  # of the targets' squares


class Learner:
    """Restricted likelihoods of a covariance's parameters on some of a problem's rows.

    A row that is left out is cut from the others: its covariance is one with itself and zero with
    all others, its target and trends are zero, so that determinants and squares are those of the rest.

    Parameters
    ----------
    cov : Covariance
    problem : kriging.Problem
    """

    def __init__(self, cov: Covariance, problem: Problem) -> None:
        self.cov, self.problem = cov, problem
        self.pairs: Grams = grams(problem.rows, problem.rows)
        self.extent = 1 / np.maximum(problem.weights, 1e-8)

    def likelihood(self, t: np.ndarray, kept: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return the negative logarithm of the restricted likelihood times the prior, and its gradient.

        The common variance is profiled out, one for each output.

        Parameters
        ----------
        t : array of shape (b, p)
            Parameters.
        kept : array of shape (b, n)
            One for the rows that count, zero for others.

        Returns
        -------
        values : array of shape (b,)
        gradients : array of shape (b, p)
        """
        cov, problem = self.cov, self.problem
        try:
            parts, inverse, logdet = self._inverse(t, kept)
        except np.linalg.LinAlgError:
            return self._one_by_one(t, kept)
        value, slope = cov.prior(t)
        among = kept[:, :, None] * kept[:, None, :]
        free = np.maximum(1, np.sum(kept, axis=1) - problem.trends.shape[2])
        G = np.zeros_like(inverse)
        for j in range(problem.Y.shape[1]):
            y = kept * problem.Y[:, j]
            P, _, of_trends = project(inverse, kept[:, :, None] * problem.trends[j])
            a = np.einsum("bij,bj->bi", P, y)
            square, least = np.sum(y * a, axis=1), _ROUNDING * np.sum(y * y, axis=1) + 1e-280
            rate = np.where(square > least, free / np.maximum(square, least), 0.0)  # nothing left to explain
            value = value + 0.5 * (logdet + of_trends + free * np.log(np.maximum(square, least)))
            G += 0.5 * (P - rate[:, None, None] * a[:, :, None] * a[:, None, :])
        G *= among
        diagonal = np.diagonal(G, axis1=1, axis2=2)
        of_noise = cov.noise(t) * np.sum(diagonal * self.extent, axis=1)
        return value, slope + np.column_stack([cov.gradient(t, self.pairs, parts, G), of_noise])

    def learn(self, kept: np.ndarray | None = None, start: np.ndarray | None = None, steps: int = 60) -> Any:
        """Return the parameters of greatest restricted likelihood times prior.

        Parameters
        ----------
        kept : array of shape (b, n), optional
            Sets of rows, each with parameters of its own; all rows by default.
        start : array of shape (p,), optional
            Where every search begins; without it several begin on all rows and the best of their ends is
            returned: few rows leave the likelihood with more than one peak.
        steps : int, default 60
            Of a search, at most.

        Returns
        -------
        array of shape (b, p), or (p,) without ``kept``
        """
        starts = self.cov.starts() if start is None else start[None]
        sets = np.ones((len(starts), len(self.extent))) if kept is None else kept
        x = np.broadcast_to(starts, (len(sets), self.cov.size))
        found, values = minimise(
            lambda t, which: self.likelihood(t, sets[which]), x, *self.cov.bounds(), self.cov.width(), steps
        )
        return found if kept is not None else found[np.argmin(values)]

    def left_out(self, t: np.ndarray) -> np.ndarray:
        """Return every row's residual when it alone is left out, at each of b parameters: (b, n, k)."""
        every = np.ones((len(t), len(self.extent)))
        _, inverse, _ = self._inverse(t, every)
        found = []
        for j in range(self.problem.Y.shape[1]):
            F = np.broadcast_to(self.problem.trends[j], (len(t), *self.problem.trends[j].shape))
            P = project(inverse, F)[0]
            found.append(P @ self.problem.Y[:, j] / diagonal(P))
        return np.stack(found, axis=2)

    def _inverse(self, t: np.ndarray, kept: np.ndarray) -> tuple[Any, np.ndarray, np.ndarray]:
        """Return the covariances' parts, the inverses with noise and the logarithms of determinants."""
        parts = self.cov.parts(t, self.pairs)
        K = parts[0] + parts[1]
        n = K.shape[-1]
        floor = JITTER * np.maximum(1.0, np.trace(K, axis1=1, axis2=2) / n)
        K = K * (kept[:, :, None] * kept[:, None, :])
        noise = (self.cov.noise(t) + floor)[:, None] * self.extent
        K[:, np.arange(n), np.arange(n)] += np.where(kept > 0, noise, 1.0)
        L = np.linalg.cholesky(K)
        half = np.linalg.inv(L)
        logdet = 2 * np.sum(np.log(np.diagonal(L, axis1=1, axis2=2)), axis=1)
        return parts, np.swapaxes(half, 1, 2) @ half, logdet

    def _one_by_one(self, t: np.ndarray, kept: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return what `likelihood` does where rounding spoilt one of the matrices: that one is out."""
        if len(t) == 1:
            return np.array([1e10]), np.zeros((1, self.cov.size))
        found = [self.likelihood(a[None], b[None]) for a, b in zip(t, kept)]
        return np.concatenate([f for f, _ in found]), np.concatenate([g for _, g in found])
