"""Expected improvement, as a logarithm that does not underflow, and where it is largest."""

from collections.abc import Callable

import numpy as np
from scipy.special import erfcx, log_ndtr, ndtr

from neuralopt.tuning.gaussian_process import GaussianProcess

_EVERYWHERE, _STARTS, _NEAR = 768, 8, 24
_SCALES = (0.15, 0.05, 0.015)


def log_expected_improvement(mean: np.ndarray, deviation: np.ndarray, best: float) -> np.ndarray:
    r"""Return the logarithm of the expected improvement over a best value, for minimisation.

    .. math:: \log \mathrm{EI} = \log\sigma + \log\bigl(\varphi(z) + z\Phi(z)\bigr), \quad
              z = (f^* - \mu) / \sigma

    Parameters
    ----------
    mean, deviation : float arrays of shape (n,)
        Of the posterior.
    best : float
        The value to improve on.

    Returns
    -------
    float array of shape (n,)

    References
    ----------
    Ament et al., 2023, arXiv:2310.20708, equation 9.

    Examples
    --------
    >>> log_expected_improvement(np.array([0.0, 30.0]), np.array([1.0, 1.0]), 0.0).round(2)
    array([  -0.92, -457.72])
    """
    z = (best - mean) / deviation
    near = np.maximum(z, -1.0)
    direct = np.log(np.exp(-0.5 * near * near) / np.sqrt(2 * np.pi) + near * ndtr(near))
    far = np.minimum(z, -1.0)
    # below -1 the two terms cancel: φ(z) + zΦ(z) = φ(z) (1 - |z| √(π/2) erfcx(|z| / √2))
    ratio = np.sqrt(np.pi / 2) * -far * erfcx(-far / np.sqrt(2))
    # and beyond -1e3 even that rounds away: 1 - ratio ≈ z⁻²
    rest = np.where(far < -1e3, far**-2.0, np.maximum(1 - ratio, 1e-300))
    tail = -0.5 * far * far - 0.5 * np.log(2 * np.pi) + np.log(rest)
    return np.log(deviation) + np.where(z > -1, direct, tail)


def log_probability_below(mean: np.ndarray, deviation: np.ndarray, bound: float) -> np.ndarray:
    """Return the logarithm of the probability that a value lies below a bound."""
    return log_ndtr((bound - mean) / deviation)


def best_place(
    process: GaussianProcess,
    best: float,
    seen: np.ndarray,
    random: np.random.Generator,
    snap: Callable[[np.ndarray], np.ndarray],
    taken: Callable[[np.ndarray], np.ndarray],
) -> np.ndarray:
    """Return the place of the largest expected improvement among places drawn everywhere and near the best.

    Parameters
    ----------
    process : GaussianProcess
        Of the values so far.
    best : float
        The value to improve on.
    seen : float array of shape (k, d)
        Good places in the unit cube, to look around.
    random : numpy.random.Generator
        The same generator gives the same place.
    snap : callable
        Places in the unit cube to those that the process takes.
    taken : callable
        Which of such places were evaluated already; they are taken only where nothing else is left.

    Returns
    -------
    float array of shape (d,)
        In the unit cube.
    """
    d = seen.shape[1]

    def score(units: np.ndarray) -> np.ndarray:
        places = snap(units)
        mean, deviation = process.predict(places)
        return log_expected_improvement(mean, deviation, best) - np.where(taken(places), 1e6, 0.0)

    units = np.concatenate([random.random((_EVERYWHERE, d)), np.clip(seen, 0, 1)])
    scores = score(units)
    for scale in _SCALES:
        top = units[np.argsort(-scores, kind="stable")[:_STARTS]]
        children = np.repeat(top, _NEAR, axis=0)
        moved = random.random(children.shape) < max(0.3, 1 / d)
        moved[np.arange(len(children)), random.integers(d, size=len(children))] = True
        steps = scale * random.standard_normal(children.shape)
        # a jump now and then: a category has no neighbours
        jump = random.random(children.shape) < 0.1
        new = np.where(jump, random.random(children.shape), _reflected(children + steps))
        children = np.where(moved, new, children)
        units, scores = np.concatenate([top, children]), np.concatenate([score(top), score(children)])
    return units[int(np.argmax(scores))]


def _reflected(units: np.ndarray) -> np.ndarray:
    """Return places outside of the unit interval reflected into it."""
    return 1 - np.abs(1 - np.abs(units) % 2)
