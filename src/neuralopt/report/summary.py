"""The spread over seeds at every epoch: the median and the interquartile band."""

from typing import NamedTuple

import numpy as np

# Stands for infinity while quantiles are interpolated: inf - inf would be NaN, this is not.
_HUGE = 1e300


class Spread(NamedTuple):
    """Median and quartiles over runs; infinite where that many runs have diverged."""

    median: np.ndarray  # (...)
    q25: np.ndarray  # (...)
    q75: np.ndarray  # (...)
    running: np.ndarray  # (...) int, how many runs have a value of their own


def spread(values: np.ndarray, worst: float = np.inf) -> Spread:
    """Median and quartiles over the first axis, where NaN counts as ``worst``.

    A diverged run is the worst there is and is never dropped: leaving it out would reward the
    methods that fail.

    Parameters
    ----------
    values : ndarray of float, shape (runs, ...)
        One number for each run.
    worst : {inf, -inf}, default inf
        What a missing value counts as: ``inf`` for a loss, ``-inf`` for a score.

    Returns
    -------
    Spread
        Arrays of shape ``values.shape[1:]``.

    Examples
    --------
    >>> import numpy as np
    >>> spread(np.array([1.0, 2.0, np.nan]))[:3]
    (np.float64(2.0), np.float64(1.5), np.float64(inf))
    """
    finite = np.isfinite(values)
    filled = np.where(finite, values, np.copysign(_HUGE, worst)).astype(np.float64)
    q25, median, q75 = np.quantile(filled, [0.25, 0.5, 0.75], axis=0)
    far = _HUGE / 1e20
    q25, median, q75 = (np.where(np.abs(q) > far, worst, q)[()] for q in (q25, median, q75))
    return Spread(median, q25, q75, finite.sum(axis=0))


def curve_spread(curves: np.ndarray, diverged: np.ndarray, worst: float = np.inf) -> Spread:
    """Median and quartiles over seeds at every epoch, up to the last epoch that any run reached.

    A run that stopped early keeps its last value, because that is the network it hands over; a
    run that diverged counts as ``worst`` from then on.

    Parameters
    ----------
    curves : ndarray of float, shape (seeds, epochs)
        One curve for each seed, NaN after the run ended.
    diverged : ndarray of bool, shape (seeds,)
        Whether the run ended by diverging.
    worst : {inf, -inf}, default inf
        What a diverged run counts as.

    Returns
    -------
    Spread
        Arrays of shape (epochs reached,).

    Examples
    --------
    >>> import numpy as np
    >>> stopped_early = np.array([[4.0, 2.0, np.nan], [3.0, 2.0, 1.0]])
    >>> curve_spread(stopped_early, np.array([False, False])).median
    array([3.5, 2. , 1.5])
    """
    finite = np.isfinite(curves)
    reached = int(np.max(np.nonzero(finite.any(axis=0))[0], initial=-1)) + 1
    epochs = np.arange(curves.shape[1])
    last = np.maximum.accumulate(np.where(finite, epochs, -1), axis=1)
    kept = np.where(last >= 0, np.take_along_axis(curves, np.maximum(last, 0), axis=1), np.nan)
    filled = np.where(finite | ~diverged[:, None], kept, np.nan)[:, :reached]
    return spread(filled, worst)._replace(running=finite[:, :reached].sum(axis=0))
