"""Performance predictors: a score for a candidate from the beginning of its training."""

from collections.abc import Callable
from typing import Any

import numpy as np

from neuralopt.architecture.trainer import Curves
from neuralopt.core.errors import InvalidArgument, did_you_mean

Predictor = Callable[[Curves, int], float]
_EXPONENTS = np.linspace(0.1, 3.0, 30)


def early_stopping(curves: Curves, epochs: int) -> float:
    """Return the validation metric where the training was cut off.

    Parameters
    ----------
    curves : Curves
        Of the epochs that were run.
    epochs : int
        Of a full training.

    Returns
    -------
    float
        Higher is better.
    """
    return curves.validation_metric[-1]


def sum_of_losses(curves: Curves, epochs: int) -> float:
    r"""Return the negative sum of the training losses so far: who learns fast ends well.

    .. math:: s = -\sum_{t=1}^{T} L_t

    Parameters
    ----------
    curves : Curves
        Of the T epochs that were run.
    epochs : int
        Of a full training.

    Returns
    -------
    float
        Higher is better.

    References
    ----------
    Ru, Lyle, Schut, Fil, van der Wilk and Gal, 2021, arXiv:2006.04492, equation 1, with epochs for steps.
    """
    return -float(np.sum(curves.train_loss))


def power_law(curves: Curves, epochs: int) -> float:
    r"""Return the negative validation loss that a power law through the epochs so far gives for the last.

    .. math:: L_t \approx a + b\, t^{-c}, \qquad a, b \ge 0

    For each c of a grid a and b are the least squares; the c with the least squares is taken. Of fewer
    than three epochs the last loss is the answer.

    Parameters
    ----------
    curves : Curves
        Of the epochs that were run.
    epochs : int
        Of a full training.

    Returns
    -------
    float
        Higher is better.

    References
    ----------
    Domhan, Springenberg and Hutter, 2015, IJCAI, of whose families of curves this is one.

    Examples
    --------
    >>> losses = tuple(0.5 + 2 * t**-0.8 for t in range(1, 9))
    >>> round(power_law(Curves(losses, losses, losses), 100), 3)  # -(0.5 + 2 · 100^-0.8)
    -0.55
    """
    y = np.asarray(curves.validation_loss)
    if len(y) < 3 or not np.isfinite(y).all():
        return -float(y[-1])
    t = np.arange(1, len(y) + 1)
    fits = [_line(t**-c, y, float(epochs) ** -c) for c in _EXPONENTS]
    return -min(fits)[1]


def _line(x: np.ndarray, y: np.ndarray, at: float) -> tuple[float, float]:
    """Return the squared error of y = a + b x with a, b >= 0, and its value at a point."""
    candidates = [(float(y.mean()), 0.0), (0.0, max(float(x @ y / (x @ x)), 0.0))]
    dx, dy = x - x.mean(), y - y.mean()
    b = float(dx @ dy / (dx @ dx))
    a = float(y.mean() - b * x.mean())
    if a >= 0 and b >= 0:
        candidates.append((a, b))
    errors = [float(np.sum((a + b * x - y) ** 2)) for a, b in candidates]
    a, b = candidates[int(np.argmin(errors))]
    return min(errors), float(a + b * at)


PREDICTORS: dict[str, Predictor] = {
    "early_stopping": early_stopping,
    "sum_of_losses": sum_of_losses,
    "power_law": power_law,
}
"""Name to predictor."""


def check_predictor(name: Any) -> str:
    """Return the name of a predictor, or raise InvalidArgument with the nearest one."""
    if name not in PREDICTORS:
        hint = did_you_mean(name, PREDICTORS) if isinstance(name, str) else ""
        raise InvalidArgument(f"unknown predictor {name!r}.{hint} Known: {', '.join(PREDICTORS)}.")
    return name
