"""Fit all candidates and choose among them."""

from typing import Any

import numpy as np

from neuralopt.core.errors import InvalidArgument, did_you_mean
from neuralopt.joint.candidates.choosing import choose
from neuralopt.joint.candidates.covering import beyond_residuals, cover, leaning, neighbourhoods
from neuralopt.joint.candidates.fitted import fit_form
from neuralopt.joint.candidates.forms import FORMS, Views
from neuralopt.joint.candidates.selection import Selection, Table
from neuralopt.joint.candidates.stacking import stack_weights

FINALS = ("select", "stack")


def fit_candidates(
    base: Any,
    X_sim: Any,
    y_sim: Any,
    X_real: Any,
    y_real: Any,
    *,
    final: str = "select",
    weights: Any = None,
    seed: int = 0,
    task: str = "regression",
) -> Selection:
    if final not in FINALS:
        raise InvalidArgument(
            f"final must be 'select' or 'stack', got {final!r}.{did_you_mean(str(final), FINALS)}"
        )
    X_sim, X_real = (np.asarray(a, dtype=np.float64) for a in (X_sim, X_real))
    Y = np.asarray(y_real, dtype=np.float64).reshape(len(X_real), -1)
    s = np.ones(len(Y)) if weights is None else np.asarray(weights, dtype=np.float64)
    views = Views(base, X_sim)
    seen = views.see(X_real)
    forms = [f for f in FORMS if f.features != "tangents" or seen.tangents is not None]
    fitted = tuple(fit_form(form, seen, Y, s, seed) for form in forms)
    residuals = np.stack([f.residuals for f in fitted])
    complexity = np.array([f.complexity for f in forms])
    squares = np.sum(residuals**2, axis=2)
    spread = max(float(np.sqrt(np.sum(Y.var(axis=0)))), 1e-300)
    found = cover(X_sim, X_real)
    beyond = np.full(len(forms), np.nan)
    among = np.ones(len(forms), bool)
    if found.beyond > 0:
        blocks = neighbourhoods(X_real, found.gap)
        far = np.sum(np.stack([beyond_residuals(f, blocks) for f in fitted]) ** 2, axis=2)
        beyond = np.sqrt(far @ s / s.sum()) / spread
        squares = (1 - found.beyond) * squares + found.beyond * far
        among = np.array([leaning(f, seen.f, Y, views.f_scale) for f in fitted])
    verdict = choose(squares, complexity, s, among)
    mix = np.eye(len(forms))[verdict.chosen]
    if final == "stack":
        mix = stack_weights(residuals, s)
    errors = np.sqrt(verdict.errors)
    names = tuple(f.name for f in forms)
    table = Table(
        names,
        errors / spread,
        verdict.deviations / np.maximum(2 * errors, 1e-300) / spread,
        beyond,
        complexity,
        names[verdict.chosen],
        mix,
    )
    return Selection(
        table, names[verdict.chosen], (), np.einsum("c,cnk->nk", mix, residuals), s, fitted, views
    )
