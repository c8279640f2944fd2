r"""Regression on a few free trends plus a correlated residual, with everything left out in closed form.

With trends F (never penalised), covariance K = C + v_n diag(1/s) and the projection

.. math:: P = K^{-1} - K^{-1} F (F' K^{-1} F)^{-1} F' K^{-1}

the residual of row i when it is left out and the trends are found anew is (P y)_i / P_ii; of a block b it
is P_bb^{-1} (P y)_b. Ridge with a prior, a kernel with a prior mean and plain least squares are all of
this form.
"""

from typing import NamedTuple

import numpy as np
from scipy.linalg import cho_solve, cholesky

from neuralopt.joint.candidates.covariance import Covariance, Rows

_ALIKE = 1e-12  # of the greatest eigenvalue: less is rounding
JITTER = 1e-10  # of the mean variance


class Problem(NamedTuple):
    """Rows to learn from."""

    rows: Rows
    trends: np.ndarray  # (k, n, p), of each output
    Y: np.ndarray  # (n, k)
    weights: np.ndarray  # (n,)

    def take(self, index: np.ndarray) -> "Problem":
        """Return some of the rows."""
        part = Rows(self.rows.inputs[index], self.rows.features[index])
        return Problem(part, self.trends[:, index], self.Y[index], self.weights[index])


class Solved(NamedTuple):
    """A regression at fixed parameters."""

    projected: np.ndarray  # (n, k), P y: the weights of the rows' covariances in a prediction
    coefficients: np.ndarray  # (k, p), of the trends
    P: list[np.ndarray]  # of each output, (n, n)
    scale: np.ndarray  # (k,), the variance that multiplies the covariance


def noisy(cov: Covariance, t: np.ndarray, problem: Problem) -> np.ndarray:
    """Return the covariance of the rows with noise."""
    K = cov.across(t, problem.rows, problem.rows)
    floor = JITTER * max(1.0, float(np.trace(K)) / len(K))
    K[np.diag_indices(len(K))] += (cov.noise(t) + floor) / np.maximum(problem.weights, 1e-8)
    return K


def solve(cov: Covariance, t: np.ndarray, problem: Problem) -> Solved:
    """Return the regression at parameters t."""
    n, k = problem.Y.shape
    L = cholesky(noisy(cov, t, problem), lower=True, check_finite=False)
    inverse = cho_solve((L, True), np.eye(n), check_finite=False)
    projected, coefficients, Ps, scale = np.empty((n, k)), [], [], np.empty(k)
    for j in range(k):
        P, solver, _ = project(inverse, problem.trends[j])
        y = problem.Y[:, j]
        projected[:, j] = P @ y
        coefficients.append(solver @ y)
        Ps.append(P)
        scale[j] = max(float(y @ projected[:, j]), 0.0) / max(1, n - problem.trends.shape[2])
    return Solved(projected, np.array(coefficients), Ps, scale)


def left_out(solved: Solved) -> np.ndarray:
    """Return every row's residual when it is left out, at the same parameters."""
    return np.stack([solved.projected[:, j] / diagonal(P) for j, P in enumerate(solved.P)], axis=1)


def block_out(solved: Solved, block: np.ndarray) -> np.ndarray:
    """Return the residuals of a block of rows, all of which are left out at once."""
    inner = np.ix_(block, block)
    return np.stack(
        [
            np.linalg.pinv(P[inner], hermitian=True) @ solved.projected[block, j]
            for j, P in enumerate(solved.P)
        ],
        axis=1,
    )


def predict(
    cov: Covariance, t: np.ndarray, problem: Problem, solved: Solved, rows: Rows, trends: np.ndarray
) -> np.ndarray:
    """Return the values at other rows."""
    K = cov.across(t, rows, problem.rows)
    linear = np.stack([F @ c for F, c in zip(trends, solved.coefficients)], axis=1)
    return linear + K @ solved.projected


def deviations(
    cov: Covariance, t: np.ndarray, problem: Problem, solved: Solved, rows: Rows, trends: np.ndarray
) -> np.ndarray:
    """Return the standard deviation of a measurement at other rows, of shape (n, k)."""
    K = cov.across(t, rows, problem.rows)
    own = cov.own(t, rows) + cov.noise(t)
    inverse = np.linalg.inv(noisy(cov, t, problem))
    found = []
    for j in range(len(solved.scale)):
        F, given = trends[j], problem.trends[j]
        # the variance of the error of the best linear unbiased prediction
        gram = np.linalg.pinv(given.T @ inverse @ given, hermitian=True)
        rest = F - K @ inverse @ given
        square = own - np.sum((K @ inverse) * K, axis=1) + np.sum((rest @ gram) * rest, axis=1)
        found.append(np.sqrt(np.maximum(square, 1e-15) * solved.scale[j]))
    return np.maximum(np.stack(found, axis=1), 1e-12)


def standardised(solved: Solved) -> np.ndarray:
    """Return leave-one-out residuals in units of the standard deviations that the parameters give them."""
    return np.stack([solved.projected[:, j] / np.sqrt(diagonal(P)) for j, P in enumerate(solved.P)], axis=1)


def diagonal(P: np.ndarray) -> np.ndarray:
    """Return the diagonal of a projection, where rounding has not left less than it can tell from zero."""
    own = np.diagonal(P, axis1=-2, axis2=-1)
    return np.maximum(own, np.maximum(1e-13 * own.max(axis=-1, keepdims=True), 1e-280))


def project(inverse: np.ndarray, F: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return P, the map from y to the trends' coefficients, and log det F'K^-1 F; with leading axes."""
    KF = inverse @ F
    gram = np.swapaxes(F, -1, -2) @ KF
    values, vectors = np.linalg.eigh(gram)
    # trends that the rows do not tell apart, such as a shift and a simulator that answers all of them alike
    values = np.maximum(values, np.maximum(_ALIKE * values[..., -1:], 1e-280))
    root = vectors / np.sqrt(values)[..., None, :]
    half = np.swapaxes(root, -1, -2) @ np.swapaxes(KF, -1, -2)
    return inverse - np.swapaxes(half, -1, -2) @ half, root @ half, np.sum(np.log(values), axis=-1)
