"""The joint estimators: scikit-learn's checks, real rows, intervals, bad input."""

import unittest
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.utils.estimator_checks import estimator_checks_generator

from neuralopt import JointClassifier, JointOptimizer, JointRegressor
from neuralopt.core.errors import DataError, InvalidArgument
from neuralopt.datasets import make_pair

SHORT = {"hidden_layer_sizes": (8,), "epochs": 40, "random_state": 0}


def _cases() -> Any:
    for kind in (JointRegressor, JointClassifier):
        for estimator, check in estimator_checks_generator(kind(**SHORT)):
            name = check.func.__name__
            if not name.startswith("check_array_api"):  # test_contract.py says why
                yield pytest.param(estimator, check, id=f"{kind.__name__}-{name}")


@pytest.mark.parametrize(("estimator", "check"), list(_cases()))
def test_scikit_learn(estimator: Any, check: Any) -> None:
    try:
        check(estimator)
    except unittest.SkipTest as reason:
        pytest.fail(f"the check did not run: {reason}")


@pytest.fixture(scope="module")
def pair():
    return make_pair("currin", n_sim=200, n_real=12)


@pytest.fixture(scope="module")
def fitted(pair):
    model = JointRegressor(**SHORT)
    return model.fit(pair.X_sim, pair.y_sim, X_real=pair.X_real, y_real=pair.y_real)


def test_it_is_the_joint_optimizer(pair, fitted):
    joint = JointOptimizer(2, 8, 1, seed=0)
    joint.fit(pair.X_sim, pair.y_sim, pair.X_real, pair.y_real, epochs=40)
    np.testing.assert_array_equal(fitted.predict(pair.X_test), joint.predict(pair.X_test))
    assert fitted.n_features_in_ == 2
    assert str(fitted.candidates_) == str(joint.candidates_)
    assert fitted.summary_ == tuple(joint.messages_)
    assert fitted.alignment_error_ == joint.alignment_error_


def test_real_rows_help():
    pair = make_pair("borehole", n_sim=300, n_real=15)
    fitted = JointRegressor(**SHORT).fit(pair.X_sim, pair.y_sim, X_real=pair.X_real, y_real=pair.y_real)
    alone = clone(fitted).fit(pair.X_sim, pair.y_sim)
    assert fitted.score(pair.X_test, pair.y_test) > alone.score(pair.X_test, pair.y_test)
    assert alone.candidates_ is None
    assert np.isnan(alone.alignment_error_)
    assert alone.summary_[0].startswith("There are no real rows")


def test_too_few_real_rows_are_said(pair):
    with pytest.warns(UserWarning, match="There is 1 real row: too few"):
        model = JointRegressor(**SHORT).fit(pair.X_sim, pair.y_sim, pair.X_real[:1], pair.y_real[:1])
    assert model.candidates_ is None


def test_intervals(pair, fitted):
    low, high = fitted.predict_interval(pair.X_test, coverage=0.8)
    middle = fitted.predict(pair.X_test)
    np.testing.assert_allclose((low + high) / 2, middle)
    found = fitted.joint_.selection_
    floor = np.median(found.loo_deviations)
    # the ceil(13 * 0.8) = 11th of 12 residuals in units of what was expected, in the targets' units
    ratio = np.sort(np.abs(found.loo_residuals / np.hypot(found.loo_deviations, floor))[:, 0])[10]
    half = (high - low) / 2 / fitted.joint_.target_scale_.spread[0]
    assert np.min(half) >= ratio * floor * (1 - 1e-9)
    assert np.max(half) > 1.2 * np.min(half)  # wider where less is known
    np.testing.assert_allclose(found.left_out_half_widths(0.8), ratio * np.hypot(found.loo_deviations, floor))
    assert np.all(np.isinf(fitted.predict_interval(pair.X_test, coverage=0.95)[1]))
    with pytest.raises(InvalidArgument, match="coverage must be between 0 and 1, got 2"):
        fitted.predict_interval(pair.X_test, coverage=2)


def test_several_targets(pair):
    Y, Y_real = (np.stack([y, -2 * y], axis=1) for y in (pair.y_sim, pair.y_real))
    model = JointRegressor(**SHORT).fit(pair.X_sim, Y, pair.X_real, Y_real)
    low, high = model.predict_interval(pair.X_test[:5], 0.5)
    assert model.predict(pair.X_test[:5]).shape == low.shape == high.shape == (5, 2)


def test_classes_of_real_rows_alone():
    X = np.random.default_rng(0).normal(size=(90, 2))
    y = np.array(["a", "b", "c"])[np.digitize(X[:, 0], [-0.5, 0.5])]
    model = JointClassifier(**SHORT).fit(X[:60], y[:60], X_real=X[60:], y_real=y[60:])
    assert model.classes_.tolist() == ["a", "b", "c"]
    np.testing.assert_allclose(model.predict_proba(X).sum(axis=1), 1)
    assert model.score(X, y) > 0.8


@pytest.mark.parametrize(
    ("real", "sentence"),
    [
        ((np.ones((5, 3)), np.ones(5)), "X has 3 features, but JointRegressor is expecting 2"),
        ((np.ones((5, 2)), None), "X_real and y_real belong together; only X_real was given"),
        ((None, np.ones(5)), "X_real and y_real belong together; only y_real was given"),
        ((np.full((5, 2), np.nan), np.ones(5)), "X_real and y_real cannot be used"),
        ((np.ones((5, 2)), np.ones((5, 2))), "y_real must have as many columns as y, 1"),
        ((np.array([["a", "b"]] * 5, dtype=object), np.ones(5)), "could not convert string"),
    ],
)
def test_bad_real_rows(pair, real, sentence):
    with pytest.raises(DataError, match="(?s)" + sentence.replace("(", r"\(")):
        JointRegressor(**SHORT).fit(pair.X_sim, pair.y_sim, *real)


def test_other_column_names(pair):
    frames = [
        pd.DataFrame(X, columns=names) for X, names in ((pair.X_sim, ["a", "b"]), (pair.X_real, ["a", "c"]))
    ]
    with pytest.raises(DataError, match=r"(?s)seen at fit time.*- c.*- b"):
        JointRegressor(**SHORT).fit(frames[0], pair.y_sim, frames[1], pair.y_real)


@pytest.mark.parametrize(
    ("setting", "sentence"),
    [
        ({"hidden_layer_sizes": ()}, "hidden_layer_sizes must have at least one layer"),
        ({"mode": "varpro"}, "mode must be one of"),
        ({"final": "best"}, "final must be one of stack, select"),
        ({"random_state": -1}, "random_state must be None, a whole number"),
        ({"epochs": 0}, "epochs"),
    ],
)
def test_bad_arguments(pair, setting, sentence):
    with pytest.raises(InvalidArgument, match=sentence):
        JointRegressor(**(SHORT | setting)).fit(pair.X_sim, pair.y_sim)


def test_a_class_needs_another():
    with pytest.raises(DataError, match="y has 1 class: 'a'"):
        JointClassifier(**SHORT).fit(np.ones((5, 2)), ["a"] * 5)
