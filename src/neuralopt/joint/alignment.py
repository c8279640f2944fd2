"""How well a network's features explain real rows that they have not seen."""

from typing import NamedTuple

import numpy as np

from neuralopt.joint.base import Base
from neuralopt.readout import choose, ridge_path


class Affine(NamedTuple):
    """The best scale and shift of the simulator on the real rows: rho f + b."""

    rho: float
    shift: np.ndarray  # (k,)


class RealHead(NamedTuple):
    """The prior-centred ridge on the real rows."""

    error: float  # leave-one-out RMSE over the standard deviation of the targets
    reg_lambda: float
    dof: float
    edge: str  # what to say when lambda is at the edge of its grid, or ""
    residuals: np.ndarray  # (n, k), leave-one-out
    weights: np.ndarray  # (m, k)
    bias: np.ndarray  # (k,)


def affine(f: np.ndarray, Y: np.ndarray, weights: np.ndarray | None = None) -> Affine:
    r"""Return the scale and shift by weighted least squares, one scale for all outputs.

    .. math:: \rho = \frac{\sum s \langle f - \bar f, y - \bar y \rangle}{\sum s |f - \bar f|^2}
    """
    s = np.ones(len(f)) if weights is None else weights
    share = s / s.sum()
    mean_f, mean_y = share @ f, share @ Y
    F, T = f - mean_f, Y - mean_y
    spread = float(share @ np.sum(F * F, axis=1))
    rho = float(share @ np.sum(F * T, axis=1)) / spread if spread > 0 else 1.0
    return Affine(rho, mean_y - rho * mean_f)


def spread_of(Y: np.ndarray, weights: np.ndarray | None = None) -> float:
    """Return the root mean square deviation of targets over all outputs; 1 where they are constant."""
    share = np.full(len(Y), 1 / len(Y)) if weights is None else weights / weights.sum()
    deviation = Y - share @ Y
    spread = float(np.sqrt(share @ np.mean(deviation**2, axis=1)))
    return spread if spread > 1e-12 * max(float(np.abs(Y).max()), 1e-300) else 1.0


def real_head(
    base: Base,
    X: np.ndarray,
    Y: np.ndarray,
    reg_lambda: float | str = "loo",
    weights: np.ndarray | None = None,
) -> RealHead:
    """Solve the ridge on the real rows whose prior is the simulator's readout, scaled.

    Parameters
    ----------
    base : Base
        The network.
    X : array of shape (n, d), n >= 2
        Scaled inputs.
    Y : array of shape (n, k)
        Scaled targets.
    reg_lambda : float > 0, "loo" or "gcv", default "loo"
        The penalty, or how to choose it.
    weights : array of shape (n,), optional
        Of the rows.

    Returns
    -------
    RealHead
        The readout, and what is known of it by leaving rows out.
    """
    H = base.features(X)
    prior = affine(H @ base.weights + base.bias, Y, weights).rho * base.weights
    fixed = not isinstance(reg_lambda, str)
    path = ridge_path(H, Y, [max(float(reg_lambda), 1e-12)] if fixed else None, weights, prior)
    choice = choose(path, "loo" if fixed else str(reg_lambda))
    share = np.full(len(Y), 1 / len(Y)) if weights is None else weights / weights.sum()
    error = float(np.sqrt(share @ np.mean(choice.residuals**2, axis=1))) / spread_of(Y, weights)
    head = choice.readout
    return RealHead(
        error, choice.reg_lambda, choice.dof, choice.message, choice.residuals, head.weights, head.bias
    )
