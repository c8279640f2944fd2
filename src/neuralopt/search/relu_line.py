"""The exact line search over a rectified unit before the output: piecewise quadratic in t."""

import numpy as np


def relu_line(
    z: np.ndarray,
    a: np.ndarray,
    slope: np.ndarray,
    square: float,
    low: float,
    high: float,
) -> tuple[float, float]:
    r"""Minimise the squared error of ``max(z + t a, 0)`` over t in an interval.

    With residuals r of the outputs without the unit, and outgoing weights v, the sum of squares changes by

    .. math:: \sum_{n: z_n + t a_n > 0} |v|^2 (z_n + t a_n)^2 + 2 (r_n \cdot v)(z_n + t a_n),

    a quadratic in t between two breakpoints :math:`-z_n / a_n`. Its three coefficients are prefix sums
    over the sorted breakpoints; each piece is minimised by its vertex or its ends.

    Parameters
    ----------
    z, a : arrays of shape (n,)
    slope : array of shape (n,)
        ``2 r . v``.
    square : float >= 0
        ``|v|^2``.
    low, high : float
        Finite.

    Returns
    -------
    step, change : float
        The global minimiser and the change of the sum of squares against a unit that puts out nothing.

    Examples
    --------
    >>> z, a = np.array([-1.0, 1.0]), np.array([1.0, 1.0])
    >>> relu_line(z, a, slope=np.array([-8.0, -8.0]), square=1.0, low=-5.0, high=5.0)
    (4.0, -30.0)
    """
    pieces = np.stack([square * a * a, (2 * square * z + slope) * a, (square * z + slope) * z], axis=1)
    moving = a != 0
    start = pieces[(a < 0) | (~moving & (z > 0))].sum(axis=0)
    t = -z[moving] / a[moving]
    order = np.argsort(t)
    t = t[order]
    change = (pieces[moving] * np.sign(a[moving])[:, None])[order]
    q2, q1, q0 = np.concatenate([start[None], start + np.cumsum(change, axis=0)]).T
    left = np.clip(np.concatenate([[low], t]), low, high)
    right = np.clip(np.concatenate([t, [high]]), low, high)
    with np.errstate(divide="ignore", invalid="ignore"):
        vertex = np.where(q2 > 1e-12 * square, -q1 / (2 * q2), np.where(q1 > 0, left, right))
    at = np.clip(vertex, left, right)
    values = (q2 * at + q1) * at + q0
    k = int(np.argmin(values))
    return float(at[k]), change_at(z + at[k] * a, slope, square)


def change_at(z: np.ndarray, slope: np.ndarray, square: float) -> float:
    """Return what the unit adds to the sum of squares at given pre-activations."""
    h = np.maximum(z, 0)
    return float(((square * h + slope) * h).sum())
