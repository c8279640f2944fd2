"""What a method has found after so many learning rates tried: its cost of tuning."""

from itertools import combinations
from math import comb

import numpy as np

_EXACT, _DRAWS = 2000, 1000


def best_after(test: np.ndarray, validation: np.ndarray, seed: int = 0) -> np.ndarray:
    """Return the figure of the learning rate chosen after 1, 2, ... trials in random order, with a band.

    After k trials the learning rate of least median validation loss among k drawn without replacement is
    chosen. The middle is the mean over draws of k of the median over seeds; the band is a percentile
    bootstrap over draws and seeds.

    Parameters
    ----------
    test : float array of shape (L, S)
        What is reported of a run, higher is better; NaN where it diverged.
    validation : float array of shape (L, S)
        Lowest validation loss of every run; infinity where it diverged.
    seed : int, default 0
        Of the resampling.

    Returns
    -------
    float array of shape (L, 3)
        Mean, low and high after each number of trials; NaN where every choice diverged.

    References
    ----------
    Dodge et al., 2019, "Show your work" (arXiv:1909.03004), equation 8, without replacement.

    Examples
    --------
    >>> best_after(np.array([[0.5], [0.9]]), np.array([[2.0], [1.0]]))[:, 0]
    array([0.7, 0.9])
    """
    random = np.random.default_rng(seed)
    count, seeds = test.shape
    sound = np.asarray(np.isfinite(validation).all(axis=1))
    middle = np.where(sound, np.median(np.where(np.isfinite(validation), validation, 0), axis=1), np.inf)
    found = np.full((count, 3), np.nan)
    for k in range(1, count + 1):
        if comb(count, k) <= _EXACT:
            sets = np.array(list(combinations(range(count), k)))
        else:
            sets = np.array([random.permutation(count)[:k] for _ in range(_DRAWS)])
        chosen = sets[np.arange(len(sets)), middle[sets].argmin(axis=1)]
        chosen = chosen[sound[chosen]]
        if not chosen.size:
            continue
        found[k - 1, 0] = np.median(test[chosen], axis=1).mean()
        drawn = random.choice(chosen, size=(_DRAWS, 1))
        some = random.integers(seeds, size=(_DRAWS, seeds))
        found[k - 1, 1:] = np.quantile(np.median(test[drawn, some], axis=1), [0.025, 0.975])
    return found
