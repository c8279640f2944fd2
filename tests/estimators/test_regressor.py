"""`NeuralRegressor`: the scale of its targets, its form, its attributes, its tables."""

import pickle
import warnings

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import neuralopt
from neuralopt import optimizers
from neuralopt.core.errors import DataError
from neuralopt.core.results import Status
from neuralopt.estimators import NeuralRegressor

Data = tuple[np.ndarray, np.ndarray]


def small(**arguments: object) -> NeuralRegressor:
    given = {
        "hidden_layer_sizes": (8,),
        "learning_rate": 0.01,
        "epochs": 20,
        "backend": "numpy",
        "random_state": 0,
    }
    return NeuralRegressor(**{**given, **arguments})


@pytest.mark.parametrize("backend", ["numpy", "jax"])
def test_fit_is_train_on_standardised_targets(regression: Data, backend: str) -> None:
    X, y = regression
    model = small(backend=backend, dtype="float64").fit(X, y)
    target = (y - y.mean()) / y.std()
    result = neuralopt.train(
        neuralopt.MLP((3, 8, 1)),
        (X, target),
        optimizer=optimizers.Adam(0.01),
        epochs=20,
        dtype="float64",
        backend=backend,
    )
    np.testing.assert_allclose(model.history_["loss"], result.history["loss"], rtol=1e-9)
    expected = result.model.forward(X)[:, 0] * y.std() + y.mean()
    np.testing.assert_allclose(model.predict(X), expected, rtol=1e-9)
    assert (model.status_, model.n_iter_, model.n_features_in_) == (Status.MAX_EPOCHS, 20, 3)
    assert model.loss_ == model.history_["loss"][-1]
    assert [(W.shape, b.shape) for W, b in model.params_] == [((3, 8), (8,)), ((8, 1), (1,))]
    assert all(type(leaf) is np.ndarray for pair in model.params_ for leaf in pair)


@settings(max_examples=30, deadline=None)
@given(exponent=st.integers(-200, 200), shift=st.floats(-1e3, 1e3))
def test_the_unit_of_the_targets_does_not_matter(exponent: int, shift: float) -> None:
    random = np.random.default_rng(1)
    X = random.normal(size=(20, 2))
    y = X[:, 0] - X[:, 1]
    unit = 10.0**exponent
    plain = small(epochs=3).fit(X, y).predict(X)
    scaled = small(epochs=3).fit(X, unit * (y + shift)).predict(X)
    np.testing.assert_allclose(scaled / unit - shift, plain, atol=1e-4)


@pytest.mark.parametrize("value", [0.0, 0.1, -3e20, 1e20 / 3])
def test_a_constant_target_is_predicted(regression: Data, value: float) -> None:
    X, _ = regression
    model = small(epochs=60).fit(X, np.full(len(X), value))
    assert model.target_scale_ == 1
    assert model.history_["loss"][0] < 10  # what rounding leaves of the mean is not learnt
    np.testing.assert_allclose(model.predict(X), value, rtol=0.1, atol=0.5)


def test_several_targets_of_different_units_are_each_learnt(regression: Data) -> None:
    X, _ = regression
    Y = np.column_stack([1e6 * X[:, 0], 1e-6 * X[:, 1], X[:, 2]])
    model = small(epochs=150).fit(X, Y)
    assert model.predict(X).shape == Y.shape
    residual = ((model.predict(X) - Y) ** 2).sum(axis=0) / ((Y - Y.mean(axis=0)) ** 2).sum(axis=0)
    assert (residual < 0.05).all()


def test_predictions_have_the_form_of_the_targets(regression: Data) -> None:
    X, y = regression
    flat, column = small().fit(X, y), small().fit(X, y[:, None])
    assert column.predict(X).shape == (60, 1)
    np.testing.assert_array_equal(flat.predict(X), column.predict(X)[:, 0])
    assert flat.predict(X).dtype == np.float64


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_a_prediction_does_not_depend_on_its_neighbours(regression: Data, dtype: str) -> None:
    X, y = regression
    model = small(dtype=dtype).fit(X, y)
    assert model.params_[0][0].dtype == dtype
    alone = np.concatenate([model.predict(row[None]) for row in X])
    np.testing.assert_allclose(model.predict(X), alone, rtol=1e-12)


def test_a_prediction_that_overflows_names_the_row(regression: Data) -> None:
    X, y = regression
    model = small(activation="relu").fit(X, y)
    far = np.vstack([X[:2], np.full((1, 3), 1e308)])
    with pytest.raises(DataError, match=r"row 2 \(counted from 0\) is not finite.*outside the range"):
        model.predict(far)


def test_a_data_frame_by_name(regression: Data) -> None:
    X, y = regression
    frame = pd.DataFrame(X, columns=["a", "b", "c"])
    model = small().fit(frame, pd.Series(y, name="target"))
    assert model.feature_names_in_.tolist() == ["a", "b", "c"]
    np.testing.assert_array_equal(model.predict(frame), small().fit(X, y).predict(X))
    with pytest.raises(ValueError, match=r"(?s)feature names.*should match.*same order"):
        model.predict(frame[["b", "a", "c"]])
    assert not hasattr(small().fit(X, y), "feature_names_in_")


def test_a_pickled_estimator_predicts_the_same(regression: Data) -> None:
    X, y = regression
    model = small(backend="jax", optimizer=optimizers.NAdamW()).fit(X, y)
    again = pickle.loads(pickle.dumps(model))
    np.testing.assert_array_equal(again.predict(X), model.predict(X))
    assert again.optimizer == model.optimizer
    np.testing.assert_array_equal(again.history_["loss"], model.history_["loss"])


@pytest.mark.parametrize("factor", [1e5, 1e-5])
def test_features_far_from_one_give_a_warning(regression: Data, factor: float) -> None:
    X, y = regression
    wide = X * np.array([1, factor, 1])
    with pytest.warns(
        UserWarning, match=r"feature 1 \(counted from 0\) has a root mean square of.*StandardScaler"
    ):
        small().fit(wide, y)
    frame = pd.DataFrame(wide * np.array([1, 1, factor**1.5]), columns=["a", "b", "c"])
    with pytest.warns(
        UserWarning, match=r"feature 'c' has .*, and 1 more are as far\. .*NeuralRegressor\(\.\.\.\)"
    ):
        small().fit(frame, y)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        small().fit(X * np.array([0, 900, 1 / 900]), y)  # a feature that is all zero says nothing
