"""What the candidates' errors on rows left out say, and the predictions of the chosen one."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from neuralopt.core.errors import InvalidArgument
from neuralopt.joint.candidates.conformal import scaled_half_widths
from neuralopt.joint.candidates.fitted import Fitted
from neuralopt.joint.candidates.forms import Seen, Views

_BLOCK = 2048  # rows predicted at a time


@dataclass(frozen=True, eq=False)
class Table:
    """The candidates side by side; it prints.

    Attributes
    ----------
    names : tuple of str
        Of the candidates.
    errors : numpy.ndarray, shape (candidates,)
        Leave-one-out root-mean-square errors in units of the real targets' standard deviation.
    absolute : numpy.ndarray, shape (candidates,)
        Mean absolute leave-one-out errors in the same units: the choice goes by these.
    deviations : numpy.ndarray, shape (candidates,)
        Standard errors of ``errors``.
    beyond : numpy.ndarray, shape (candidates,)
        The same error when rows are left out with their neighbourhood; NaN where real rows cover the
        domain.
    complexity : numpy.ndarray, shape (candidates,)
        Ranks.
    chosen : str
        The candidate that selection takes.
    weights : numpy.ndarray, shape (candidates,)
        Of the candidates in the mixture; one and zeros unless they are stacked.
    """

    names: tuple[str, ...]
    errors: np.ndarray
    absolute: np.ndarray
    deviations: np.ndarray
    beyond: np.ndarray
    complexity: np.ndarray
    chosen: str
    weights: np.ndarray

    @property
    def made_of(self) -> str:
        """What the final model is: one candidate, or the shares of several, the largest first."""
        parts = [i for i in np.argsort(-self.weights, kind="stable") if self.weights[i] > 0]
        if len(parts) == 1:
            return self.names[parts[0]]
        return " + ".join(f"{self.weights[i]:.2f} {self.names[i]}" for i in parts)

    def frame(self) -> Any:
        """Return the table as a pandas DataFrame, the least error first."""
        import pandas as pd

        columns = {
            "candidate": self.names,
            "loo_error": self.errors,
            "absolute_error": self.absolute,
            "standard_error": self.deviations,
            "beyond_cover": self.beyond,
            "complexity": self.complexity,
            "weight": self.weights,
            "chosen": self.weights > 0,
        }
        return pd.DataFrame(columns).sort_values("loo_error", kind="stable", ignore_index=True)

    def __str__(self) -> str:
        """Return the table as text."""
        far = bool(np.isfinite(self.beyond).any())
        lines = [
            f"{'candidate':24s} {'LOO error':>10s} {'+-':>8s} {'absolute':>8s}{'  beyond' * far} rank weight"
        ]
        for i in np.argsort(self.errors, kind="stable"):
            beyond = f" {self.beyond[i]:7.4f}" if far else ""
            lines.append(
                f"{self.names[i]:24s} {self.errors[i]:10.4f} {self.deviations[i]:8.4f} "
                f"{self.absolute[i]:8.4f}{beyond} "
                f"{self.complexity[i]:4d} {self.weights[i]:6.3f}{'  chosen' * bool(self.weights[i] > 0)}"
            )
        return "\n".join(lines)


@dataclass(frozen=True, eq=False)
class Selection:
    """The model that the leave-one-out errors chose.

    Attributes
    ----------
    table : Table
        All candidates with their errors.
    chosen : str
        The simplest candidate that is not clearly worse than the best.
    summary : tuple of str
        Sentences: whether the simulator helped and by how much, and what else a reader should know.
    loo_residuals : numpy.ndarray, shape (n, k)
        Of the final model, in the units of the targets given.
    loo_deviations : numpy.ndarray, shape (n, k)
        Standard deviations that the candidates expected of these residuals.
    weights : numpy.ndarray, shape (n,)
        Of the real rows, zero for outliers that were left out.
    fitted : tuple of Fitted
        In the order of the table.
    views : Views
        What the candidates see of rows.
    """

    table: Table
    chosen: str
    summary: tuple[str, ...]
    loo_residuals: np.ndarray
    loo_deviations: np.ndarray
    weights: np.ndarray
    fitted: tuple[Fitted, ...]
    views: Views

    def predict(self, X: Any) -> np.ndarray:
        """Return the final model's values, of shape (n, k)."""
        used = [(w, f) for w, f in zip(self.table.weights, self.fitted) if w > 0]
        return self._over(X, used, lambda seen: np.sum([w * f.predict(seen) for w, f in used], axis=0))

    def predict_by(self, name: str, X: Any) -> np.ndarray:
        """Return one candidate's values, of shape (n, k)."""
        if name not in self.table.names:
            raise InvalidArgument(f"There is no candidate {name!r}; there are {', '.join(self.table.names)}.")
        one = self.fitted[self.table.names.index(name)]
        return self._over(X, [(1.0, one)], one.predict)

    def _over(
        self, X: Any, used: Sequence[tuple[float, Fitted]], function: Callable[[Seen], np.ndarray]
    ) -> np.ndarray:
        """Return a function of rows in blocks: what some candidates see of a row is thousands of numbers."""
        X = np.asarray(X, dtype=np.float64)
        wide = any(f.form.features == "tangents" for _, f in used)
        blocks = [X[i : i + _BLOCK] for i in range(0, max(1, len(X)), _BLOCK)]
        return np.concatenate([function(self.views.see(block, wide)) for block in blocks])

    def intervals(self, X: Any, coverage: float = 0.9) -> tuple[np.ndarray, np.ndarray]:
        """Return lower and upper ends of prediction intervals by conformal leave-one-out residuals.

        Parameters
        ----------
        X : array of shape (n, d)
            Rows.
        coverage : float in (0, 1), default 0.9
            Share of new real rows that the intervals are to hold, on average over real samples.

        Returns
        -------
        tuple of two arrays of shape (n, k)
            Infinite where there are too few real rows for the coverage.
        """
        middle, half = self.predict(X), self.half_widths(X, coverage)
        return middle - half, middle + half

    def left_out_half_widths(self, coverage: float = 0.9) -> np.ndarray:
        """Return half the widths of the intervals of the real rows, each left out, of shape (n, k)."""
        return scaled_half_widths(self.loo_residuals, self.loo_deviations, self.loo_deviations, coverage)

    def half_widths(self, X: Any, coverage: float = 0.9) -> np.ndarray:
        """Return half the widths of `intervals`: wide where the candidates know little, of shape (n, k)."""
        used = [(w, f) for w, f in zip(self.table.weights, self.fitted) if w > 0]
        expected = self._over(X, used, lambda seen: np.sum([w * f.deviations(seen) for w, f in used], axis=0))
        return scaled_half_widths(self.loo_residuals, self.loo_deviations, expected, coverage)
