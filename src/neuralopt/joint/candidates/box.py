"""Minimise many smooth functions of a few numbers in a box, all at once."""

from collections.abc import Callable

import numpy as np

_STEP = 2.0  # longest step along an axis
_DECREASE = 1e-4  # share of the slope that a step must gain
_SETTLED = 1e-6  # change of a value, beside its size, at which its search ends
_TRIALS = 8  # of the length of a step

Function = Callable[[np.ndarray, np.ndarray], tuple[np.ndarray, np.ndarray]]


def minimise(
    function: Function, x: np.ndarray, low: np.ndarray, high: np.ndarray, size: np.ndarray, steps: int
) -> tuple[np.ndarray, np.ndarray]:
    """Minimise by BFGS, projected onto the box; a search that has settled is not looked at again.

    One call looks at a point of every search that still goes on: with twenty matrices of twenty rows, what
    a call costs by itself is most of its time.

    Parameters
    ----------
    function : callable
        Takes points of shape (b, p) and the numbers of their searches, returns values of shape (b,) and
        gradients of shape (b, p).
    x : array of shape (searches, p)
        Where to start.
    low, high : array of shape (p,)
        The box.
    size : array of shape (p,)
        Typical changes of every number: their squares are the first guess of the inverse Hessian.
    steps : int
        At most.

    Returns
    -------
    x : array of shape (searches, p)
        Where each search ended.
    values : array of shape (searches,)
        There.
    """
    x = np.clip(x, low, high)
    going = np.arange(len(x))
    value, gradient = function(x, going)
    first = np.diag(np.minimum(size, _STEP) ** 2)
    inverse, idle = np.tile(first, (len(x), 1, 1)), np.zeros(len(x), int)
    for _ in range(steps):
        if not len(going):
            break
        at, g = x[going], gradient[going]
        held = ((at <= low) & (g > 0)) | ((at >= high) & (g < 0))
        free = np.where(held, 0.0, g)
        d = np.where(held, 0.0, -np.einsum("bij,bj->bi", inverse[going], free))
        d = np.where((np.sum(d * free, axis=1) < 0)[:, None], d, -free)
        d *= np.minimum(1.0, _STEP / np.maximum(np.max(abs(d), axis=1), 1e-300))[:, None]
        to, reached, slope = _search(function, going, at, d, value[going], g, (low, high))
        gain, moved, turned = value[going] - reached, to - at, slope - g
        inverse[going] = _updated(inverse[going], moved, turned)
        x[going], value[going], gradient[going] = to, reached, slope
        little = gain <= _SETTLED * (1 + abs(reached))
        idle[going] = np.where(little, idle[going] + 1, 0)
        inverse[going[little]] = first  # a curvature that misled is forgotten before the search gives up
        going = going[idle[going] < 2]
    return x, value


def _search(
    function: Function,
    going: np.ndarray,
    at: np.ndarray,
    d: np.ndarray,
    value: np.ndarray,
    gradient: np.ndarray,
    box: tuple[np.ndarray, np.ndarray],
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Shorten every step until it gains enough; where none does, stay."""
    to, reached, slope = at.copy(), value.copy(), gradient.copy()
    length, open_ = np.ones(len(at)), np.arange(len(at))
    for _ in range(_TRIALS):
        trial = np.clip(at[open_] + length[open_, None] * d[open_], *box)
        found, turned = function(trial, going[open_])
        promised = np.sum(gradient[open_] * (trial - at[open_]), axis=1)
        enough = found <= value[open_] + _DECREASE * promised
        done = open_[enough]
        to[done], reached[done], slope[done] = trial[enough], found[enough], turned[enough]
        over = found - value[open_] - promised
        # the minimum of the parabola through both values and the slope
        shorter = np.clip(-0.5 * promised / np.where(over > 0, over, 1.0), 0.1, 0.5)
        length[open_] *= shorter
        open_ = open_[~enough]
        if not len(open_):
            break
    return to, reached, slope


def _updated(inverse: np.ndarray, moved: np.ndarray, turned: np.ndarray) -> np.ndarray:
    """Return the inverse Hessians after a step each: BFGS, where the slope rose along the step."""
    curved = np.sum(moved * turned, axis=1)
    size = np.linalg.norm(moved, axis=1) * np.linalg.norm(turned, axis=1)
    good = curved > 1e-8 * size
    rate = np.where(good, 1 / np.where(good, curved, 1.0), 0.0)[:, None, None]
    left = np.eye(moved.shape[1]) - rate * moved[:, :, None] * turned[:, None, :]
    return left @ inverse @ np.swapaxes(left, 1, 2) + rate * moved[:, :, None] * moved[:, None, :]
