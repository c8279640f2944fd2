"""Weights of real rows that keep outliers from spoiling the fit."""

import numpy as np

from neuralopt.core.errors import InvalidArgument
from neuralopt.joint.alignment import affine
from neuralopt.joint.base import Base
from neuralopt.readout import robust_fit

KINDS = ("auto", "huber", "tukey")
_FEWEST = 5  # rows


def check_robust(robust: str | None) -> None:
    """Raise unless the kind of robust weights is known."""
    if robust is not None and robust not in KINDS:
        raise InvalidArgument(f"robust must be 'auto', 'huber', 'tukey' or None, got {robust!r}.")


def row_weights(base: Base, X: np.ndarray, Y: np.ndarray, robust: str | None) -> np.ndarray:
    """Return weights of the real rows before any candidate is fitted.

    Parameters
    ----------
    base : Base
        The simulator's network.
    X, Y : array
        Scaled real rows.
    robust : {"auto", "huber", "tukey"} or None
        Huber's and Tukey's come from `robust_fit` of the readout. None gives ones, and so does ``"auto"``:
        what it leaves out is seen only beside the candidates, see `candidates.outlying`.

    Returns
    -------
    array of shape (n,)
        In [0, 1].
    """
    if robust in (None, "auto") or len(X) < _FEWEST:
        return np.ones(len(X))
    return robust_fit(
        base.features(X), Y, loss=str(robust), prior=affine(base.predict(X), Y).rho * base.weights
    ).weights
