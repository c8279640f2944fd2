"""``NeuralRegressor``: a multi-layer perceptron for real targets, with any optimizer."""

from typing import Any

import numpy as np
from sklearn.base import RegressorMixin
from sklearn.utils.validation import validate_data

from neuralopt.estimators.base import NeuralEstimator, text_explained
from neuralopt.estimators.settings import resolve


class NeuralRegressor(RegressorMixin, NeuralEstimator):
    """A multi-layer perceptron for one or several real targets, trained by any optimizer.

    The targets are standardised inside, so that any unit trains at the same learning rate;
    predictions come back in the targets' own unit. Features are taken as they are: put a
    ``StandardScaler`` in front, as in the example; features far from the order of 1 give a warning.

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
    loss : "squared_error", Loss, callable or None, default None
        None means squared error. A callable ``loss(prediction, y)`` of arrays of shape (n, outputs),
        standardised, is differentiated by JAX.
    epochs : int >= 1, default 200
        Passes over the data at most.
    batch_size : int >= 1, "full" or None, default None
        None means 32, or the whole data for GD.
    early_stopping : bool, default False
        Hold out rows, end when the loss on them stops improving, and keep the best epoch's parameters.
    validation_fraction : float in (0, 1), default 0.1
        Share of the rows that early stopping holds out.
    patience : int >= 1, default 20
        Epochs without improvement before early stopping ends the training.
    tolerance : float >= 0, optional
        End as CONVERGED when the training loss changes by no more than this in ten epochs running.
    warm_start : bool, default False
        Go on from the parameters, and the targets' scale, of the fit before; the optimizer starts anew.
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
    params_ : list of (W, b)
        NumPy arrays, W of shape (fan_in, fan_out).
    mlp_ : MLP
        Shapes and activations of the network.
    target_mean_, target_scale_ : float64 array of shape (outputs,)
        Predictions are the network's outputs times the scale plus the mean.
    history_ : History
        One row per epoch; losses are of the standardised targets.
    status_ : Status
        Why the training ended. DIVERGED gives a ``ConvergenceWarning`` at fit.
    n_iter_ : int
        Epochs run.
    loss_ : float
        Training loss of the epoch whose parameters are kept, of the standardised targets.
    seed_ : int
        The seed used: ``random_state=seed_`` repeats the fit.
    n_features_in_ : int
    feature_names_in_ : array of str of shape (n_features,)
        When X had column names, all of them text.

    Notes
    -----
    Sample weights are not offered. Ctrl-C keeps what has been trained, then ends the program or the
    search around the fit.

    Examples
    --------
    >>> from sklearn.datasets import load_diabetes
    >>> from sklearn.pipeline import make_pipeline
    >>> from sklearn.preprocessing import StandardScaler
    >>> X, y = load_diabetes(return_X_y=True)
    >>> model = make_pipeline(StandardScaler(), NeuralRegressor((16,), epochs=20, random_state=0))
    >>> model.fit(X[:400], y[:400]).score(X[400:], y[400:]) > 0.4
    True
    """

    target_mean_: np.ndarray
    target_scale_: np.ndarray

    def fit(self, X: Any, y: Any) -> "NeuralRegressor":
        """Train on data.

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
            For data that cannot be used: missing values, text, another width under ``warm_start``.
        """
        settings, warm = resolve(self, "real"), self._is_warm()
        with text_explained(X, type(self).__name__):
            X, y = validate_data(
                self, X, y, dtype=settings.dtype, multi_output=True, y_numeric=True, reset=not warm
            )
            y = np.asarray(y, np.float64)
        targets = y[:, None] if y.ndim == 1 else y
        mean, scale = (self.target_mean_, self.target_scale_) if warm else _location(targets)
        self._train(X, (targets - mean) / scale, targets.shape[1], settings, "r2", warm)
        self.target_mean_, self.target_scale_, self._one_target = mean, scale, y.ndim == 1
        self._report_status()
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

        Raises
        ------
        TrainingFailed
            When the training diverged to parameters that are not finite.
        """
        predicted = self._outputs(X) * self.target_scale_ + self.target_mean_
        return predicted[:, 0] if self._one_target else predicted

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.target_tags.multi_output = True
        return tags


def _location(targets: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return mean and standard deviation of the columns; of a constant column the scale is 1."""
    mean = targets.mean(axis=0)
    off = targets - mean
    peak = np.abs(off).max(axis=0)
    constant = peak <= 1e-12 * np.abs(mean)  # what rounding of the mean leaves
    safe = np.where(constant, 1.0, peak)
    scale = safe * np.sqrt(np.square(off / safe).mean(axis=0))  # squares of the ratios do not overflow
    return np.where(constant, targets[0], mean), np.where(constant, 1.0, scale)
