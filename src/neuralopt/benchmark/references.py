"""The two reference lines: a linear model and scikit-learn's histogram gradient boosting."""

import warnings
from typing import Any

import numpy as np

from neuralopt.benchmark.task import Task
from neuralopt.models import CrossEntropy, SquaredError

_ALPHAS = np.logspace(-2, 4, 7)


def fit_linear(task: Task) -> tuple[np.ndarray, list[tuple[np.ndarray, np.ndarray]]]:
    """Fit a ridge or logistic regression, its penalty chosen by the validation loss.

    Parameters
    ----------
    task : Task

    Returns
    -------
    outputs : float array of shape (n_test, k)
        Predictions (standardised units) or class scores of the test rows.
    params : list with one (W, b)
        The same model as a network without hidden layer.
    """
    X, y, held = task.train.X, task.train.y, task.validation
    fits = []
    for alpha in _ALPHAS:
        W, b = _logistic(X, y, task.outputs, alpha) if y.ndim == 1 else _ridge(X, y, alpha)
        fits.append((validation_loss(held.X @ W + b, held.y), W, b))
    _, W, b = min(fits, key=lambda fit: fit[0])
    return task.test.X @ W + b, [(W, b)]


def _ridge(X: np.ndarray, y: np.ndarray, alpha: float) -> tuple[np.ndarray, np.ndarray]:
    from sklearn.linear_model import Ridge

    model = Ridge(alpha=alpha).fit(X, y)
    return np.atleast_2d(model.coef_).T, np.atleast_1d(model.intercept_)


def _logistic(X: np.ndarray, y: np.ndarray, classes: int, alpha: float) -> tuple[np.ndarray, np.ndarray]:
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.linear_model import LogisticRegression

    with warnings.catch_warnings():
        # separable classes have no finite optimum; the validation loss judges where it stopped
        warnings.simplefilter("ignore", ConvergenceWarning)
        model = LogisticRegression(C=1 / alpha, max_iter=300, tol=1e-3).fit(X, y)
    W, b = model.coef_.T, model.intercept_
    if classes == 2:  # one score for the second class: the first one's is zero
        W, b = np.hstack([np.zeros_like(W), W]), np.array([0.0, b[0]])
    return W, b


def fit_boosting(task: Task, seed: int = 0) -> np.ndarray:
    """Fit histogram gradient boosting, its number of trees chosen by the validation loss.

    Parameters
    ----------
    task : Task
    seed : int, default 0
        Of the binning of large data.

    Returns
    -------
    float array of shape (n_test, k)
        Predictions (standardised units) or log-probabilities of the test rows.
    """
    from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor

    options: dict[str, Any] = {"early_stopping": False, "random_state": seed, "max_iter": 100}
    X, y, held, test = task.train.X, task.train.y, task.validation, task.test.X
    if y.ndim == 1:
        model = HistGradientBoostingClassifier(**options).fit(X, y)
        stages = [_logs(p) for p in model.staged_predict_proba(held.X)]
        best = int(np.argmin([validation_loss(stage, held.y) for stage in stages]))
        return _stage((_logs(p) for p in model.staged_predict_proba(test)), best)
    columns = []
    for k in range(y.shape[1]):
        model = HistGradientBoostingRegressor(**options).fit(X, y[:, k])
        losses = [float(np.mean((p - held.y[:, k]) ** 2)) for p in model.staged_predict(held.X)]
        columns.append(_stage(model.staged_predict(test), int(np.argmin(losses))))
    return np.stack(columns, axis=1)


def _logs(probabilities: np.ndarray) -> np.ndarray:
    return np.log(np.clip(probabilities, 1e-12, None))


def _stage(stages: Any, wanted: int) -> np.ndarray:
    return next(stage for k, stage in enumerate(stages) if k == wanted)


def validation_loss(outputs: np.ndarray, y: np.ndarray) -> float:
    """Return the mean squared error, or the cross-entropy of class scores."""
    return float((CrossEntropy() if y.ndim == 1 else SquaredError()).value(outputs, y))
