"""Intervals and choices: bootstrap over seeds and test rows, the learning rate by validation."""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

_RESAMPLES, _CELLS = 2000, 20_000_000


class Score(NamedTuple):
    """A figure with its 95 % interval."""

    value: float
    low: float
    high: float


def _weights(random: np.random.Generator, resamples: int, size: int) -> np.ndarray:
    """Return for every resample how often each of ``size`` items was drawn, divided by ``size``."""
    return random.multinomial(size, np.full(size, 1 / size), size=resamples) / size


def bootstrap_mean(rows: np.ndarray, seed: int = 0) -> Score:
    """Return the mean over seeds and rows with a percentile bootstrap over both.

    Parameters
    ----------
    rows : float array of shape (seeds, rows)
        A figure of every test row under every seed's model.
    seed : int, default 0
        Of the resampling.

    Returns
    -------
    Score
        With a 95 % interval.

    References
    ----------
    Efron and Tibshirani, 1993, chapter 13 (percentile intervals).

    Examples
    --------
    >>> score = bootstrap_mean(np.array([[0.0, 1.0, 1.0, 1.0]]))
    >>> score.value, score.low <= 0.75 <= score.high
    (0.75, True)
    """
    seeds, count = rows.shape
    draws = []
    for by_seed, by_row in resamples(seeds, count, seed):
        draws.append(((by_seed @ rows) * by_row).sum(axis=1))
    low, high = np.quantile(np.concatenate(draws), [0.025, 0.975])
    return Score(float(rows.mean()), float(low), float(high))


def bootstrap_r2(squared: np.ndarray, target: np.ndarray, seed: int = 0) -> Score:
    """Return R2, averaged over seeds and outputs, with a percentile bootstrap over seeds and rows.

    Parameters
    ----------
    squared : float array of shape (seeds, rows, outputs)
        Squared errors on the test rows.
    target : float array of shape (rows, outputs)
    seed : int, default 0
        Of the resampling.

    Returns
    -------
    Score
        With a 95 % interval.

    Examples
    --------
    >>> y = np.array([[0.0], [1.0], [2.0]])
    >>> bootstrap_r2(np.zeros((1, 3, 1)), y).value
    1.0
    """
    seeds, count, outputs = squared.shape
    draws = []
    for by_seed, by_row in resamples(seeds, count, seed):
        values = np.zeros((len(by_row), outputs))
        for k in range(outputs):
            error = ((by_seed @ squared[:, :, k]) * by_row).sum(axis=1)
            mean = by_row @ target[:, k]
            spread = by_row @ target[:, k] ** 2 - mean**2
            values[:, k] = _r2(error, spread)
        draws.append(values.mean(axis=1))
    low, high = np.quantile(np.concatenate(draws), [0.025, 0.975])
    value = _r2(squared.mean(axis=(0, 1)), target.var(axis=0)).mean()
    return Score(float(value), float(low), float(high))


def _r2(error: np.ndarray, spread: np.ndarray) -> np.ndarray:
    # a resample that happens to hold one value only has nothing to explain
    return np.where(spread > 1e-12, 1 - error / np.maximum(spread, 1e-12), 0.0)


def resamples(seeds: int, count: int, seed: int) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Yield blocks of resamples: weights of seeds and of rows, shapes (block, seeds) and (block, count)."""
    random = np.random.default_rng(seed)
    total = int(np.clip(_CELLS // count, 200, _RESAMPLES))
    block = max(1, min(total, _CELLS // (8 * count)))
    for first in range(0, total, block):
        size = min(block, total - first)
        yield _weights(random, size, seeds), _weights(random, size, count)


def best_learning_rate(validation_loss: np.ndarray) -> int | None:
    """Return the index of the learning rate with the lowest median over seeds of the best validation loss.

    A learning rate at which any seed diverged is infinitely bad and cannot be chosen.

    Parameters
    ----------
    validation_loss : float array of shape (L, S)
        Lowest validation loss of every run; infinity for a run that diverged.

    Returns
    -------
    int or None
        None when at every learning rate a run diverged.

    Examples
    --------
    >>> best_learning_rate(np.array([[0.5, 0.6], [0.2, np.inf], [0.3, 0.4]]))
    2
    """
    sound = np.isfinite(validation_loss).all(axis=1, keepdims=True)
    middle = np.median(np.where(sound, validation_loss, np.inf), axis=1)
    return int(np.argmin(middle)) if np.isfinite(middle).any() else None
