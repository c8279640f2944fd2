"""``JointRegressor``: one model of real targets from many simulated and few real rows."""

from typing import Any

import numpy as np
from sklearn.base import RegressorMixin

from neuralopt.core.errors import DataError
from neuralopt.estimators.joint_base import JointEstimator
from neuralopt.joint.candidates.conformal import half_widths


class JointRegressor(RegressorMixin, JointEstimator):
    """A regressor that learns from a simulator's rows and a handful of measurements.

    A network learns the simulated rows; candidates from the simulator alone to the measurements alone
    are fitted, and leaving out one measurement after the other tells which to take.

    Parameters
    ----------
    hidden_layer_sizes : sequence of int >= 1, default (64,)
        Units of the hidden layers, at least one layer.
    activation : str, default "tanh"
        Of the hidden layers.
    mode : {"variable_projection", "alternating", "implicit"}, default "variable_projection"
        How the simulator's network is trained, see `JointOptimizer`.
    final : {"stack", "select"}, default "stack"
        Mix the candidates that are hardly worse than the best, or take one.
    optimizer : str, Transform or None, default None
        None is L-BFGS, in the alternating mode Adam.
    learning_rate : float > 0 or schedule, default 0.01
        Of optimizers given by name.
    reg_lambda : float >= 0, "loo" or "gcv", default "loo"
        Penalty of the ridge on the real rows, or how to choose it.
    loss : str, Loss or callable, default "squared_error"
        Supervised loss of the alternating mode.
    loss_weights : sequence of two or three floats, default (10, 1)
        Of the supervised and the alignment term; in the implicit mode a third is that of the neighbours.
    k_neighbors : int >= 1, default 5
        Real rows that speak for a simulated one.
    metric : str, default "euclidean"
        Of similarity, see `SimilarityLookup`.
    refit_every : int >= 1, default 5
        Epochs between two solutions of the readout in the alternating mode.
    robust : {"auto", "huber", "tukey"} or None, default "auto"
        What keeps outliers among the real rows from spoiling the fit, see `JointOptimizer`.
    epochs : int >= 1, default 1000
        Passes over the simulated rows at most; steps of L-BFGS.
    batch_size : int >= 1 or "full", default 32
        Rows of a step in the alternating mode.
    random_state : int, RandomState, Generator or None, default None
        None draws a new seed; NumPy's global random state is never used.

    Attributes
    ----------
    joint_ : JointOptimizer
        The fitted model.
    candidates_ : Table or None
        Candidates with their leave-one-out errors; prints. None with fewer than three real rows.
    summary_ : tuple of str
        Whether the simulator helped, and what else a reader should know, with figures.
    shift_ : ShiftReport or None
        How differently simulated and real inputs are distributed.
    alignment_error_ : float
        Leave-one-out RMSE on the real rows over the standard deviation of their targets; NaN without them.
    history_ : History
        One row per epoch.
    converged_ : bool
        Whether training settled and the model predicts real rows left out better than their mean.
    n_iter_ : int
        Epochs run.
    seed_ : int
        The seed used: ``random_state=seed_`` repeats the fit.
    n_features_in_ : int
    feature_names_in_ : array of str of shape (n_features,)
        When X had column names, all of them text.

    Notes
    -----
    Without real rows the simulator's network alone is trained, and ``summary_`` says so. Both kinds of
    rows are scaled inside. A search over parameters scores on simulated rows, which are not what counts:
    the leave-one-out error on the real rows is ``alignment_error_``.

    Examples
    --------
    >>> from neuralopt.datasets import make_pair
    >>> pair = make_pair("currin", n_sim=200, n_real=12)
    >>> model = JointRegressor((16,), epochs=100, random_state=0)
    >>> model = model.fit(pair.X_sim, pair.y_sim, X_real=pair.X_real, y_real=pair.y_real)
    >>> model.score(pair.X_test, pair.y_test) > 0.95
    True
    """

    def fit(self, X: Any, y: Any, X_real: Any = None, y_real: Any = None) -> "JointRegressor":
        """Train on simulated rows and on real ones.

        Parameters
        ----------
        X : array or DataFrame of shape (n, d)
            Simulated inputs, in any unit.
        y : array, Series or DataFrame of shape (n,) or (n, outputs)
            Simulated outputs.
        X_real, y_real : array or DataFrame, optional
            The measurements, in the same columns and units. Fewer than three leave the simulator as it is.

        Returns
        -------
        self

        Raises
        ------
        InvalidArgument
            For arguments that break their law.
        DataError, ValueError
            For rows that cannot be used.
        """
        X, y = self._simulated(X, y, y_numeric=True)
        X_real, y_real = self._real(X_real, y_real, y_numeric=True)
        outputs = 1 if y.ndim == 1 else y.shape[1]
        if y_real is not None and np.shape(y_real)[1:] != y.shape[1:]:
            raise DataError(
                f"y_real must have as many columns as y, {outputs}, got an array of shape {np.shape(y_real)}."
            )
        self._train("regression", outputs, X, y, X_real, y_real)
        return self

    def predict(self, X: Any) -> np.ndarray:
        """Return the predictions for the real system, in the unit of the targets.

        Parameters
        ----------
        X : array or DataFrame of shape (n, d)
            Inputs.

        Returns
        -------
        float64 array of shape (n,) or (n, outputs)
            Of the form that y had.
        """
        X = self._rows(X)
        return self.joint_.predict(X)

    def predict_interval(self, X: Any, coverage: float = 0.9) -> tuple[np.ndarray, np.ndarray]:
        """Return lower and upper ends of prediction intervals, from residuals of real rows left out.

        They are wide where the candidates know little: far from the real rows, where the simulator does not
        help.

        Parameters
        ----------
        X : array or DataFrame of shape (n, d)
            Inputs.
        coverage : float in (0, 1), default 0.9
            Share of new real rows that the intervals are to hold, on average over real samples.

        Returns
        -------
        tuple of two float64 arrays
            Of the shape of `predict`; infinite where there are too few real rows for the coverage, as
            there are without any.

        Raises
        ------
        InvalidArgument
            For a coverage outside (0, 1).
        """
        X = self._rows(X)
        joint, middle = self.joint_, self.joint_.predict(X)
        if joint.selection_ is None:
            half = np.tile(half_widths(np.zeros((0, joint.settings["output_dim"])), coverage), (len(X), 1))
        else:
            half = joint.selection_.half_widths(joint.scale_.apply(X), coverage) * joint.target_scale_.spread
        half = half[:, 0] if middle.ndim == 1 else half
        return middle - half, middle + half

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.target_tags.multi_output = True
        return tags
