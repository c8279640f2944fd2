"""One candidate, fitted: its predictions and what it says of rows that it has not seen."""

from typing import NamedTuple

import numpy as np

from neuralopt.joint.candidates import kriging
from neuralopt.joint.candidates.covariance import Covariance
from neuralopt.joint.candidates.forms import Form, Seen

_LEARN = 200  # rows from which the parameters of a covariance are learnt; more change little and cost n^3
_FOLDS = 20  # times that the parameters are learnt again for honest errors


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
    """Fit a candidate and find its leave-one-out residuals.

    A row's residual is taken with parameters of the covariance that were learnt without the row's fold
    (with twenty rows or fewer: without the row), so that a flexible candidate cannot look good by them.
    """
    cov = seen.covariance(form)
    targets = Y - seen.offset(form)
    if form.trend == "none":
        return Fitted(form, cov, cov.start(), None, None, targets)
    problem = kriging.Problem(seen.rows(form), seen.trends(form), targets, weights)
    if not (form.inputs or form.features):
        solved = kriging.solve(cov, cov.start(), problem)
        return Fitted(form, cov, cov.start(), problem, solved, kriging.left_out(solved))
    order = np.random.default_rng(seed).permutation(len(Y))
    taught = order[:_LEARN]
    t = kriging.learn(cov, problem.take(taught))
    solved = kriging.solve(cov, t, problem)
    residuals = kriging.left_out(solved)
    if len(Y) <= _LEARN:
        for fold in np.array_split(order, min(len(Y), _FOLDS)):
            kept = np.setdiff1d(taught, fold)
            again = kriging.learn(cov, problem.take(kept), start=t)
            residuals[fold] = kriging.left_out(kriging.solve(cov, again, problem))[fold]
    return Fitted(form, cov, t, problem, solved, residuals)
