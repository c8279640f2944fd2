"""The two reference lines equal scikit-learn's own models, fitted directly."""

import time

import numpy as np
import pytest
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.metrics import log_loss, mean_squared_error
from threadpoolctl import threadpool_limits

from neuralopt.benchmark import make_task
from neuralopt.benchmark.references import fit_boosting, fit_linear
from neuralopt.datasets import bundled_target, load_bundled
from neuralopt.models import softmax


@pytest.fixture(params=["diabetes", "digits"])
def shipped(request):
    return make_task(request.param, load_bundled(request.param), bundled_target(request.param))


def test_boosting_equals_the_full_search_over_a_hundred_trees(shipped):
    """Stopping early and adding trees step by step gives the very same model."""
    train, held = shipped.train, shipped.validation
    begin = time.process_time()
    found = fit_boosting(shipped)
    assert time.process_time() - begin < 12  # about 2 s; ten times as much where threads wait for each other
    with threadpool_limits(1):
        if shipped.kind == "classification":
            model = HistGradientBoostingClassifier(early_stopping=False, random_state=0).fit(train.X, train.y)
            losses = [log_loss(held.y, p) for p in model.staged_predict_proba(held.X)]
            wanted = np.log(list(model.staged_predict_proba(shipped.test.X))[int(np.argmin(losses))])
        else:
            model = HistGradientBoostingRegressor(early_stopping=False, random_state=0)
            model.fit(train.X, train.y[:, 0])
            losses = [mean_squared_error(held.y, p) for p in model.staged_predict(held.X)]
            wanted = list(model.staged_predict(shipped.test.X))[int(np.argmin(losses))][:, None]
    np.testing.assert_allclose(found, wanted, rtol=1e-12)


def test_boosting_of_several_targets(frame_of):
    frame = frame_of("regression").assign(z=lambda f: f["a"] * f["c"])
    both = fit_boosting(make_task("t", frame, ["y", "z"]))
    assert both.shape == (12, 2)
    alone = fit_boosting(make_task("t", frame[["a", "b", "c", "y"]], "y"))
    np.testing.assert_allclose(both[:, :1], alone, rtol=1e-12)


def test_boosting_is_interrupted_between_trees(task):
    calls = []
    assert fit_boosting(task, lambda epoch: calls.append(epoch) or len(calls) == 2) is None
    assert len(calls) == 2


def test_linear_regression_is_the_best_ridge(frame_of):
    task = make_task("t", frame_of("regression"), "y")
    models = [Ridge(alpha=a).fit(task.train.X, task.train.y[:, 0]) for a in np.logspace(-2, 4, 7)]
    best = min(models, key=lambda m: mean_squared_error(task.validation.y, m.predict(task.validation.X)))
    outputs, ((W, b),) = fit_linear(task)
    np.testing.assert_allclose(outputs[:, 0], best.predict(task.test.X), rtol=1e-9)
    np.testing.assert_allclose(task.test.X @ W + b, outputs, rtol=1e-12)


@pytest.mark.parametrize("classes", [2, 3])
def test_linear_classification_is_the_best_logistic_regression(frame_of, classes):
    frame = frame_of("classification")
    if classes == 2:
        frame["y"] = frame["y"].replace({"elm": "oak"})
    task = make_task("t", frame, "y")
    train, held = task.train, task.validation
    models = [
        LogisticRegression(C=1 / a, max_iter=300, tol=1e-3).fit(train.X, train.y)
        for a in np.logspace(-2, 4, 7)
    ]
    best = min(models, key=lambda m: log_loss(held.y, m.predict_proba(held.X), labels=range(classes)))
    outputs, ((W, b),) = fit_linear(task)
    np.testing.assert_allclose(softmax(outputs), best.predict_proba(task.test.X), rtol=1e-9)
    np.testing.assert_allclose(task.test.X @ W + b, outputs, rtol=1e-12)
