"""Weights of rows that keep outliers from bending the readout."""

from typing import Any, NamedTuple

import numpy as np

from neuralopt.core.errors import InvalidArgument, did_you_mean
from neuralopt.core.scalars import check_count
from neuralopt.readout.checks import Rows, check_rows
from neuralopt.readout.choice import Choice, choose
from neuralopt.readout.path import ridge_path

TUNING = {"huber": 1.345, "tukey": 4.685}  # 95 % efficiency where the noise is normal
_FREE = 5  # iterations that choose lambda
_NORMAL = 1.4826  # standard deviation of a normal variable over its median absolute value


class RobustFit(NamedTuple):
    """A readout fitted with robust weights."""

    weights: np.ndarray  # (n,), the given weights times the robust ones
    choice: Choice  # the fit with these weights
    scale: np.ndarray  # (k,), robust standard deviation of the leave-one-out residuals
    iterations: int
    converged: bool


def robust_fit(
    H: Any,
    Y: Any,
    lambdas: Any = None,
    loss: str = "tukey",
    *,
    weights: Any = None,
    prior: Any = None,
    bias: bool = True,
    criterion: str = "loo",
    max_iterations: int = 50,
    tolerance: float = 1e-4,
) -> RobustFit:
    r"""Fit the readout by iteratively reweighted least squares on leave-one-out residuals.

    .. math::
        r_i = \sqrt{\tfrac{1}{k} \textstyle\sum_j (q_{ij} / \sigma_j)^2}, \quad
        \sigma_j = 1.4826 \, \mathrm{median}_i |q_{ij}|, \quad
        w^{\mathrm{huber}}_i = \min(1, c / r_i), \quad
        w^{\mathrm{tukey}}_i = \max(0, 1 - (r_i / c)^2)^2

    Plain residuals hide an outlier that pulls the fit to itself; leave-one-out residuals show it.
    Tukey's weights begin at Huber's solution: alone they could settle on the outliers. Lambda is
    chosen anew in the first five iterations of each, then held: neighbours on a grid could take turns
    for ever.

    Parameters
    ----------
    H : array of shape (n, m)
        Features.
    Y : array of shape (n, k) or (n,)
        Targets.
    lambdas : sequence of float > 0, optional
        As in `ridge_path`; give one to keep it fixed.
    loss : {"tukey", "huber"}, default "tukey"
        Tukey's weights drop far outliers, Huber's only limit their pull.
    weights : array of shape (n,), >= 0, optional
        Of the rows; ones by default.
    prior : array of shape (m, k), optional
        Zeros by default.
    bias : bool, default True
        A free bias.
    criterion : {"loo", "gcv"}, default "loo"
        For the choice among the lambdas.
    max_iterations : int >= 1, default 50
        Of each loss.
    tolerance : float, default 1e-4
        Change of the weights at which to stop.

    Returns
    -------
    RobustFit
        With the weights to use elsewhere.

    Raises
    ------
    DataError, InvalidArgument
        As `ridge_path` does, and for an unknown loss.

    References
    ----------
    Huber, 1981, Robust Statistics, chapter 7; Beaton and Tukey, 1974, Technometrics 16(2).
    """
    if loss not in TUNING:
        raise InvalidArgument(
            f"loss must be 'huber' or 'tukey', got {loss!r}.{did_you_mean(str(loss), TUNING)}"
        )
    check_count("max_iterations", max_iterations)
    rows = check_rows(H, Y, weights, prior, bias)
    robust, last, done, change = np.ones(len(rows.H)), None, 0, np.inf
    for stage in ("huber", "tukey") if loss == "tukey" else ("huber",):
        for i in range(max_iterations):
            last = _fit(
                H, rows, lambdas, rows.weights * robust, bias, criterion, last if i >= _FREE else None
            )
            new = _weights(stage, last.residuals, _scale(last.residuals, rows))
            change, robust, done = float(np.max(abs(new - robust))), new, done + 1
            if change <= tolerance:
                break
    choice = _fit(H, rows, lambdas, rows.weights * robust, bias, criterion, last)
    return RobustFit(rows.weights * robust, choice, _scale(choice.residuals, rows), done, change <= tolerance)


def _fit(
    H: Any, rows: Rows, lambdas: Any, weights: Any, bias: bool, criterion: str, held: Choice | None
) -> Choice:
    """Return the fit with these weights, at the lambda of ``held`` where there is one."""
    if held is None:
        return choose(ridge_path(H, rows.Y, lambdas, weights, rows.prior, bias), criterion)
    found = choose(ridge_path(H, rows.Y, [held.reg_lambda], weights, rows.prior, bias), criterion)
    return found._replace(place=held.place, edge=held.edge, message=held.message)


def _scale(residuals: np.ndarray, rows: Rows) -> np.ndarray:
    """Return a robust standard deviation per output; not less than rounding, for fits without an error."""
    counted = abs(residuals[rows.weights > 0])
    floor = 1e-10 * np.max(abs(rows.Y), axis=0) + np.finfo(np.float64).tiny
    return np.maximum(_NORMAL * np.median(counted, axis=0), floor)


def _weights(loss: str, residuals: np.ndarray, scale: np.ndarray) -> np.ndarray:
    r = np.sqrt(np.mean((residuals / scale) ** 2, axis=1)) / TUNING[loss]
    return 1 / np.maximum(r, 1) if loss == "huber" else np.maximum(0, 1 - r * r) ** 2
