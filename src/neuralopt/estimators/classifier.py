"""``NeuralClassifier``: a multi-layer perceptron for two or more classes, with any optimizer."""

from typing import Any

import numpy as np
from sklearn.base import ClassifierMixin
from sklearn.utils.metaestimators import available_if
from sklearn.utils.multiclass import check_classification_targets, type_of_target
from sklearn.utils.validation import column_or_1d, validate_data

from neuralopt.core.errors import DataError
from neuralopt.estimators.base import NeuralEstimator, text_explained
from neuralopt.estimators.settings import resolve
from neuralopt.models import CrossEntropy, softmax


def _gives_probabilities(estimator: "NeuralClassifier") -> bool:
    if (
        estimator.loss is None
        or estimator.loss == "cross_entropy"
        or isinstance(estimator.loss, CrossEntropy)
    ):
        return True
    raise AttributeError(
        f"predict_proba needs loss='cross_entropy', got loss={estimator.loss!r}, whose scores are not "
        "probabilities. Use decision_function, or calibrate: CalibratedClassifierCV(estimator)."
    )


class NeuralClassifier(ClassifierMixin, NeuralEstimator):
    """A multi-layer perceptron for two or more classes, trained by any optimizer.

    Labels may be of any kind that sorts. Features are taken as they are: put a ``StandardScaler`` in
    front, as in the example; features far from the order of 1 give a warning.

    Parameters
    ----------
    hidden_layer_sizes : sequence of int >= 1, default (64,)
        Units of the hidden layers; empty for a linear model.
    activation : str, default "tanh"
        Of the hidden layers: tanh, relu, gelu, sigmoid, identity, step or sign.
    optimizer : str or Transform, default "adam"
        A registered name, ``"optax.<name>"``, an optimizer, a `chain`, or what `from_optax` returns.
    learning_rate : float > 0 or schedule, optional
        By default the optimizer's own.
    alpha : float >= 0, default 0
        Adds the penalty ``alpha / 2 * sum(W ** 2)`` over all weights, not biases, to the loss that is
        minimised; the recorded losses are without it. Scikit-learn's networks divide theirs by the
        number of rows. Decoupled weight decay is ``optimizer="adamw"``.
    dropout : 0 <= float < 1, schedule, AdaptiveDropout, tuple of such, or None, default None
        Share of the hidden activations that each training step drops; a tuple has one for each hidden
        layer. Predictions drop nothing.
    loss : {"cross_entropy", "hinge"}, Loss, callable or None, default None
        None means cross-entropy; only that gives probabilities. A callable ``loss(scores, y)`` of
        scores of shape (n, classes) and class indices of shape (n,) is differentiated by JAX.
    epochs : int >= 1, default 200
        Passes over the data at most.
    batch_size : int >= 1, "full" or None, default None
        None means 32, or the whole data for GD.
    early_stopping : bool, default False
        Hold out rows, of every class its share, end when the loss on them stops improving, and keep
        the best epoch's parameters.
    validation_fraction : float in (0, 1), default 0.1
        Share of the rows that early stopping holds out.
    patience : int >= 1, default 20
        Epochs without improvement before early stopping ends the training.
    tolerance : float >= 0, optional
        End as CONVERGED when the training loss changes by no more than this in ten epochs running.
    warm_start : bool, default False
        Go on from the parameters of the fit before, with the same classes; the optimizer starts anew.
    dtype : {"float32", "float64"}, default "float32"
        Of the training; predictions are computed in float64.
    backend : {"jax", "numpy"}, default "jax"
        The compiled loop, which compiles once for every shape of data and network, or the one in NumPy.
    random_state : int, RandomState, Generator or None, default None
        Of the initial parameters, the order of the rows and the rows held out. None draws a new seed;
        NumPy's global random state is never used.
    verbose : int, default 0
        1 shows a progress bar.

    Attributes
    ----------
    classes_ : array of shape (classes,)
        The labels, sorted.
    params_ : list of (W, b)
        NumPy arrays, W of shape (fan_in, fan_out); one output for each class.
    mlp_ : MLP
        Shapes and activations of the network.
    history_ : History
        One row per epoch.
    status_ : Status
        Why the training ended. DIVERGED gives a ``ConvergenceWarning`` at fit.
    n_iter_ : int
        Epochs run.
    loss_ : float
        Training loss of the epoch whose parameters are kept.
    seed_ : int
        The seed used: ``random_state=seed_`` repeats the fit.
    n_features_in_ : int
    feature_names_in_ : array of str of shape (n_features,)
        When X had column names, all of them text.

    Notes
    -----
    Sample weights and several labels for a row are not offered. Ctrl-C keeps what has been trained,
    then ends the program or the search around the fit.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sklearn.pipeline import make_pipeline
    >>> from sklearn.preprocessing import StandardScaler
    >>> X, y = load_iris(return_X_y=True)
    >>> model = make_pipeline(StandardScaler(), NeuralClassifier((16,), epochs=50, random_state=0))
    >>> model.fit(X[::2], y[::2]).score(X[1::2], y[1::2]) > 0.9
    True
    """

    classes_: np.ndarray

    def fit(self, X: Any, y: Any) -> "NeuralClassifier":
        """Train on data.

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
            For data that cannot be used: missing values, text, one class, real targets, several
            labels for a row, other classes under ``warm_start``.
        """
        settings, warm = resolve(self, "class"), self._is_warm()
        with text_explained(X, type(self).__name__):
            X, y = validate_data(self, X, y, dtype=settings.dtype, multi_output=True, reset=not warm)
        classes, codes = np.unique(check_one_label(y), return_inverse=True)
        if len(classes) < 2:
            raise DataError(
                f"a classifier needs rows of at least two classes, y has 1 class: {classes.tolist()[0]!r}. "
                "Likely cause: the rows were sorted or filtered by label before they were split."
            )
        if warm and not np.array_equal(classes, self.classes_):
            raise DataError(
                f"warm_start needs the classes of the fit before, {self.classes_.tolist()}; "
                f"y has {classes.tolist()}. Set warm_start=False to begin anew."
            )
        self._train(X, codes, len(classes), settings, "accuracy", warm)
        self.classes_ = classes
        self._report_status()
        return self

    def predict(self, X: Any) -> np.ndarray:
        """Return the most likely label of every row.

        Parameters
        ----------
        X : array or DataFrame of shape (n, d)
            Features.

        Returns
        -------
        array of shape (n,)

        Raises
        ------
        TrainingFailed
            When the training diverged to parameters that are not finite.
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


def check_one_label(y: Any) -> np.ndarray:
    """Return labels of shape (n,), or raise."""
    kind = type_of_target(y, input_name="y")
    if kind.startswith("multilabel") or kind.endswith("multioutput"):
        raise DataError(
            f"a classifier needs one label for each row, got y of shape {np.shape(y)} ({kind}). "
            "Train one classifier for each column: sklearn.multioutput.MultiOutputClassifier(estimator)."
        )
    check_classification_targets(y)
    return column_or_1d(y, warn=True)
