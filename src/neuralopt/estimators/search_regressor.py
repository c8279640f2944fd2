"""``SearchRegressor``: a network for real targets, trained by search."""

from typing import Any

import numpy as np
from sklearn.base import RegressorMixin

from neuralopt.estimators.search_base import SearchEstimator


class SearchRegressor(RegressorMixin, SearchEstimator):
    """A multi-layer perceptron for one or several real targets, trained by search or by a hybrid.

    Parameters
    ----------
    hidden_layer_sizes : sequence of int >= 1, default (64,)
        Units of the hidden layers; empty for a linear model.
    activation : str, default "step"
        Of the hidden layers: step, sign, tanh, relu, gelu, sigmoid or identity.
    loss : "squared_error" or callable, default "squared_error"
        A callable ``loss(prediction, y)`` returns one value for each row, or one number.
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
        "auto" does so from 60 rows on, without ``hybrid``.
    validation_fraction : float in (0, 1), default 0.15
        Of the rows, held out.
    random_state : int, RandomState, Generator or None, default None
        Of all that is drawn. None draws a new seed; NumPy's global random state is never used.
    verbose : int, default 0
        1 shows the progress.

    Attributes
    ----------
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
    >>> from sklearn.datasets import load_diabetes
    >>> X, y = load_diabetes(return_X_y=True)
    >>> model = SearchRegressor((5, 4), "tanh", max_iterations=10, random_state=0)
    >>> model.fit(X[:400], y[:400]).score(X[400:], y[400:]) > 0.4
    True
    """

    _stops_early = True

    def fit(self, X: Any, y: Any) -> "SearchRegressor":
        """Search on data.

        Parameters
        ----------
        X : array or DataFrame of shape (n, d)
            Features.
        y : array, Series or DataFrame of shape (n,) or (n, outputs)
            Targets, in any unit.

        Returns
        -------
        self

        Raises
        ------
        InvalidArgument
            With every argument that breaks its law.
        DataError, ValueError
            For data that cannot be used: missing values, text.
        """
        X, y = self._read(X, y, y_numeric=True)
        y = np.asarray(y, np.float64)
        self._search(X, y, 1 if y.ndim == 1 else y.shape[1])
        self._one_target = y.ndim == 1
        return self

    def predict(self, X: Any) -> np.ndarray:
        """Return the predictions, in the unit of the targets.

        Parameters
        ----------
        X : array or DataFrame of shape (n, d)
            Features.

        Returns
        -------
        float64 array of shape (n,) or (n, outputs)
            Of the form that y had.
        """
        predicted = self._outputs(X)
        return predicted[:, 0] if self._one_target else predicted

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.target_tags.multi_output = True
        return tags
