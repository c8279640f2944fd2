"""Dropout: masks that follow from seed and step, in every loop; nothing dropped in evaluation."""

import equinox as eqx
import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx

from neuralopt import (
    MLP,
    Callback,
    EarlyStopping,
    NeuralRegressor,
    evaluate,
    optimizers,
    schedules,
    sweep,
    train,
)
from neuralopt.core.errors import InvalidArgument
from neuralopt.engine.compiled import run_chunk
from neuralopt.engine.noise import Noise, draw, seed_words

NET = MLP((3, 6, 5, 2))
RATES = {
    "fixed": 0.3,
    "scheduled": schedules.Cosine(0.6, 12),
    "by layer": (0.1, schedules.OfRun(schedules.Cosine(0.5, 1.0))),
    "adaptive": schedules.AdaptiveDropout(0.2, patience=1, threshold=0.2),
}


class StopAfter(Callback):
    """End a run after so many epochs."""

    def __init__(self, epochs):
        self.epochs = epochs
        self.every = 1

    def on_chunk(self, report):
        return report.epoch >= self.epochs


def masks(seed, step, rates=0.3, rows=8, units=(6, 5), dtype="float64"):
    with jax.enable_x64(dtype == "float64"):
        drawn = draw(Noise(seed_words(seed), rates), units, np.int32(step), rows, np.dtype(dtype))
        return jax.tree.map(np.asarray, drawn)


def test_masks_follow_from_seed_and_step_and_hold_the_expectation():
    first = masks(0, 0)
    for same, other in (
        (masks(0, 0), masks(0, 1)),
        (masks(0, 0), masks(1, 0)),
        (masks(0, 0), masks(2**32, 0)),
    ):
        assert all((a == b).all() for a, b in zip(first, same, strict=True))
        assert any((a != b).any() for a, b in zip(first, other, strict=True))
    for single, double in zip(masks(0, 0, dtype="float32"), first, strict=True):
        np.testing.assert_array_equal(single > 0, double > 0)  # the same units in either dtype
    for rate in (0.0, 0.25, 0.9):
        (found,) = masks(3, 7, rate, rows=1000, units=(200,))
        kept = found > 0
        np.testing.assert_allclose(found[kept], 1 / (1 - round(65536 * rate) / 65536), rtol=1e-15)
        deviation = np.sqrt(rate / (1 - rate) / found.size)
        assert abs(found.mean() - 1) <= 5 * deviation
    (low, high) = masks(3, 7, (0.1, 0.8), rows=500, units=(40, 40))
    assert (low > 0).mean() == pytest.approx(0.9, abs=0.02)
    assert (high > 0).mean() == pytest.approx(0.2, abs=0.02)
    assert masks(0, 0, schedules.Cosine(0.5, 4))[0].max() == 2
    assert masks(0, 4, schedules.Cosine(0.5, 4))[0].max() == 1


@pytest.mark.parametrize("rate", RATES)
def test_all_loops_drop_the_same_units(rate, regression, held_out, check):
    def run(**where):
        return train(
            NET,
            regression,
            dropout=RATES[rate],
            epochs=6,
            batch_size=16,
            validation=held_out,
            dtype="float64",
            seed=3,
            **where,
        )

    compiled = run()
    check.same(compiled, run(backend="numpy"), rtol=1e-10, atol=1e-13)
    check.same(compiled, run(device_memory=0), rtol=1e-12, atol=1e-14)
    swept = sweep(
        NET,
        regression,
        dropout=RATES[rate],
        learning_rates=[1e-3, 1e-2],
        seeds=[4, 3],
        epochs=6,
        batch_size=16,
        validation=held_out,
        dtype="float64",
    )
    for name in set(compiled.history) - {"seconds"}:
        np.testing.assert_allclose(
            swept.history[name][0, 1], compiled.history[name], rtol=1e-10, err_msg=name
        )
    plain = train(NET, regression, epochs=6, batch_size=16, validation=held_out, dtype="float64", seed=3)
    assert plain.history["loss"][0] != compiled.history["loss"][0]
    # evaluation drops nothing
    X, y = held_out
    after = np.mean((compiled.model.forward(X) - y) ** 2)
    assert after == pytest.approx(compiled.history["validation_loss"][-1], rel=1e-12)
    assert evaluate(compiled.model, held_out, dtype="float64")["loss"] == pytest.approx(after, rel=1e-12)


def test_the_step_is_the_masked_step(regression):
    """One step on the whole data against the gradient of the masked loss by JAX."""
    X, y = regression
    with jax.enable_x64(True):
        drawn = masks(7, 0, 0.4, rows=50)
        params = jax.tree.map(jnp.asarray, NET.init(7))

        def loss(p):
            return jnp.mean((NET.forward(p, X, drawn) - y) ** 2)

        value, grads = jax.value_and_grad(loss)(params)
        expected = jax.tree.map(lambda p, g: p - 0.1 * g, params, grads)
    result = train(
        NET, regression, optimizer=optimizers.GD(0.1), epochs=1, dropout=0.4, seed=7, dtype="float64"
    )
    assert result.history["loss"][0] == pytest.approx(float(value), rel=1e-12)
    for ours, theirs in zip(jax.tree.leaves(result.params), jax.tree.leaves(expected), strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize("where", [{}, {"backend": "numpy"}, {"device_memory": 0}], ids=str)
def test_a_resumed_run_drops_what_the_uninterrupted_one_does(where, regression, held_out, check, tmp_path):
    arguments = {
        "epochs": 7,
        "batch_size": 16,
        "dropout": RATES["adaptive"],
        "validation": held_out,
        **where,
    }
    whole = train(NET, regression, **arguments)
    assert len(set(whole.history["dropout"])) > 1
    for stopped in (1, 4):
        file = tmp_path / f"{stopped}"
        train(NET, regression, checkpoint=file, callbacks=[StopAfter(stopped)], **arguments)
        check.same(whole, train(NET, regression, checkpoint=file, resume=True, **arguments))
    with pytest.raises(InvalidArgument, match=r"belongs to another run: its dropout is AdaptiveDropout\("):
        train(NET, regression, checkpoint=file, resume=True, **{**arguments, "dropout": None})


def test_rates_and_seeds_are_values(regression):
    def run(**changed):
        train(NET, regression, epochs=2, **changed)

    run(dropout=0.1)
    run(dropout=schedules.Cosine(0.5, 10))
    before = run_chunk._cache_size()
    run(dropout=0.7, seed=9)
    run(dropout=schedules.Cosine(0.2, 30), seed=1)
    assert run_chunk._cache_size() == before
    assert "dropout" not in train(NET, regression, epochs=2, dropout=0.1).history


def test_a_custom_loss_meets_the_same_masks(regression, check):
    arguments = {"epochs": 3, "batch_size": 25, "dropout": 0.4, "dtype": "float64"}
    named = train(NET, regression, **arguments)
    check.same(named, train(NET, regression, loss=lambda p, y: (p - y) ** 2, **arguments), 1e-10, 1e-13)


class Linen(nn.Module):
    switch: str = "train"

    @nn.compact
    def __call__(self, x, train=None, deterministic=None):
        off = (not train) if self.switch == "train" else deterministic
        return nn.Dense(2)(nn.Dropout(0.5, deterministic=off)(nn.tanh(nn.Dense(8)(x))))


class Deterministic(nn.Module):
    @nn.compact
    def __call__(self, x, deterministic):
        return nn.Dense(2)(nn.Dropout(0.5, deterministic=deterministic)(nn.tanh(nn.Dense(8)(x))))


class NNX(nnx.Module):
    def __init__(self):
        rngs = nnx.Rngs(0)
        self.first, self.last = nnx.Linear(3, 8, rngs=rngs), nnx.Linear(8, 2, rngs=rngs)
        self.drop = nnx.Dropout(0.5, rngs=rngs)

    def __call__(self, x):
        return self.last(self.drop(nnx.tanh(self.first(x))))


class Equinox(eqx.Module):
    first: eqx.nn.Linear
    last: eqx.nn.Linear
    drop: eqx.nn.Dropout

    def __init__(self):
        one, other = jax.random.split(jax.random.key(0))
        self.first, self.last = eqx.nn.Linear(3, 8, key=one), eqx.nn.Linear(8, 2, key=other)
        self.drop = eqx.nn.Dropout(0.5)

    def __call__(self, x, key=None):
        return self.last(self.drop(jnp.tanh(self.first(x)), key=key))


MODULES = {
    "linen": (Linen, lambda m, X: m(X, train=False)),
    "linen deterministic": (Deterministic, lambda m, X: m(X, deterministic=True)),
    "nnx": (NNX, lambda m, X: m(X)),
    "equinox": (Equinox, lambda m, X: jax.vmap(m)(X)),
}


@pytest.mark.parametrize("kind", MODULES)
def test_modules_drop_in_training_and_not_in_evaluation(kind, regression, held_out, check):
    make, predict = MODULES[kind]
    X, y = (a.astype(np.float32) for a in held_out)

    def run(**changed):
        arguments = {"optimizer": optimizers.Adam(0.02), "epochs": 4, "batch_size": 16, "validation": (X, y)}
        return train(make(), regression, **{**arguments, **changed})

    first = run()
    check.same(first, run())
    check.same(first, run(device_memory=0), rtol=1e-5, atol=1e-6)
    expected = np.mean((np.asarray(predict(first.model, X)) - y) ** 2)
    assert first.history["validation_loss"][-1] == pytest.approx(expected, rel=1e-5)
    assert evaluate(first.model, (X, y))["loss"] == pytest.approx(expected, rel=1e-5)
    # at learning rate 0 only the masks move the loss
    still = run(optimizer=optimizers.SGD(0.0), batch_size="full")
    assert len(set(still.history["loss"])) == 4
    assert len(set(still.history["validation_loss"])) == 1
    again = run(optimizer=optimizers.SGD(0.0), batch_size="full", seed=1, params=still.params)
    assert set(again.history["loss"]).isdisjoint(still.history["loss"])


@pytest.mark.parametrize(
    ("model", "dropout", "text"),
    [
        (NET, 1.0, "dropout must satisfy 0 <= rate < 1, or be a schedule or AdaptiveDropout, or a tuple of"),
        (NET, -0.1, "got -0.1."),
        (NET, "0.5", "got '0.5'."),
        (NET, (0.1,), "dropout needs one rate, or one for each of 2 hidden layers, got 1."),
        (
            NET,
            schedules.Constant(1.5),
            "dropout must satisfy 0 <= rate < 1 at every step, got 1.5 at step 0 of Constant(",
        ),
        (NET, schedules.AdaptiveDropout(), "AdaptiveDropout compares the losses of training and validation"),
        (Linen(), 0.5, "dropout= masks the hidden layers of an MLP, got dropout=0.5 for another model."),
    ],
)
def test_errors(model, dropout, text, regression):
    with pytest.raises(InvalidArgument) as error:
        train(model, regression, dropout=dropout, epochs=1)
    assert text in str(error.value)


def test_the_estimator_takes_it(regression):
    X, y = regression
    fitted = NeuralRegressor((6,), dropout=0.3, epochs=3, random_state=0).fit(X, y)
    other = NeuralRegressor((6,), epochs=3, random_state=0).fit(X, y)
    assert fitted.loss_ != other.loss_
    np.testing.assert_array_equal(fitted.predict(X), fitted.predict(X))
    with pytest.raises(InvalidArgument, match="one for each of 1 hidden layers, got 2"):
        NeuralRegressor((6,), dropout=(0.1, 0.2)).fit(X, y)


def test_early_stopping_keeps_the_best_evaluated_parameters(regression, held_out):
    result = train(
        NET,
        regression,
        dropout=0.2,
        epochs=8,
        validation=held_out,
        callbacks=[EarlyStopping(patience=3)],
        dtype="float64",
    )
    found = evaluate(result.model, held_out, dtype="float64")["loss"]
    assert found == pytest.approx(result.history["validation_loss"].min(), rel=1e-12)
