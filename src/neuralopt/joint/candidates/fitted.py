"""One candidate, fitted: its predictions and what it says of rows that it has not seen."""

from typing import NamedTuple

import numpy as np

from neuralopt.joint.candidates import kriging
from neuralopt.joint.candidates.covariance import Covariance
from neuralopt.joint.candidates.forms import Form, Seen

_LEARN = 120  # rows from which the parameters of a covariance are learnt; more change little and cost n^3
_SMALL = 40  # rows up to which each is a fold of its own for honest errors, and searches have several starts
_FOLDS = 5  # beyond: times that the parameters are learnt again


class Fitted(NamedTuple):
    """A candidate with its parameters."""

    form: Form
    cov: Covariance
    parameters: np.ndarray
    problem: kriging.Problem | None  # None: there is nothing to fit
    solved: kriging.Solved | None
    residuals: np.ndarray  # (n, k), leave-one-out, the parameters learnt without the row

    def predict(self, seen: Seen) -> np.ndarray:
        """Return the values at rows."""
        if self.problem is None or self.solved is None:
            return seen.f
        rows, trends = seen.rows(self.form), seen.trends(self.form)
        found = kriging.predict(self.cov, self.parameters, self.problem, self.solved, rows, trends)
        return found + seen.offset(self.form)

    def deviations(self, seen: Seen) -> np.ndarray:
        """Return the standard deviation of a new measurement at rows, of shape (n, k)."""
        if self.problem is None or self.solved is None:
            off = abs(self.residuals - np.median(self.residuals, axis=0))
            return np.broadcast_to(np.maximum(1.4826 * np.median(off, axis=0), 1e-12), seen.f.shape)
        rows, trends = seen.rows(self.form), seen.trends(self.form)
        return kriging.deviations(self.cov, self.parameters, self.problem, self.solved, rows, trends)

    @property
    def share(self) -> float:
        """The simulator's coefficient, the mean over outputs."""
        if self.solved is None or self.form.trend == "offset":
            return 1.0
        return float(np.mean(self.solved.coefficients[:, -1])) if self.form.trend == "affine" else 0.0

    def without(self, block: np.ndarray) -> np.ndarray:
        """Return the residuals of a block of rows when all of it is left out."""
        if self.solved is None:
            return self.residuals[block]
        return kriging.block_out(self.solved, block)


def fit_form(form: Form, seen: Seen, Y: np.ndarray, weights: np.ndarray, seed: int) -> Fitted:
    """Fit a candidate; its residuals are leave-one-out at the parameters learnt from all rows."""
    cov = seen.covariance(form)
    targets = Y - seen.offset(form)
    if form.trend == "none":
        return Fitted(form, cov, cov.start(), None, None, targets)
    problem = kriging.Problem(seen.rows(form), seen.trends(form), targets, weights)
    t = cov.start()
    if form.inputs or form.features:
        start = None if len(Y) <= _SMALL else t
        t = kriging.learn(cov, problem.take(_order(len(Y), seed)[:_LEARN]), start)
    solved = kriging.solve(cov, t, problem)
    return Fitted(form, cov, t, problem, solved, kriging.left_out(solved))


def honest(fitted: Fitted, seed: int) -> Fitted:
    """Return the candidate with residuals whose parameters were learnt without the row's fold.

    With forty rows or fewer a fold is one row. A flexible candidate cannot look good by parameters that
    have seen the row; with many rows they hardly depend on it and the residuals stay as they are.
    """
    rows, problem = len(fitted.residuals), fitted.problem
    if problem is None or rows > _LEARN or not (fitted.form.inputs or fitted.form.features):
        return fitted
    residuals, order = fitted.residuals.copy(), _order(rows, seed)
    for fold in np.array_split(order, rows if rows <= _SMALL else _FOLDS):
        kept = np.setdiff1d(order, fold)
        again = kriging.learn(fitted.cov, problem.take(kept), start=fitted.parameters)
        residuals[fold] = kriging.left_out(kriging.solve(fitted.cov, again, problem))[fold]
    return fitted._replace(residuals=residuals)


def _order(rows: int, seed: int) -> np.ndarray:
    return np.random.default_rng(seed).permutation(rows)
