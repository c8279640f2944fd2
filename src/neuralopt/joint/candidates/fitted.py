"""One candidate, fitted: its predictions and what it says of rows that it has not seen."""

from typing import NamedTuple

import numpy as np

from neuralopt.joint.candidates import kriging
from neuralopt.joint.candidates.covariance import Covariance
from neuralopt.joint.candidates.forms import Form, Seen
from neuralopt.joint.candidates.learning import Learner
from neuralopt.storage import Replay

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
        seen = seen.of(self.form)
        if self.problem is None or self.solved is None:
            return seen.f
        rows, trends = seen.rows(self.form), seen.trends(self.form)
        found = kriging.predict(self.cov, self.parameters, self.problem, self.solved, rows, trends)
        return found + seen.offset(self.form)

    def deviations(self, seen: Seen) -> np.ndarray:
        """Return the standard deviation of a new measurement at rows, of shape (n, k)."""
        seen = seen.of(self.form)
        if self.problem is None or self.solved is None:
            return np.broadcast_to(self._typical(), seen.f.shape)
        rows, trends = seen.rows(self.form), seen.trends(self.form)
        return kriging.deviations(self.cov, self.parameters, self.problem, self.solved, rows, trends)

    def deviations_left_out(self) -> np.ndarray:
        """Return the standard deviation of a measurement at every row when the row is left out: (n, k)."""
        if self.problem is None or self.solved is None:
            return np.broadcast_to(self._typical(), self.residuals.shape)
        # of a measurement of weight one, whatever the row's own
        extra = self.cov.noise(self.parameters) * (1 - 1 / np.maximum(self.problem.weights, 1e-8))
        squares = [1 / kriging.diagonal(P) + extra for P in self.solved.P]
        return np.sqrt(np.maximum(np.stack(squares, axis=1), 1e-15) * self.solved.scale)

    def lean(self) -> "Fitted":
        """Return the candidate without the matrices that only its own rows need."""
        return self if self.solved is None else self._replace(solved=self.solved._replace(P=[]))

    def _typical(self) -> np.ndarray:
        """Return a robust standard deviation of the residuals of each output."""
        off = abs(self.residuals - np.median(self.residuals, axis=0))
        return np.maximum(1.4826 * np.median(off, axis=0), 1e-12)

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


def fit_form(form: Form, seen: Seen, Y: np.ndarray, weights: np.ndarray, seed: int, replay: Replay) -> Fitted:
    """Fit a candidate; its residuals are leave-one-out at the parameters learnt from all rows."""
    cov, seen = seen.covariance(form), seen.of(form)
    targets = Y - seen.offset(form)
    if form.trend == "none":
        return Fitted(form, cov, cov.start(), None, None, targets)
    problem = kriging.Problem(seen.rows(form), seen.trends(form), targets, weights)
    t = cov.start()
    if form.inputs or form.features:
        start = None if len(Y) <= _SMALL else t
        learner = Learner(cov, problem.take(_order(len(Y), seed)[:_LEARN]))
        (t,) = replay(lambda: [learner.learn(start=start)])
    solved = kriging.solve(cov, t, problem)
    return Fitted(form, cov, t, problem, solved, kriging.left_out(solved))


def honest(fitted: Fitted, seed: int, replay: Replay) -> Fitted:
    """Return the candidate with residuals whose parameters were learnt without the row's fold.

    With forty rows or fewer a fold is one row. A flexible candidate cannot look good by parameters that
    have seen the row; with many rows they hardly depend on it and the residuals stay as they are.
    """
    rows, problem = len(fitted.residuals), fitted.problem
    if problem is None or rows > _LEARN or not (fitted.form.inputs or fitted.form.features):
        return fitted
    folds = np.array_split(_order(rows, seed), rows if rows <= _SMALL else _FOLDS)
    kept = np.stack([~np.isin(np.arange(rows), fold) for fold in folds]).astype(float)
    learner = Learner(fitted.cov, problem)
    (again,) = replay(lambda: [learner.left_out(learner.learn(kept, fitted.parameters))])
    residuals = fitted.residuals.copy()
    for fold, found in zip(folds, again, strict=True):
        residuals[fold] = found[fold]
    return fitted._replace(residuals=residuals)


def _order(rows: int, seed: int) -> np.ndarray:
    return np.random.default_rng(seed).permutation(rows)
