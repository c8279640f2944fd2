"""Estimators of ours and of scikit-learn: hold-out, folds, fitting again."""

import numpy as np
import pytest
from sklearn.datasets import load_iris
from sklearn.linear_model import Lasso, Ridge
from sklearn.model_selection import cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

import neuralopt
from neuralopt.core.errors import DataError, InvalidArgument

X, Y = load_iris(return_X_y=True)
SHORT = {"max_trials": 6, "early_stopping_patience": None}


def test_folds_are_those_of_scikit_learn():
    space = {"C": ("log_uniform", 1e-2, 1e2), "kernel": ["rbf", "linear"]}
    result = neuralopt.tune(SVC, space, (X, Y), cv=4, **SHORT)
    assert result.study.directions == ("maximize",)
    assert result.best_value == pytest.approx(cross_val_score(SVC(**result.best_params), X, Y, cv=4).mean())
    assert result.best_model().score(X, Y) > 0.9
    assert all(len(t.reports) == 4 for t in result.trials)


def test_a_pipeline_by_hold_out():
    pipe = make_pipeline(StandardScaler(), Ridge())
    result = neuralopt.tune(pipe, {"ridge__alpha": ("log_uniform", 1e-4, 1e2)}, (X, Y.astype(float)), **SHORT)
    assert 0.8 < result.best_value < 1
    assert result.best_model().named_steps["ridge"].alpha == result.best_params["ridge__alpha"]


def test_our_own_estimator():
    model = make_pipeline(StandardScaler(), neuralopt.NeuralClassifier((4,), epochs=15))
    space = {"neuralclassifier__learning_rate": ("log_uniform", 1e-3, 1e-1)}
    result = neuralopt.tune(model, space, (X, Y), seed=3, **SHORT)
    assert result.best_value > 0.8
    fitted = result.best_model().named_steps["neuralclassifier"]
    assert fitted.seed_ == 3


@pytest.mark.parametrize(
    ("options", "kind", "text"),
    [
        (
            {"space": {"alhpa": ("uniform", 0, 1)}},
            InvalidArgument,
            "Ridge has no parameter 'alhpa'. Did you mean 'alpha'",
        ),
        ({"data": None}, InvalidArgument, "give data="),
        ({"data": (X[:1], Y[:1])}, DataError, "the 1 rows cannot be split"),
        ({"data": (X[:3], Y[:3]), "cv": 5}, DataError, "the 3 rows cannot be split"),
        ({"validation": (X, Y), "cv": 5}, InvalidArgument, "validation= or cv=, not both"),
        ({"data": X}, InvalidArgument, r"data must be \(X, y\)"),
    ],
)
def test_what_is_refused_before_any_trial(options, kind, text):
    given = {"space": {"alpha": ("uniform", 0, 1)}, "data": (X, Y), **options}
    with pytest.raises(kind, match=text):
        neuralopt.tune(Ridge, given.pop("space"), given.pop("data"), **given)


def test_rows_of_tables():
    pd = pytest.importorskip("pandas")
    frame = pd.DataFrame(X, columns=list("abcd"))
    result = neuralopt.tune(Ridge(), {"alpha": ("uniform", 0, 1)}, (frame, pd.Series(Y)), cv=3, **SHORT)
    assert np.isfinite(result.best_value)
    assert list(result.best_model().feature_names_in_) == list("abcd")


RIDGE = {"alpha": ("log_uniform", 1e-3, 10.0)}


@pytest.mark.parametrize(
    ("estimator", "shift", "given", "what"),
    [
        (Ridge(), 1.0, {}, "data"),
        (Lasso(), 0.0, {}, "estimator"),
        (Ridge(fit_intercept=False), 0.0, {}, "estimator"),
        (Ridge(), 0.0, {"scoring": "neg_mean_squared_error"}, "scoring"),
        (Ridge(), 0.0, {"cv": 3}, "data"),
    ],
)
def test_a_study_of_another_estimator_is_refused(tmp_path, estimator, shift, given, what):
    X = np.random.default_rng(0).normal(size=(30, 2))
    y = X[:, 0]
    common = {"method": "random", "output": tmp_path / "study", "early_stopping_patience": None}
    neuralopt.tune(Ridge(), RIDGE, (X, y), max_trials=2, **common)
    common |= {"resume": True, "max_trials": 3}
    with pytest.raises(InvalidArgument, match=f"holds another study: {what} was"):
        neuralopt.tune(estimator, RIDGE, (X, y + shift * X[:, 1]), **common, **given)
    assert len(neuralopt.tune(Ridge(), RIDGE, (X, y), **common).trials) == 3
