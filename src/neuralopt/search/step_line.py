"""The exact line search over an on/off unit: every real t at once, by one sort and prefix sums."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

TIE = 1e-11  # breakpoints nearer than this, relatively, are one
_BUCKETS, _MANY = 2048, 400


class Costs(NamedTuple):
    """What the rows add to the objective when a unit is on for them, over what they add when it is off."""

    on: np.ndarray  # (n, s)
    off: np.ndarray  # (s,), the sum over all rows with the unit off
    combine: Callable[[np.ndarray], np.ndarray]  # sums of shape (..., s) to the objective, shape (...)

    def value(self, z: np.ndarray) -> float:
        """Return the objective for pre-activations, shape (n,)."""
        return float(self.combine(self.off + self.on[z >= 0].sum(axis=0)))

    @property
    def linear(self) -> bool:
        """Whether the objective is the sum itself."""
        return self.on.shape[1] == 1


def exact_line(
    z: np.ndarray,
    a: np.ndarray,
    costs: Costs,
    now: float,
    tolerance: float,
    low: float = -np.inf,
    high: float = np.inf,
) -> tuple[float, float]:
    """Minimise the objective of ``z + t a >= 0`` over all real t.

    Between two breakpoints ``-z_n / a_n`` nothing changes, so the objective at all of them is a prefix sum
    over the sorted breakpoints. Rows with ``a_n = 0`` are constant, breakpoints that are equal but for
    rounding are one, and the answer is the middle of the best interval.

    Parameters
    ----------
    z, a : arrays of shape (n,)
    costs : Costs
    now : float
        The objective at t = 0.
    tolerance : float >= 0
        What counts as lower.
    low, high : float
        Where t may be.

    Returns
    -------
    step, value : float
        0 and ``now`` where nothing is lower.

    Examples
    --------
    >>> z, a, c = np.array([-1.0, -2.0, -3.0]), np.ones(3), np.array([[1.0], [-3.0], [1.0]])
    >>> exact_line(z, a, Costs(c, np.zeros(1), lambda sums: sums[..., 0]), 0.0, 0.0)
    (2.5, -2.0)
    """
    moving = a != 0
    if not moving.any():
        return 0.0, now
    start = costs.off + costs.on[~moving & (z >= 0)].sum(axis=0) + costs.on[a < 0].sum(axis=0)
    t = -z[moving] / a[moving]
    change = costs.on[moving] * np.sign(a[moving])[:, None]
    scale = float(np.abs(z).mean() / np.abs(a).mean()) or 1.0
    if costs.linear and len(t) >= _MANY and not _promising(t, change[:, 0], start[0], scale, now - tolerance):
        return 0.0, now
    order = np.argsort(t)
    t = t[order]
    sums = np.concatenate([start[None], start + np.cumsum(change[order], axis=0)])
    left = np.maximum(np.concatenate([[-np.inf], t]), low)
    right = np.minimum(np.concatenate([t, [np.inf]]), high)
    infinite = np.isinf(left) | np.isinf(right)
    with np.errstate(invalid="ignore"):
        apart = infinite | (right - left > TIE * (np.abs(left) + np.abs(right)))
    values = np.where(apart & (left < right), costs.combine(sums), np.inf)
    k = int(np.argmin(values))
    if not values[k] < now - tolerance:
        return 0.0, now
    step = _middle(float(left[k]), float(right[k]), scale)
    value = costs.value(z + step * a)  # rounding may see a row on the other side
    return (step, value) if value < now - tolerance else (0.0, now)


def level_line(
    z: np.ndarray, a: np.ndarray, costs: Costs, now: float, tolerance: float, steps: np.ndarray
) -> tuple[float, float]:
    """Minimise the objective over a few steps t; see `exact_line`."""
    values = [costs.value(z + t * a) for t in steps]
    k = int(np.argmin(values))
    return (float(steps[k]), values[k]) if values[k] < now - tolerance else (0.0, now)


def _promising(t: np.ndarray, change: np.ndarray, start: float, scale: float, below: float) -> bool:
    """Return whether any interval may lie below: each of many buckets along t is bounded, nothing sorted."""
    half = 0.5 * _BUCKETS
    bucket = np.minimum(half + half * (t / (scale + np.abs(t))), _BUCKETS - 1).astype(np.intp)
    whole = np.bincount(bucket, change, _BUCKETS)
    falls = np.bincount(bucket, np.minimum(change, 0), _BUCKETS)
    after = start + np.cumsum(whole)
    return bool(min(start, (after - whole + falls).min()) < below)


def _middle(left: float, right: float, scale: float) -> float:
    if np.isinf(left):
        return right - scale
    if np.isinf(right):
        return left + scale
    return 0.5 * (left + right)
