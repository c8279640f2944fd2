"""Data and brute force that the tests of this room share."""

from typing import NamedTuple

import numpy as np

SHAPES = [(30, 5, 2), (12, 12, 1), (8, 20, 2)]  # rows over, as many as, and fewer than features


class Problem(NamedTuple):
    H: np.ndarray
    Y: np.ndarray
    weights: np.ndarray
    prior: np.ndarray


def problem(n, m, k, seed=0, mean=3.0):
    random = np.random.default_rng(seed)
    H = random.normal(size=(n, m)) + mean
    return Problem(
        H,
        H @ random.normal(size=(m, k)) + random.normal(size=(n, k)),
        random.uniform(0.2, 3, n),
        random.normal(size=(m, k)),
    )


def brute(H, Y, lam, weights=None, prior=None, bias=True):
    """The augmented normal equations as they stand in the textbook, as one least squares problem."""
    n, m = H.shape
    weights = np.ones(n) if weights is None else weights
    prior = np.zeros((m, Y.shape[1])) if prior is None else prior
    root = np.sqrt(weights)[:, None]
    X = np.hstack([H, np.ones((n, 1))]) if bias else H
    penalty = np.sqrt(lam) * np.eye(m, X.shape[1])
    left, right = np.vstack([root * X, penalty]), np.vstack([root * Y, np.sqrt(lam) * prior])
    found = np.linalg.lstsq(left, right, rcond=None)[0]
    return found[:m], found[m] if bias else np.zeros(Y.shape[1])


def brute_loo(H, Y, lam, weights=None, prior=None, bias=True):
    """Every row predicted by a refit without it."""
    residuals = np.empty_like(Y)
    for i in range(len(H)):
        others = np.arange(len(H)) != i
        W, b = brute(H[others], Y[others], lam, None if weights is None else weights[others], prior, bias)
        residuals[i] = Y[i] - H[i] @ W - b
    return residuals


def relative(found, wanted):
    """Largest deviation in units of the largest value."""
    return np.max(np.abs(np.asarray(found) - wanted)) / np.max(np.abs(wanted))
