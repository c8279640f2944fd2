"""Scikit-learn's own checks of the estimators that search."""

import unittest
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from sklearn.utils.estimator_checks import estimator_checks_generator

from neuralopt.estimators import SearchClassifier, SearchRegressor

SHORT = {"hidden_layer_sizes": (8,), "max_iterations": 12}


def _cases() -> Iterator[Any]:
    for kind in (SearchRegressor, SearchClassifier):
        for estimator, check in estimator_checks_generator(kind(**SHORT)):
            name = check.func.__name__
            if not name.startswith("check_array_api"):  # test_contract runs those in a process of their own
                yield pytest.param(estimator, check, id=f"{kind.__name__}-{name}")


@pytest.mark.parametrize(("estimator", "check"), list(_cases()))
def test_scikit_learn(estimator: Any, check: Any) -> None:
    try:
        check(estimator)
    except unittest.SkipTest as reason:
        pytest.fail(f"the check did not run: {reason}")


def test_classifier_by_f1_and_hybrid(iris: Any) -> None:
    X, y = iris
    for options in ({"loss": "f1"}, {"loss": "cross_entropy", "activation": "tanh", "hybrid": True}):
        model = SearchClassifier((8,), max_iterations=6, random_state=0, **options).fit(X[::2], y[::2])
        assert model.score(X[1::2], y[1::2]) > 0.85
    np.testing.assert_allclose(model.predict_proba(X).sum(axis=1), 1)
    with pytest.raises(AttributeError, match="has no attribute 'predict_proba'"):
        SearchClassifier(loss="01").predict_proba(X)
