"""Flax, equinox and plain functions train, come back usable, and share compiled programs."""

import equinox as eqx
import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx

from neuralopt import MLP, EarlyStopping, NeuralNetwork, optimizers, train
from neuralopt.core.errors import DataError, InvalidArgument
from neuralopt.engine.compiled import run_chunk
from neuralopt.models import Loss

X = np.random.default_rng(0).normal(size=(50, 3)).astype(np.float32)
Y = np.stack([X[:, 0] * 2 - X[:, 1], X[:, 2]], axis=1)
ADAM = optimizers.Adam(0.02)


class Linen(nn.Module):
    width: int = 8
    extra: str = ""

    @nn.compact
    def __call__(self, x):
        x = nn.tanh(nn.Dense(self.width)(x))
        if self.extra == "norm":
            x = nn.BatchNorm(use_running_average=False)(x)
        if self.extra == "dropout":
            x = nn.Dropout(0.5, deterministic=False)(x)
        x = nn.Dense(2)(x)
        return x[:, 0] if self.extra == "flat" else x


class NNX(nnx.Module):
    def __init__(self, seed, extra=""):
        rngs = nnx.Rngs(seed)
        self.first, self.last = nnx.Linear(3, 8, rngs=rngs), nnx.Linear(8, 2, rngs=rngs)
        if extra == "cache":
            self.cache = nnx.Cache(jnp.zeros(8))

    def __call__(self, x):
        return self.last(nnx.tanh(self.first(x)))


class Equinox(eqx.Module):
    first: eqx.nn.Linear
    last: eqx.nn.Linear
    extra: eqx.Module | None

    def __init__(self, seed, extra=None):
        one, other = jax.random.split(jax.random.key(seed))
        self.first, self.last = eqx.nn.Linear(3, 8, key=one), eqx.nn.Linear(8, 2, key=other)
        self.extra = extra

    def __call__(self, x):
        x = jnp.tanh(self.first(x))
        return self.last(x if self.extra is None else self.extra(x))


MODELS = {
    "linen": (lambda seed: Linen(), lambda model: model(X)),
    "nnx": (NNX, lambda model: model(X)),
    "equinox": (Equinox, lambda model: jax.vmap(model)(X)),
    "equinox MLP": (
        lambda seed: eqx.nn.MLP(3, 2, 8, 1, key=jax.random.key(seed)),
        lambda model: jax.vmap(model)(X),
    ),
}


@pytest.mark.parametrize("kind", MODELS)
def test_modules_train_and_come_back_usable(kind):
    make, predict = MODELS[kind]
    result = train(
        make(0),
        (X, Y),
        optimizer=ADAM,
        epochs=40,
        validation=(X, Y),
        metrics=["r2"],
        callbacks=[EarlyStopping(patience=40)],
    )
    loss = result.history["loss"]
    assert loss[-1] < loss[0] / 2
    after = np.mean((np.asarray(predict(result.model)) - Y) ** 2)
    assert after == pytest.approx(result.history["validation_loss"].min(), rel=1e-4)
    assert all(isinstance(leaf, np.ndarray) for leaf in jax.tree.leaves(result.params))


def test_a_second_equal_module_compiles_nothing():
    for kind, (make, _) in MODELS.items():
        train(make(0), (X, Y), optimizer=ADAM, epochs=1)
        before = run_chunk._cache_size()
        result = train(make(1), (X, Y), optimizer=ADAM, epochs=2, seed=1)
        assert run_chunk._cache_size() == before, kind
        assert result.compile_seconds < 0.2


def test_a_number_changes_nothing_compiled():
    def run(rate=0.01, epochs=3, patience=5, tolerance=None, seed=0, divergence=1e4):
        train(
            MLP((3, 5, 2)),
            (X, Y),
            optimizer=optimizers.AdamW(rate, b1=0.5 + rate, weight_decay=rate),
            epochs=epochs,
            tolerance=tolerance,
            seed=seed,
            divergence=divergence,
            callbacks=[EarlyStopping(patience=patience, min_delta=rate)],
        )

    run()
    before = run_chunk._cache_size()
    run(rate=0.02, epochs=300, patience=7, tolerance=1e-3, seed=4, divergence=50.0)
    run(epochs=1)
    assert run_chunk._cache_size() == before


def test_modules_in_float64():
    for kind in ("nnx", "equinox"):
        result = train(MODELS[kind][0](0), (X, Y), epochs=2, dtype="float64")
        assert {leaf.dtype for leaf in jax.tree.leaves(result.params)} == {np.dtype(np.float64)}


def test_modules_take_class_indices():
    y = (X[:, 0] > 0).astype(int)
    result = train(
        Linen(),
        (X, y),
        loss="cross_entropy",
        optimizer=ADAM,
        epochs=40,
        validation=(X, y),
        metrics=["accuracy"],
    )
    assert result.history["validation_accuracy"][-1] > 0.9
    with pytest.raises(DataError, match=r"class indices must lie in 0..1 for a model with 2 outputs"):
        train(Linen(), (X, y + 1), loss="cross_entropy")


@pytest.mark.parametrize(
    ("model", "text"),
    [
        (Linen(extra="norm"), "Linen has batch statistics but cannot be told training from evaluation."),
        (Linen(extra="dropout"), "Linen could not be called on one row of the data"),
        (
            Linen(extra="flat"),
            "Linen must give outputs of shape (n, k), got (1,) for one row. Likely cause: a last axis",
        ),
        (NNX(0, "cache"), "batch statistics and random streams only, NNX has also cache. Likely cause"),
        (Equinox(0, eqx.nn.Dropout(0.5)), "Equinox has dropout but its __call__ takes no key."),
        (
            Equinox(0, eqx.nn.BatchNorm(8, "batch", mode="batch")),
            "Equinox could not be called on one row of the data",
        ),
    ],
)
def test_modules_that_cannot_be_trained_are_refused(model, text):
    with pytest.raises(InvalidArgument) as error:
        train(model, (X, Y))
    assert text in str(error.value)
    if "could not be called" in text or "NNX" in text:
        assert "batch normalisation or dropout that is not told training from evaluation" in str(error.value)
        assert "put layer normalisation in place of batch normalisation" in str(error.value)


def test_modules_need_a_pair_that_fits():
    with pytest.raises(InvalidArgument, match=r"Linen needs data as a pair \(X, y\), got dict."):
        train(Linen(), {"X": X})
    with pytest.raises(InvalidArgument, match="could not be called on one row of the data"):
        train(NNX(0), (X[:, :2], Y))
    with pytest.raises(DataError, match=r"targets must have shape \(n, 2\)"):
        train(Equinox(0), (X, Y[:, :1]))


def quantile(prediction, y):
    return jnp.maximum(0.9 * (y - prediction), 0.1 * (prediction - y))


def test_a_custom_loss_gives_a_value_for_each_row_or_one_number(check):
    each = train(MLP((3, 5, 2)), (X, Y), loss=quantile, optimizer=ADAM, epochs=40)
    one = train(MLP((3, 5, 2)), (X, Y), loss=lambda p, y: quantile(p, y).mean(), optimizer=ADAM, epochs=40)
    check.same(each, one, rtol=1e-5, atol=1e-6)
    assert each.history["loss"][-1] < each.history["loss"][0] / 2
    assert each.model.forward(X).shape == (50, 2)


def test_a_custom_loss_equal_to_a_named_one_trains_the_same(check):
    arguments = {"optimizer": "adam", "epochs": 5, "batch_size": 25, "dtype": "float64"}
    named = train(MLP((3, 5, 2)), (X, Y), **arguments)
    custom = train(MLP((3, 5, 2)), (X, Y), loss=lambda p, y: (p - y) ** 2, **arguments)
    check.same(named, custom, rtol=1e-10, atol=1e-13)


class Absolute(Loss):
    title, targets = "mean absolute error", "real"

    def rows(self, prediction, target):
        return jnp.abs(prediction - target).mean(axis=1)

    def row_gradients(self, prediction, target):
        return jnp.sign(prediction - target) / prediction.shape[1]


def test_a_loss_of_ones_own_class():
    result = train(MLP((3, 5, 2)), (X, Y), loss=Absolute(), optimizer=ADAM, epochs=40)
    assert result.history["loss"][-1] < result.history["loss"][0] / 2


def least_squares(params, batch):
    return jnp.mean((batch["X"] @ params["w"] - batch["y"]) ** 2)


@pytest.mark.parametrize("memory", [None, 0])
def test_a_plain_function_of_a_tree_of_data(memory):
    data = {"X": X, "y": Y[:, 0]}
    result = train(
        least_squares,
        data,
        params={"w": np.zeros(3)},
        validation=data,
        optimizer=optimizers.Adam(0.1),
        epochs=200,
        device_memory=memory,
    )
    np.testing.assert_allclose(result.params["w"], [2, -1, 0], atol=1e-2)
    assert result.model is result.params
    assert result.history["validation_loss"][-1] == pytest.approx(0, abs=1e-3)


@pytest.mark.parametrize(
    ("loss", "text"),
    [
        (
            lambda p, b: b["X"] @ p["w"],
            "a loss must give one number for a batch, got (32,). Likely cause: a missing mean",
        ),
        (
            lambda p, b: p["v"].sum(),
            "the loss could not be computed for a batch of {'X': 'float32[32, 3]'}: KeyError: 'v'",
        ),
    ],
)
def test_plain_functions_are_tried_before_the_run(loss, text):
    with pytest.raises(InvalidArgument) as error:
        train(loss, {"X": X}, params={"w": np.zeros(3)})
    assert text in str(error.value)


def test_a_plain_function_has_no_metrics_and_needs_float_parameters():
    with pytest.raises(
        InvalidArgument, match="metrics need a model; a plain loss function has only its loss"
    ):
        train(least_squares, {"X": X}, params={"w": np.zeros(3)}, metrics=["r2"])
    with pytest.raises(InvalidArgument, match="leaf 'w' has dtype int64"):
        train(least_squares, {"X": X}, params={"w": np.zeros(3, int)})


def test_a_network_starts_from_its_own_parameters_and_keeps_them():
    net = NeuralNetwork(3, 5, 2, seed=4, dtype=np.float32)
    before = net.params[0][0].copy()
    result = train(net, (X, Y), epochs=2)
    other = train(net.mlp, (X, Y), params=net.params, epochs=2)
    np.testing.assert_array_equal(result.params[0][0], other.params[0][0])
    np.testing.assert_array_equal(net.params[0][0], before)
    assert isinstance(result.model, NeuralNetwork)
    assert train(net.mlp, (X, Y), epochs=1).model.mlp == net.mlp
