"""``SearchClassifier``: a network for two or more classes, trained by search."""

from typing import Any

import numpy as np
from sklearn.base import ClassifierMixin
from sklearn.utils.metaestimators import available_if

from neuralopt.core.errors import DataError
from neuralopt.estimators.classifier import check_one_label
from neuralopt.estimators.search_base import SearchEstimator
from neuralopt.models import softmax


def _gives_probabilities(estimator: "SearchClassifier") -> bool:
    if estimator.loss == "cross_entropy":
        return True
    raise AttributeError(
        f"predict_proba needs loss='cross_entropy', got loss={estimator.loss!r}, whose scores are not "
        "probabilities. Use decision_function, or calibrate: CalibratedClassifierCV(estimator)."
    )


class SearchClassifier(ClassifierMixin, SearchEstimator):
    """A multi-layer perceptron for two or more classes, trained by search or by a hybrid.

    Parameters
    ----------
    hidden_layer_sizes : sequence of int >= 1, default (64,)
        Units of the hidden layers; empty for a linear model.
    activation : str, default "step"
        Of the hidden layers: step, sign, tanh, relu, gelu, sigmoid or identity.
    loss : str or callable, default "squared_error"
        "squared_error" (one output for each class), "01", "f1", "auc", "cross_entropy", "hinge", or
        ``loss(scores, y)`` with class indices y; only the cross-entropy gives probabilities.
    max_iterations : int >= 1, default 30
        Sweeps over all weights at most; of a hybrid, of each phase.
    hybrid : bool, default False
        Search, descend by Adam, search again, and keep the best; see `HybridModel`.
    learning_rate : float > 0, default 0.01
        Of the descent.
    line, order : str, default "auto", "cyclic"
        As for `SearchModel`.
    directions, levels : sequence, optional
        As for `SearchModel`.
    restarts : int >= 0, default 0
        As for `SearchModel`.
    readout : {"ridge", "search"}, optional
        As for `SearchModel`.
    budget_s, tolerance : float, optional
        As for `SearchModel`.
    early_stopping : bool or "auto", default "auto"
        Hold out rows, measure the loss on them after every sweep, and keep the parameters of the lowest.
        "auto" does so not for classes, of which searched networks learn more from every row.
    validation_fraction : float in (0, 1), default 0.15
        Of the rows, held out.
    random_state : int, RandomState, Generator or None, default None
        Of all that is drawn. None draws a new seed; NumPy's global random state is never used.
    verbose : int, default 0
        1 shows the progress.

    Attributes
    ----------
    classes_ : array of shape (classes,)
        The labels, sorted.
    model_ : SearchModel
        With ``params``, ``choice`` and ``summary()``.
    history_ : History
        One row per sweep or epoch.
    status_ : Status
        Why the search ended.
    n_iter_ : int
        Sweeps and epochs run.
    loss_ : float
        The lowest loss.
    seed_ : int
        The seed used: ``random_state=seed_`` repeats the fit.
    n_features_in_ : int
    feature_names_in_ : array of str of shape (n_features,)
        When X had column names, all of them text.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> X, y = load_iris(return_X_y=True)
    >>> model = SearchClassifier((8,), max_iterations=5, random_state=0)
    >>> model.fit(X[::2], y[::2]).score(X[1::2], y[1::2]) > 0.9
    True
    """

    classes_: np.ndarray

    def fit(self, X: Any, y: Any) -> "SearchClassifier":
        """Search on data.

        Parameters
        ----------
        X : array or DataFrame of shape (n, d)
            Features.
        y : array or Series of shape (n,)
            Labels of two or more classes.

        Returns
        -------
        self

        Raises
        ------
        InvalidArgument
            With every argument that breaks its law.
        DataError, ValueError
            For data that cannot be used: missing values, text, one class, real targets.
        """
        X, y = self._read(X, y)
        classes, codes = np.unique(check_one_label(y), return_inverse=True)
        if len(classes) < 2:
            raise DataError(
                f"a classifier needs rows of at least two classes, y has 1 class: {classes.tolist()[0]!r}. "
                "Likely cause: the rows were sorted or filtered by label before they were split."
            )
        self._search(X, codes, len(classes))
        self.classes_ = classes
        return self

    def predict(self, X: Any) -> np.ndarray:
        """Return the label of the highest score of every row.

        Parameters
        ----------
        X : array or DataFrame of shape (n, d)
            Features.

        Returns
        -------
        array of shape (n,)
        """
        best = self._outputs(X).argmax(axis=1)
        return self.classes_[best]

    def decision_function(self, X: Any) -> np.ndarray:
        """Return the scores of the classes.

        Parameters
        ----------
        X : array or DataFrame of shape (n, d)
            Features.

        Returns
        -------
        float64 array of shape (n, classes)
            Of two classes shape (n,): the score of ``classes_[1]`` above that of ``classes_[0]``.
        """
        scores = self._outputs(X)
        return scores[:, 1] - scores[:, 0] if scores.shape[1] == 2 else scores

    @available_if(_gives_probabilities)
    def predict_proba(self, X: Any) -> np.ndarray:
        """Return the probabilities of the classes; there under the cross-entropy loss only.

        Parameters
        ----------
        X : array or DataFrame of shape (n, d)
            Features.

        Returns
        -------
        float64 array of shape (n, classes)
            In the order of ``classes_``; every row sums to one.
        """
        return softmax(self._outputs(X))
