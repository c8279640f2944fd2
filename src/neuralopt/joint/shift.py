"""How differently simulated and real inputs are distributed."""

import dataclasses
from typing import TYPE_CHECKING

import numpy as np

from neuralopt.core.errors import DataError

if TYPE_CHECKING:
    import pandas

_MOST = 2000  # simulated rows that the classifier sees
_TELLING = 5  # real rows whose spread says something


@dataclasses.dataclass(frozen=True)
class ShiftReport:
    """The differences between simulated and real inputs.

    Attributes
    ----------
    mean_difference : array of shape (d,)
        Real mean less simulated mean, in units of the simulated rows' standard deviation.
    log_ratio : array of shape (d,)
        Natural logarithm of the real over the simulated variance.
    auc : float
        Of a linear classifier that tells real from simulated rows it was not trained on: 0.5 when it
        cannot, 1 when it always can. nan with fewer than four real rows.
    columns : tuple of str
        Names of the inputs.
    rows : int
        Real rows; the spread of fewer than five says little.
    """

    mean_difference: np.ndarray
    log_ratio: np.ndarray
    auc: float
    columns: tuple[str, ...]
    rows: int

    def frame(self) -> "pandas.DataFrame":
        """Return a table with one row for each input."""
        import pandas

        return pandas.DataFrame(
            {"mean difference": self.mean_difference, "log variance ratio": self.log_ratio},
            index=list(self.columns),
        )

    def worst(self) -> str:
        """Return a sentence on the column that differs most; one in other units comes first."""
        score = np.maximum(np.abs(self.mean_difference), np.abs(self.log_ratio) / 2)
        odd = self.other_scale()
        j = int(np.argmax(np.where(odd, score, -1.0) if odd.any() else score))
        return (
            f"input {self.columns[j]}: real rows lie {self.mean_difference[j]:+.3g} simulated standard "
            f"deviations off, with {np.exp(self.log_ratio[j] / 2):.3g} times their spread"
        )

    def other_scale(self) -> np.ndarray:
        """Return which columns look as if they were in other units, of shape (d,)."""
        narrow = (self.log_ratio < -2 * np.log(10)) & (self.log_ratio > -2 * np.log(1e5))  # not constant
        spread = (self.log_ratio > 2 * np.log(10)) | narrow
        return (np.abs(self.mean_difference) > 5) | (spread & (self.rows >= _TELLING))

    def __str__(self) -> str:
        return f"Shift: AUC {self.auc:.2f} (0.5 or less: alike); {self.worst()}."


def shift_report(X_sim: np.ndarray, X_real: np.ndarray, columns: tuple[str, ...] = ()) -> ShiftReport:
    """Compare simulated and real inputs.

    Parameters
    ----------
    X_sim, X_real : array of shape (n, d)
        Inputs in one unit; at least one real row.
    columns : tuple of str, default ()
        Names; the numbers of the columns without.

    Returns
    -------
    ShiftReport
        Figures per column and over all.

    Examples
    --------
    >>> X = np.linspace(0, 1, 40)[:, None]
    >>> bool(shift_report(X, X + 5).auc > 0.99)
    True
    """
    if not len(X_real):
        raise DataError("A shift report needs at least one real row, got none.")
    spread = X_sim.std(axis=0)
    safe = np.where(spread > 0, spread, 1.0)
    floor = 1e-6
    ratio = (
        np.log(np.maximum(X_real.std(axis=0) / safe, floor)) * 2 if len(X_real) > 1 else np.zeros(len(safe))
    )
    return ShiftReport(
        (X_real.mean(axis=0) - X_sim.mean(axis=0)) / safe,
        np.where(spread > 0, ratio, 0.0),
        _auc(X_sim, X_real),
        columns or tuple(str(j) for j in range(X_sim.shape[1])),
        len(X_real),
    )


def _auc(X_sim: np.ndarray, X_real: np.ndarray) -> float:
    """Return the cross-validated area under the curve of a linear classifier on x and x squared."""
    if len(X_real) < 4 or len(X_sim) < 4:
        return float("nan")
    from sklearn.linear_model import RidgeClassifier
    from sklearn.metrics import roc_auc_score
    from sklearn.model_selection import StratifiedKFold

    X_sim = X_sim[:: max(1, -(-len(X_sim) // _MOST))]
    X = np.vstack([X_sim, X_real])
    X = (X - X.mean(axis=0)) / np.where(X.std(axis=0) > 0, X.std(axis=0), 1.0)
    X = np.hstack([X, np.square(X)])
    is_real = np.repeat([0, 1], [len(X_sim), len(X_real)])
    scores = np.zeros(len(X))
    for taught, held in StratifiedKFold(min(5, len(X_real)), shuffle=True, random_state=0).split(X, is_real):
        model = RidgeClassifier(alpha=1.0, class_weight="balanced").fit(X[taught], is_real[taught])
        scores[held] = model.decision_function(X[held])
    return float(roc_auc_score(is_real, scores))
