"""Whether one method is better than another on the same rows and seeds, and by how much."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from scipy.special import ndtr

from neuralopt.benchmark.statistics import resamples

_COUNTED = 10  # resamples beyond zero from which on their share is a p value


class Difference(NamedTuple):
    """How far one method is above another, by what was measured on the same rows and seeds."""

    value: float  # mean difference; positive where the second is worse
    low: float  # of the 95 % interval
    high: float
    p: float  # two-sided, of no difference
    effect: float  # Cohen's d over seeds: mean difference over its standard deviation; NaN for one seed


def paired_difference(better: np.ndarray, worse: np.ndarray, seed: int = 0) -> Difference:
    """Return the mean of ``better - worse`` with a bootstrap over seeds and rows, both drawn in pairs.

    Seeds are drawn in pairs where both have as many, for then they share initial parameters and order of
    rows; otherwise each method's own. Rows are the same for both in every resample.

    Parameters
    ----------
    better, worse : float arrays of shape (seeds, rows)
        A figure of every test row under every seed's model, higher is better.
    seed : int, default 0
        Of the resampling.

    Returns
    -------
    Difference
        ``p`` is twice the smaller share of resamples on either side of zero, by inverting the percentile
        interval (Efron and Tibshirani, 1993, section 15.4). Where fewer than ten lie there, their share is
        too coarse for many tests at once, and the tail of a normal distribution with the resamples' standard
        deviation takes its place (section 13.3); never less than the sign test of as many rows can give.

    Examples
    --------
    >>> random = np.random.default_rng(0)
    >>> rows = random.random((5, 200))
    >>> paired_difference(rows + 0.1, rows).p < 0.01, paired_difference(rows, rows).p
    (True, 1.0)
    """
    paired = len(better) == len(worse)
    draws = []
    for by_seed, by_row in resamples(len(better), better.shape[1], seed):
        mean = ((by_seed @ better) * by_row).sum(axis=1)
        if paired:
            draws.append(mean - ((by_seed @ worse) * by_row).sum(axis=1))
        else:
            own = resampled_seeds(len(worse), len(by_seed), seed + 1)
            draws.append(mean - ((own @ worse) * by_row).sum(axis=1))
    found = np.concatenate(draws)
    value = float(better.mean() - worse.mean())
    p = _two_sided(found, value, better.shape[1])
    effect = np.nan
    if paired and len(better) > 1:
        by_seed = better.mean(axis=1) - worse.mean(axis=1)
        spread = by_seed.std(ddof=1)
        effect = float(value / spread) if spread > 0 else float(np.sign(value)) * np.inf if value else 0.0
    low, high = np.quantile(found, [0.025, 0.975])
    return Difference(value, float(low), float(high), p, effect)


def _two_sided(found: np.ndarray, value: float, rows: int) -> float:
    """Return the p value of no difference, see `paired_difference`."""
    beyond = int(min(np.sum(found <= 0), np.sum(found >= 0)))
    if beyond >= _COUNTED:
        return min(1.0, 2 * beyond / len(found))
    spread = float(found.std())
    tail = 2 * float(ndtr(-abs(value) / spread)) if spread > 0 else 0.0
    return max(min(tail, 2 * _COUNTED / len(found)), 2.0 ** (1 - min(rows, 1000)))


def resampled_seeds(seeds: int, resamples: int, seed: int) -> np.ndarray:
    """Return for every resample the weight of each seed, shape (resamples, seeds)."""
    random = np.random.default_rng(seed)
    return random.multinomial(seeds, np.full(seeds, 1 / seeds), size=resamples) / seeds


def holm(p_values: Sequence[float]) -> list[float]:
    """Return p values adjusted for being several, by Holm's step-down method.

    Parameters
    ----------
    p_values : sequence of float in [0, 1]

    Returns
    -------
    list of float
        In the same order; a family of tests at level alpha rejects those that are at most alpha.

    References
    ----------
    Holm, 1979, "A simple sequentially rejective multiple test procedure".

    Examples
    --------
    >>> holm([0.01, 0.04, 0.03])
    [0.03, 0.06, 0.06]
    """
    order = np.argsort(p_values, kind="stable")
    adjusted, largest = [0.0] * len(p_values), 0.0
    for place, k in enumerate(order):
        largest = max(largest, min(1.0, (len(p_values) - place) * p_values[k]))
        adjusted[k] = largest
    return adjusted
