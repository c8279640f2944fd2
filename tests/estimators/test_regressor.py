"""`NeuralRegressor`: the scale of its targets, its attributes, restarts, endings."""

import pickle
import warnings

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import Ridge

import neuralopt
from neuralopt import optimizers, transforms
from neuralopt.core.errors import DataError, InvalidArgument
from neuralopt.core.results import Status, TrainingFailed
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


def same_params(one: NeuralRegressor, other: NeuralRegressor) -> bool:
    pairs = zip(one.params_, other.params_, strict=True)
    return all(np.array_equal(a, b) for ours, theirs in pairs for a, b in zip(ours, theirs, strict=True))


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


@pytest.mark.parametrize("value", [0.0, 0.1, -3e20])
def test_a_constant_target_is_predicted(regression: Data, value: float) -> None:
    X, _ = regression
    model = small(epochs=60).fit(X, np.full(len(X), value))
    assert model.target_scale_ == 1
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


@pytest.mark.parametrize("seed", [7, np.random.RandomState, np.random.default_rng, None])
def test_random_state_decides_and_the_global_one_is_left_alone(regression: Data, seed: object) -> None:
    X, y = regression
    before = pickle.dumps(np.random.get_state())  # noqa: NPY002
    one, other = (small(random_state=seed(7) if callable(seed) else seed).fit(X, y) for _ in range(2))
    assert same_params(one, other) is (seed is not None)
    assert same_params(one, small(random_state=one.seed_).fit(X, y))
    assert not same_params(one, small(random_state=one.seed_ + 1).fit(X, y))
    assert pickle.dumps(np.random.get_state()) == before  # noqa: NPY002


def test_early_stopping_keeps_the_best_epoch(regression: Data) -> None:
    X, y = regression
    noisy = y + 2000 * np.random.default_rng(3).normal(size=len(y))
    model = small(early_stopping=True, patience=3, epochs=500, learning_rate=0.05, validation_fraction=0.3)
    model.fit(X, noisy)
    held = model.history_["validation_loss"]
    best = int(np.argmin(held))
    assert model.status_ is Status.EARLY_STOPPED
    assert model.n_iter_ == best + 1 + 3 < 500
    assert model.loss_ == model.history_["loss"][best]
    shorter = small(early_stopping=True, epochs=best + 1, learning_rate=0.05, validation_fraction=0.3)
    assert same_params(model, shorter.fit(X, noisy))
    assert len(model.history_["validation_r2"]) == model.n_iter_


def test_a_tolerance_ends_as_converged(regression: Data) -> None:
    model = small(tolerance=1.0, epochs=100).fit(*regression)
    assert model.status_ is Status.CONVERGED
    assert model.n_iter_ < 30


def test_warm_start_goes_on(regression: Data) -> None:
    X, y = regression
    model = small(warm_start=True).fit(X, y)
    first = model.history_["loss"][0]
    cold = clone(model).fit(X, y)
    model.fit(X, y)
    assert model.history_["loss"][0] < 0.8 * first
    assert cold.history_["loss"][0] == first
    mean = model.target_mean_
    model.fit(X, y + 1e5)  # the parameters are made for the first fit's scale
    np.testing.assert_array_equal(model.target_mean_, mean)


def test_warm_start_refuses_another_network(regression: Data) -> None:
    X, y = regression
    model = small(warm_start=True).fit(X, y)
    with pytest.raises(
        InvalidArgument, match=r"warm_start goes on with .*\(3, 8, 1\).*would be .*\(3, 9, 1\)"
    ):
        model.set_params(hidden_layer_sizes=(9,)).fit(X, y)
    with pytest.raises(InvalidArgument, match=r"would be .*\(3, 8, 2\).*warm_start=False"):
        model.set_params(hidden_layer_sizes=(8,)).fit(X, np.column_stack([y, y]))
    with pytest.raises(ValueError, match="2 features"):
        model.fit(X[:, :2], y)


@pytest.mark.parametrize("backend", ["numpy", "jax"])
def test_divergence_warns_at_fit_and_refuses_to_predict(regression: Data, backend: str) -> None:
    X, y = regression
    model = small(activation="relu", optimizer="sgd", learning_rate=1e30, backend=backend)
    with pytest.warns(
        ConvergenceWarning, match=r"NeuralRegressor: training ended in epoch 1\..*Lower the learning"
    ):
        model.fit(X, y)
    assert model.status_ is Status.DIVERGED
    with pytest.raises(TrainingFailed, match=r"parameters are not finite.*nothing to predict with.*DIVERGED"):
        model.predict(X)
    with pytest.raises(TrainingFailed, match="nothing to go on from"):
        model.set_params(warm_start=True).fit(X, y)


def test_a_prediction_that_overflows_names_the_row(regression: Data) -> None:
    X, y = regression
    model = small(activation="relu").fit(X, y)
    far = np.vstack([X[:2], np.full((1, 3), 1e308)])
    with pytest.raises(DataError, match=r"row 2 \(counted from 0\) is not finite.*outside the range"):
        model.predict(far)


def test_an_interrupt_keeps_what_was_trained(regression: Data, monkeypatch: pytest.MonkeyPatch) -> None:
    X, y = regression
    model = small(epochs=10_000)
    monkeypatch.setattr("neuralopt.engine.interrupt.DeferredInterrupt.requested", True, raising=False)
    monkeypatch.setattr("neuralopt.engine.interrupt.DeferredInterrupt.__init__", lambda self: None)
    monkeypatch.setattr("neuralopt.engine.interrupt.DeferredInterrupt.__enter__", lambda self: self)
    monkeypatch.setattr("neuralopt.engine.interrupt.DeferredInterrupt.__exit__", lambda self, *error: None)
    with pytest.raises(KeyboardInterrupt):
        model.fit(X, y)
    assert model.status_ is Status.INTERRUPTED
    assert np.isfinite(model.predict(X)).all()


def test_alpha_is_the_penalty(regression: Data) -> None:
    X, y = regression
    by_hand = transforms.chain(transforms.L2Decay(0.1), optimizers.Adam(0.01))
    assert same_params(small(alpha=0.1).fit(X, y), small(optimizer=by_hand, learning_rate=None).fit(X, y))


def test_a_linear_network_with_a_penalty_is_ridge_regression(regression: Data) -> None:
    X, y = regression
    linear = {
        "hidden_layer_sizes": (),
        "optimizer": "gd",
        "learning_rate": 0.1,
        "epochs": 500,
        "dtype": "float64",
    }
    model = small(alpha=0.3, **linear).fit(X, y)
    # the mean of n squares with alpha / 2 is their sum with n alpha / 2
    ridge = Ridge(alpha=len(X) * 0.3 / 2).fit(X, y)
    np.testing.assert_allclose(model.predict(X), ridge.predict(X), rtol=1e-10)


@pytest.mark.parametrize("name", sorted(optimizers.registered()))
def test_every_optimizer_trains(regression: Data, name: str) -> None:
    X, y = regression
    model = small(optimizer=name, learning_rate=None, epochs=30).fit(X, y)
    assert model.history_["loss"][-1] < model.history_["loss"][0]


def test_an_optax_transformation_trains(regression: Data) -> None:
    import optax

    X, y = regression
    made = optimizers.from_optax(optax.adam(0.01))
    model = small(optimizer=made, learning_rate=None, backend="jax").fit(X, y)
    ours = small(optimizer="adam", backend="jax").fit(X, y)
    np.testing.assert_allclose(model.history_["loss"], ours.history_["loss"], rtol=1e-4)
    with pytest.raises(InvalidArgument, match="already made"):
        small(optimizer=made, learning_rate=0.1).fit(X, y)


def test_a_loss_of_ones_own(regression: Data) -> None:
    X, y = regression
    model = small(loss=absolute, backend="jax", epochs=60).fit(X, y)
    assert model.history_["loss"][-1] < 0.6 * model.history_["loss"][0]


def absolute(prediction, y):
    return abs(prediction - y)


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


def test_progress_is_shown_when_asked_for(regression: Data, capsys: pytest.CaptureFixture[str]) -> None:
    small(verbose=1).fit(*regression)
    assert "NeuralRegressor" in capsys.readouterr().err
    small(verbose=0).fit(*regression)
    assert capsys.readouterr() == ("", "")


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
