"""Weights of real rows that keep outliers from spoiling the fit."""

import numpy as np

from neuralopt.core.errors import InvalidArgument
from neuralopt.joint.alignment import affine
from neuralopt.joint.base import Base
from neuralopt.readout import robust_fit

KINDS = ("auto", "huber", "tukey")
_FAR = 6.0  # robust standard deviations
_NORMAL = 1.4826


def check_robust(robust: str | None) -> None:
    """Raise unless the kind of robust weights is known."""
    if robust is not None and robust not in KINDS:
        raise InvalidArgument(f"robust must be 'auto', 'huber', 'tukey' or None, got {robust!r}.")


def row_weights(base: Base, X: np.ndarray, Y: np.ndarray, robust: str | None) -> np.ndarray:
    """Return weights of the real rows.

    ``"auto"`` leaves a row out only when two things agree: its target lies more than six robust
    standard deviations from the median of all, and its residual beside the simulator as far from those of
    the others. Steep places of an honest response have one of these, hardly both.

    Parameters
    ----------
    base : Base
        The simulator's network.
    X, Y : array
        Scaled real rows.
    robust : {"auto", "huber", "tukey"} or None
        None gives ones; Huber's and Tukey's come from `robust_fit`.

    Returns
    -------
    array of shape (n,)
        In [0, 1].
    """
    if robust is None or len(X) < 5:
        return np.ones(len(X))
    f = base.predict(X)
    if robust != "auto":
        H = base.features(X)
        return robust_fit(H, Y, loss=robust, prior=affine(f, Y).rho * base.weights).weights
    found = robust_fit(f, Y, loss="huber")
    residuals = Y - found.choice.readout.predict(f)
    odd = _far(residuals) & _far(Y)
    return np.where(odd, 0.0, 1.0) if np.mean(odd) <= 0.2 else np.ones(len(X))


def _far(A: np.ndarray) -> np.ndarray:
    off = np.abs(A - np.median(A, axis=0))
    scale = np.maximum(_NORMAL * np.median(off, axis=0), 1e-12)
    return np.any(off > _FAR * scale, axis=1, keepdims=True)[:, 0]
