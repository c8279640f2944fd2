"""Rows that no candidate can explain and that spoil the fit of all others."""

import numpy as np

from neuralopt.joint.candidates import kriging
from neuralopt.joint.candidates.fitted import Fitted, fit_form
from neuralopt.joint.candidates.forms import Seen
from neuralopt.storage import Replay

_FAR = 6.0  # standard deviations; further than a smooth function without noise puts a row by chance
_APART = 1.0  # standard deviations of the other targets; a steep place puts a true row less far off
_GAIN = 0.7  # the others' error without such rows over that with them: true rows help their neighbours
_MOST = 0.15  # share of the rows
_NORMAL = 1.4826  # standard deviation of a normal variable over its median absolute value
_MANY = 120  # rows beyond which only the best candidate is asked: each set asked about costs a fit of all
_FEWEST = 8  # rows below which nobody can say


def outlying(
    fitted: list[Fitted], seen: Seen, Y: np.ndarray, weights: np.ndarray, seed: int, replay: Replay
) -> np.ndarray:
    """Return which rows to leave out of all fits, a boolean of shape (n,).

    Rows are suspect where a candidate's standardised leave-one-out residual is far beyond the others'. They
    are left out only if without them the best candidate predicts the other rows much better than any did
    with them, and still finds them far off by its own standard deviation there; and if every candidate
    without them misses them by more than the spread of the other targets. The last tells an outlier
    from a true row in a steep corner, which nothing that has not seen it can predict either.
    """
    none = np.zeros(len(Y), dtype=bool)
    if len(Y) < _FEWEST:
        return none
    asked = fitted if len(Y) <= _MANY else [min(fitted, key=lambda f: _error(f, np.arange(len(Y)), weights))]
    most = max(1, int(_MOST * len(Y)))
    sets = {tuple(map(int, rows)) for f in asked for rows in (_suspect(f),) if 0 < len(rows) <= most}
    best, taken = np.inf, none
    for rows in sorted(sets):
        kept = np.setdiff1d(np.arange(len(Y)), rows)
        before = min(_error(f, kept, weights) for f in fitted)
        again = [fit_form(f.form, seen.take(kept), Y[kept], weights[kept], seed, replay) for f in fitted]
        errors = [_error(f, np.arange(len(kept)), weights[kept]) for f in again]
        place = int(np.argmin(errors))
        after, clean = errors[place], again[place]
        if after < min(_GAIN * before, best):
            other, spread = seen.take(np.array(rows)), np.maximum(Y[kept].std(axis=0), 1e-12)
            off = abs(Y[list(rows)] - np.stack([f.predict(other) for f in again]))
            apart = np.min(np.max(off / spread, axis=2), axis=0) > _APART
            far = np.max(off[place] / clean.deviations(other), axis=1) > _FAR
            if np.all(far & apart):
                best, taken = after, np.isin(np.arange(len(Y)), rows)
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
