"""How much of the simulated domain the real rows cover, and errors that count what lies beyond."""

from typing import NamedTuple

import numpy as np
from scipy.spatial.distance import cdist

from neuralopt.joint.candidates.fitted import Fitted

_USUAL = 0.9  # share of the simulated rows within the reach of as many drawn at random
_ENOUGH = 0.15  # share beyond the reach that is no matter
_DRAWS = 19  # for chance to be one in twenty
_LEAST = 1 / 3  # coefficient of the simulator in a candidate that leans on it
_CREDIBLE = 0.5  # error of a credible simulator on the real rows, in units of its spread
_ROWS = 1200  # simulated rows looked at


class Cover(NamedTuple):
    """What of the simulated rows lies far from every real row."""

    beyond: float  # share of the simulated rows; 0 where it is no more than chance
    gap: float  # typical distance to the nearest real row for those beyond


def cover(X_sim: np.ndarray, X_real: np.ndarray, seed: int = 0) -> Cover:
    """Return how far the simulated rows lie from the real ones.

    A simulated row is beyond the cover where no real row is as near as, for nine rows of ten, one of as many
    simulated rows is that are drawn at random. The real rows cover the domain unless more rows are beyond
    than with any of nineteen such draws.

    Parameters
    ----------
    X_sim, X_real : numpy.ndarray, shapes (n_sim, d) and (n, d)
        Rows, columns scaled alike.
    seed : int, default 0
        Of the draws.

    Returns
    -------
    Cover
        The share of rows beyond.
    """
    order = np.random.default_rng(seed).permutation(len(X_sim))
    asked, others = np.array_split(X_sim[order[:_ROWS]], 2)
    if not len(others):
        return Cover(0.0, 0.0)
    starts = np.linspace(0, max(0, len(others) - len(X_real)), _DRAWS).astype(int)
    drawn = np.stack([_nearest(asked, others[i : i + len(X_real)]) for i in starts])
    reach = np.quantile(drawn, _USUAL)
    far = _nearest(asked, X_real)
    share = float(np.mean(far > reach))
    if share <= max(_ENOUGH, float(np.max(np.mean(drawn > reach, axis=1)))):
        return Cover(0.0, 0.0)
    return Cover(share, float(np.median(far[far > reach])))


def _nearest(asked: np.ndarray, rows: np.ndarray) -> np.ndarray:
    return cdist(asked, rows).min(axis=1)


def neighbourhoods(X_real: np.ndarray, gap: float) -> list[np.ndarray]:
    """Return for each row the rows to leave out so that it lies ``gap`` from the rest, itself first.

    At most half of the rows.
    """
    among = cdist(X_real, X_real)
    among[np.diag_indices(len(among))] = -1.0
    most = max(1, len(X_real) // 2)
    near = np.argsort(among, axis=1, kind="stable")
    return [order[:most][among[i, order[:most]] < gap] for i, order in enumerate(near)]


def beyond_residuals(fitted: Fitted, blocks: list[np.ndarray]) -> np.ndarray:
    """Return every row's residual when its neighbourhood is left out, of shape (n, k)."""
    return np.stack([fitted.without(block)[0] for block in blocks])


def leaning(fitted: Fitted) -> bool:
    """Return whether a candidate follows the simulator far from real rows, to a third or to three times.

    No error on real rows tells what lies beyond them: where they cover only part of the domain and the
    simulator is `credible`, the choice is among these alone.
    """
    return fitted.form.trend != "mean" and _LEAST <= fitted.share <= 1 / _LEAST


def credible(f: np.ndarray, Y: np.ndarray, f_scale: np.ndarray) -> bool:
    """Return whether the simulator is right on the real rows but for a shift, to half of its own spread.

    The spread is that over the whole simulated domain: a simulator may be worse than a constant where the
    real rows are and still be the best guide to what lies elsewhere.
    """
    off = (Y - f - np.median(Y - f, axis=0)) / f_scale
    return float(np.sqrt(np.mean(off**2))) < _CREDIBLE
