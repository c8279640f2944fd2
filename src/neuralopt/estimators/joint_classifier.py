"""``JointClassifier``: one model of real classes from many simulated and few real rows."""

from typing import Any

import numpy as np
from sklearn.base import ClassifierMixin

from neuralopt.core.errors import DataError
from neuralopt.estimators.classifier import check_one_label
from neuralopt.estimators.joint_base import JointEstimator


class JointClassifier(ClassifierMixin, JointEstimator):
    """A classifier that learns from a simulator's rows and a handful of labelled real ones.

    A network learns the simulated rows; candidates from the simulator alone to the real rows alone are
    fitted, and leaving out one real row after the other tells which to take.

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
        Weights of the real rows, see `JointOptimizer`; ``"auto"`` leaves no row of a class out.
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
    classes_ : array of shape (classes,)
        The labels of simulated and real rows.
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
    >>> import numpy as np
    >>> X = np.random.default_rng(0).normal(size=(80, 2))
    >>> y = np.where(X[:, 0] > 0, "hot", "cold")
    >>> model = JointClassifier((8,), epochs=50, random_state=0)
    >>> model = model.fit(X[:60], y[:60], X_real=X[60:], y_real=y[60:])
    >>> model.predict([[2.0, 0.0], [-2.0, 0.0]]).tolist()
    ['hot', 'cold']
    """

    classes_: np.ndarray

    def fit(self, X: Any, y: Any, X_real: Any = None, y_real: Any = None) -> "JointClassifier":
        """Train on simulated rows and on real ones.

        Parameters
        ----------
        X : array or DataFrame of shape (n, d)
            Simulated inputs, in any unit.
        y : array or Series of shape (n,)
            Their labels.
        X_real, y_real : array or DataFrame, optional
            Real inputs in the same columns and units, and their labels. Fewer than three leave the
            simulator as it is.

        Returns
        -------
        self

        Raises
        ------
        InvalidArgument
            For arguments that break their law.
        DataError, ValueError
            For rows that cannot be used, or one class.
        """
        X, y = self._simulated(X, y)
        X_real, y_real = self._real(X_real, y_real)
        labels = check_one_label(y)
        real = None if y_real is None else check_one_label(y_real)
        classes = np.unique(labels if real is None else np.concatenate([labels, real]))
        if len(classes) < 2:
            raise DataError(
                f"a classifier needs rows of at least two classes, y has 1 class: {classes.tolist()[0]!r}. "
                "Likely cause: the rows were sorted or filtered by label before they were split."
            )
        codes = None if real is None else np.searchsorted(classes, real)
        self._train("classification", len(classes), X, np.searchsorted(classes, labels), X_real, codes)
        self.classes_ = classes
        return self

    def predict(self, X: Any) -> np.ndarray:
        """Return the most likely label of every row.

        Parameters
        ----------
        X : array or DataFrame of shape (n, d)
            Inputs.

        Returns
        -------
        array of shape (n,)
            Labels.
        """
        X = self._rows(X)
        return self.classes_[self.joint_.predict(X)]

    def predict_proba(self, X: Any) -> np.ndarray:
        """Return the probabilities of the classes.

        Parameters
        ----------
        X : array or DataFrame of shape (n, d)
            Inputs.

        Returns
        -------
        float64 array of shape (n, classes)
            In the order of ``classes_``; every row sums to one.
        """
        X = self._rows(X)
        return self.joint_.predict_proba(X)
