"""How the estimators train: seeds, early stopping, restarts, endings, penalty, optimizers."""

import pickle

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import Ridge

from neuralopt import optimizers, transforms
from neuralopt.core.errors import InvalidArgument
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


@pytest.mark.parametrize("seed", [7, np.random.RandomState, np.random.default_rng, None])
def test_random_state_decides_and_the_global_one_is_left_alone(regression: Data, seed: object) -> None:
    X, y = regression
    before = pickle.dumps(np.random.get_state())  # noqa: NPY002  # it must stay untouched
    one, other = (small(random_state=seed(7) if callable(seed) else seed).fit(X, y) for _ in range(2))
    assert same_params(one, other) is (seed is not None)
    assert same_params(one, small(random_state=one.seed_).fit(X, y))
    assert not same_params(one, small(random_state=one.seed_ + 1).fit(X, y))
    assert pickle.dumps(np.random.get_state()) == before  # noqa: NPY002  # it must stay untouched


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


def test_progress_is_shown_when_asked_for(regression: Data, capsys: pytest.CaptureFixture[str]) -> None:
    small(verbose=1).fit(*regression)
    assert "NeuralRegressor" in capsys.readouterr().err
    small(verbose=0).fit(*regression)
    assert capsys.readouterr() == ("", "")
