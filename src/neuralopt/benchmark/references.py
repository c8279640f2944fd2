"""The two reference lines: a linear model and scikit-learn's histogram gradient boosting."""

import contextlib
import warnings
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from typing import Any

import numpy as np

from neuralopt.benchmark.task import Task
from neuralopt.models import CrossEntropy, SquaredError

_ALPHAS = np.logspace(-2, 4, 7)
_TREES, _TREES_STEP, _TREES_PATIENCE = 100, 10, 20
_MANY_ROWS = 20_000


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
    with _few_threads(len(X)):
        for alpha in _ALPHAS:
            W, b = _logistic(X, y, task.outputs, alpha) if y.ndim == 1 else _ridge(X, y, alpha)
            fits.append((validation_loss(held.X @ W + b, held.y), W, b))
    _, W, b = min(fits, key=lambda fit: fit[0])
    return task.test.X @ W + b, [(W, b)]


def _ridge(X: np.ndarray, y: np.ndarray, alpha: float) -> tuple[np.ndarray, np.ndarray]:
    from sklearn.linear_model import Ridge

    # texts come in float32, in which a weak penalty leaves nothing of the smallest eigenvalues
    model = Ridge(alpha=alpha).fit(X.astype(np.float64), y)
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


def fit_boosting(
    task: Task, progress: Callable[[int], bool] | None = None, seed: int = 0
) -> np.ndarray | None:
    """Fit histogram gradient boosting, its number of trees chosen by the validation loss.

    Trees are added until the validation loss has not been lowered by the last twenty, at most a hundred.

    Parameters
    ----------
    task : Task
    progress : callable, optional
        Called with 0 every ten trees; returns True to interrupt.
    seed : int, default 0
        Of the binning of large data.

    Returns
    -------
    float array of shape (n_test, k) or None
        Predictions (standardised units) or log-probabilities of the test rows; None when interrupted.
    """
    from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor

    progress = progress or (lambda epoch: False)
    y, columns = task.train.y, []
    kind: Any = HistGradientBoostingClassifier if y.ndim == 1 else HistGradientBoostingRegressor
    targets = [(y, task.validation.y)] if y.ndim == 1 else list(zip(y.T, task.validation.y.T, strict=True))
    for target, held in targets:
        options: dict[str, Any] = {"early_stopping": False, "warm_start": True, "random_state": seed}
        model = kind(**options)
        best = _grow(model, (task.train.X, target), (task.validation.X, held), progress)
        if best is None:
            return None
        columns.append(_stage(_staged(model, task.test.X), best))
    return columns[0] if y.ndim == 1 else np.concatenate(columns, axis=1)


def _grow(model: Any, train: tuple[Any, Any], held: tuple[Any, Any], progress: Any) -> int | None:
    """Add trees while they lower the validation loss; return the best stage, or None when interrupted."""
    best = 0
    with _few_threads(len(train[0])):
        for trees in range(_TREES_STEP, _TREES + 1, _TREES_STEP):
            if progress(0):
                return None
            model.set_params(max_iter=trees).fit(*train)
            target = held[1] if held[1].dtype.kind == "i" else held[1][:, None]
            best = int(np.argmin([validation_loss(s, target) for s in _staged(model, held[0])]))
            if trees - 1 - best >= _TREES_PATIENCE:
                break
    return best


def _staged(model: Any, X: np.ndarray) -> Iterator[np.ndarray]:
    """Yield the outputs of shape (n, k) after every stage."""
    if hasattr(model, "staged_predict_proba"):
        yield from (_logs(p) for p in model.staged_predict_proba(X))
    else:
        yield from (p[:, None] for p in model.staged_predict(X))


def _few_threads(rows: int) -> AbstractContextManager[Any]:
    """Keep small fits on one thread: more only wait for each other, above all on a busy machine."""
    from threadpoolctl import threadpool_limits

    return threadpool_limits(1) if rows < _MANY_ROWS else contextlib.nullcontext()


def _logs(probabilities: np.ndarray) -> np.ndarray:
    return np.log(np.clip(probabilities, 1e-12, None))


def _stage(stages: Any, wanted: int) -> np.ndarray:
    return next(stage for k, stage in enumerate(stages) if k == wanted)


def validation_loss(outputs: np.ndarray, y: np.ndarray) -> float:
    """Return the mean squared error, or the cross-entropy of class scores."""
    return float((CrossEntropy() if y.ndim == 1 else SquaredError()).value(outputs, y))
