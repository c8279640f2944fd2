"""How good a joint model is: on real rows left out, and on rows of one's own."""

import warnings
from typing import Any

import numpy as np

from neuralopt.joint.alignment import spread_of
from neuralopt.joint.checks import check_inputs, check_labels, check_targets
from neuralopt.joint.fitting import Fitting
from neuralopt.models import CrossEntropy, r2
from neuralopt.readout import choose, ridge_path

OVERFIT = 0.1  # gap between test and training error, in units of std(y), from which a warning is given


def compute_alignment_error(net: Any, X_real: Any, y_real: Any) -> float:
    r"""Return how far a network's features are from explaining real rows: 0 is perfect, 1 is the mean.

    .. math:: \sqrt{\mathrm{LOO}} \,/\, \mathrm{std}(y)

    The readout is solved by ridge on all real rows but one, the error is that on the row left out, and
    lambda is the one of least error. The network's own readout has no say: refined on the very rows, it
    would look perfect.

    Parameters
    ----------
    net : Network, JointOptimizer or a joint estimator
        Anything with ``hidden(X)``; of what is fitted jointly the features of its network count.
    X_real : array-like of shape (n, input size)
        Measured inputs, n >= 2.
    y_real : array-like of shape (n,) or (n, outputs)
        Measured outputs; labels for a classifier.

    Returns
    -------
    float
        Of all outputs together.

    Raises
    ------
    DataError
        For fewer than two rows, or values that are not finite.

    Examples
    --------
    >>> import neuralopt
    >>> X = np.linspace(-1, 1, 30)[:, None]
    >>> net = neuralopt.NeuralNetwork(1, 16, 1)
    >>> compute_alignment_error(net, X, np.sin(3 * X)) < 0.05
    True
    """
    net = getattr(net, "joint_", net)  # of an estimator
    if isinstance(net, Fitting):
        X, Y = net.rows_in_scale(X_real, y_real)
        H = net.base_.features(X)
    else:
        H, Y = np.asarray(net.hidden(X_real), np.float64), y_real
    path = ridge_path(H, Y)
    return float(np.sqrt(choose(path).error / path.rows.Y.shape[1])) / spread_of(path.rows.Y)


def evaluate_model(optimizer: Any, X_test: Any, y_test: Any) -> dict[str, Any]:
    """Return the figures of a fitted `JointOptimizer` on rows that it has not seen.

    Parameters
    ----------
    optimizer : JointOptimizer, JointRegressor or JointClassifier
        Fitted.
    X_test : array-like of shape (n, input_dim)
        Inputs.
    y_test : array-like of shape (n,) or (n, output_dim)
        Measured outputs, or labels.

    Returns
    -------
    dict
        ``mse``, ``mae`` (in the units of y), ``r2``; ``converged``: training settled and the model
        predicts real rows left out better than their mean; ``train_test_gap``: RMSE here less RMSE on the
        real rows of training, in units of their standard deviation. Of a classifier also ``accuracy`` and
        ``log_loss``, and the others are of the probabilities.

    Warns
    -----
    UserWarning
        When the gap exceeds 0.1, with the figure.
    """
    optimizer = getattr(optimizer, "joint_", optimizer)  # of an estimator
    optimizer._fitted()
    if optimizer.settings["task"] == "classification":
        return _evaluate_classes(optimizer, X_test, y_test)
    X = check_inputs(X_test, "X_test", optimizer.settings["input_dim"])
    Y = check_targets(y_test, "y_test", len(X), optimizer.settings["output_dim"])
    off = np.reshape(optimizer.predict(X), Y.shape) - Y
    scaled = off / optimizer.target_scale_.spread
    figures = {
        "mse": float(np.mean(off**2)),
        "mae": float(np.mean(np.abs(off))),
        "r2": float(r2(Y + off, Y)),
    }
    return figures | _verdict(optimizer, scaled)


def _evaluate_classes(optimizer: Any, X_test: Any, y_test: Any) -> dict[str, Any]:
    X = check_inputs(X_test, "X_test", optimizer.settings["input_dim"])
    labels = optimizer._scaled(check_labels(y_test, "y_test", len(X)))
    shares, truth = optimizer.predict_proba(X), optimizer._columns(labels)
    off = shares - truth
    logits = np.log(np.maximum(shares, 1e-300))
    figures = {
        "mse": float(np.mean(off**2)),
        "mae": float(np.mean(np.abs(off))),
        "r2": float(r2(shares, truth)),
        "accuracy": float(np.mean(np.argmax(shares, axis=1) == labels)),
        "log_loss": float(CrossEntropy().value(logits, labels)),
    }
    return figures | _verdict(optimizer, optimizer._scores(X) - truth)


def _verdict(optimizer: Any, scaled: np.ndarray) -> dict[str, Any]:
    test = float(np.sqrt(np.mean(scaled**2))) / optimizer.real_spread_
    gap = test - optimizer.train_error_
    if gap > OVERFIT:
        warnings.warn(
            f"The error on these rows exceeds that on the real rows of training by {gap:.3g} standard "
            f"deviations of y ({test:.3g} against {optimizer.train_error_:.3g}): the model overfits, or the "
            f"rows differ from those of training. Left out one by one, the training rows had an error of "
            f"{optimizer.alignment_error_:.3g}.",
            UserWarning,
            stacklevel=3,
        )
    return {"converged": optimizer.converged_, "train_test_gap": gap}
