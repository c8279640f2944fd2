"""Scikit-learn's own checks, on both backends."""

import os
import subprocess
import sys
import unittest
from collections.abc import Iterator
from typing import Any

import pytest
from sklearn.utils.estimator_checks import estimator_checks_generator

from neuralopt.estimators import NeuralClassifier, NeuralRegressor

SHORT = {"hidden_layer_sizes": (16,), "learning_rate": 0.02, "epochs": 40}


def _cases() -> Iterator[Any]:
    for backend in ("numpy", "jax"):
        for kind in (NeuralRegressor, NeuralClassifier):
            for estimator, check in estimator_checks_generator(kind(**SHORT, backend=backend)):
                # a partial of the check's function
                name = check.func.__name__
                if not name.startswith("check_array_api"):
                    yield pytest.param(estimator, check, id=f"{kind.__name__}-{backend}-{name}")


@pytest.mark.parametrize(("estimator", "check"), list(_cases()))
def test_scikit_learn(estimator: Any, check: Any) -> None:
    try:
        check(estimator)
    except unittest.SkipTest as reason:
        pytest.fail(f"the check did not run: {reason}")


def test_scikit_learn_array_api() -> None:
    """SciPy reads the switch that these checks need when it is imported, so they run elsewhere."""
    program = f"""
import warnings
warnings.simplefilter("error")
from sklearn.utils.estimator_checks import estimator_checks_generator
from neuralopt.estimators import NeuralClassifier, NeuralRegressor
for kind in (NeuralRegressor, NeuralClassifier):
    for estimator, check in estimator_checks_generator(kind(**{SHORT!r}, backend="numpy")):
        if check.func.__name__.startswith("check_array_api"):
            check(estimator)
            print(check.func.__name__)
"""
    done = subprocess.run(
        [sys.executable, "-c", program],
        env={**os.environ, "SCIPY_ARRAY_API": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == ["check_array_api_input"] * 2
