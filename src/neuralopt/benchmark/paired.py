"""Whether one method is better than another on the same rows and seeds, and by how much."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from neuralopt.benchmark.statistics import resamples


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
        ``p`` is twice the smaller share of resamples on either side of zero, at least two over their number
        (Efron and Tibshirani, 1993, section 15.4, by inverting the percentile interval).

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
    sides = min(np.mean(found <= 0), np.mean(found >= 0))
    p = min(1.0, 2 * max(float(sides), 1 / len(found)))
    effect = np.nan
    if paired and len(better) > 1:
        by_seed = better.mean(axis=1) - worse.mean(axis=1)
        spread = by_seed.std(ddof=1)
        effect = float(value / spread) if spread > 0 else float(np.sign(value)) * np.inf if value else 0.0
    low, high = np.quantile(found, [0.025, 0.975])
    return Difference(value, float(low), float(high), p, effect)


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
