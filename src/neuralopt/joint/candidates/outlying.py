"""Rows that no candidate can explain and that spoil the fit of all others."""

import numpy as np

from neuralopt.joint.candidates import kriging
from neuralopt.joint.candidates.fitted import Fitted, fit_form
from neuralopt.joint.candidates.forms import Seen

_FAR = 6.0  # standard deviations; further than a smooth function without noise puts a row by chance
_GAIN = 0.35  # the others' error without such rows over that with them: true rows help their neighbours
_MOST = 0.15  # share of the rows
_NORMAL = 1.4826  # standard deviation of a normal variable over its median absolute value
_FEWEST = 8  # rows below which nobody can say


def outlying(fitted: list[Fitted], seen: Seen, Y: np.ndarray, weights: np.ndarray, seed: int) -> np.ndarray:
    """Return which rows to leave out of all fits, a boolean of shape (n,).

    Rows are suspect where a candidate's standardised leave-one-out residual is far beyond the others'. They
    are left out only if the best candidate without them still finds them far off, by its own standard
    deviation there, and if without them it predicts the other rows much better than any did with them.
    """
    none = np.zeros(len(Y), dtype=bool)
    if len(Y) < _FEWEST:
        return none
    sets = {tuple(rows) for f in fitted for rows in (_suspect(f),) if 0 < len(rows) <= max(1, _MOST * len(Y))}
    best, taken = np.inf, none
    for rows in sorted(sets):
        kept = np.setdiff1d(np.arange(len(Y)), rows)
        before = min(_error(f, kept, weights) for f in fitted)
        again = [fit_form(f.form, seen.take(kept), Y[kept], weights[kept], seed) for f in fitted]
        clean = min(again, key=lambda f: _error(f, np.arange(len(kept)), weights[kept]))
        after = _error(clean, np.arange(len(kept)), weights[kept])
        if after < min(_GAIN * before, best):
            other = seen.take(np.array(rows))
            off = Y[list(rows)] - clean.predict(other)
            far = np.array(rows)[np.max(abs(off) / clean.deviations(other), axis=1) > _FAR]
            if len(far) == len(rows):
                best, taken = after, np.isin(np.arange(len(Y)), far)
    return taken


def _suspect(fitted: Fitted) -> np.ndarray:
    if fitted.solved is None:
        return _far(fitted.residuals)
    return _far(kriging.standardised(fitted.solved))


def _far(z: np.ndarray) -> np.ndarray:
    z = z - np.median(z, axis=0)
    scale = _NORMAL * np.median(abs(z), axis=0)
    return np.flatnonzero(np.max(abs(z) / np.maximum(scale, 1e-12), axis=1) > _FAR)


def _error(fitted: Fitted, rows: np.ndarray, weights: np.ndarray) -> float:
    squares = np.sum(fitted.residuals[rows] ** 2, axis=1)
    return float(np.sqrt(squares @ weights[rows] / weights[rows].sum()))
