"""The networks of the text task: gradients, NumPy and compiled alike, a kept model."""

import jax
import jax.numpy as jnp
import numpy as np
import pandas as pd
import pytest

import neuralopt
from neuralopt import RecursiveMLP, TwoLayerMLP
from neuralopt.core.errors import DataError, StorageError
from neuralopt.estimators import load_predictor
from neuralopt.models import METRICS, MLP, SquaredError
from neuralopt.storage import read_container, write_container
from neuralopt.text import PairEncoder, TextPredictor, TfidfEmbedding

SHAPES = {
    "two layers": lambda: TwoLayerMLP(2049, 64, 1),
    "recursive": lambda: RecursiveMLP([2049, 32, 16, 8, 1]),
}


def rows(count=6):
    random = np.random.default_rng(0)
    return random.normal(size=(count, 2049)), np.sign(random.normal(size=(count, 1)))


@pytest.mark.parametrize("name", SHAPES)
def test_the_gradient_of_2049_inputs_equals_finite_differences(name):
    network, (X, y) = SHAPES[name](), rows()
    _, grads = network.gradients(X, y)
    random, step = np.random.default_rng(1), 1e-6
    for _ in range(10):  # along random directions in all parameters
        ways = [tuple(random.normal(size=part.shape) for part in layer) for layer in network.params]
        slope = sum((g * w).sum() for pair, way in zip(grads, ways) for g, w in zip(pair, way))

        def at(t, ways=ways):
            moved = [tuple(p + t * w for p, w in zip(pair, way)) for pair, way in zip(network.params, ways)]
            return float(SquaredError().value(network.mlp.forward(moved, X), y))

        assert (at(step) - at(-step)) / (2 * step) == pytest.approx(slope, rel=1e-6, abs=1e-6)


@pytest.mark.parametrize("name", SHAPES)
def test_the_gradient_of_2049_inputs_equals_autodiff(name):
    network, (X, y) = SHAPES[name](), rows()
    value, grads = network.gradients(X, y)
    with jax.enable_x64(True):
        X, y = jnp.asarray(X), jnp.asarray(y)
        auto, theirs = jax.value_and_grad(lambda p: SquaredError().value(network.mlp.forward(p, X), y))(
            jax.tree.map(jnp.asarray, network.params)
        )
        assert value == pytest.approx(float(auto), rel=1e-12)
        for ours, other in zip(jax.tree.leaves(grads), jax.tree.leaves(theirs), strict=True):
            np.testing.assert_allclose(ours, other, rtol=1e-12, atol=1e-12)


def test_from_scratch_and_compiled_train_alike():
    random = np.random.default_rng(0)
    X, y = random.normal(size=(48, 9)), np.sign(random.normal(size=(48, 1)))
    for optimizer in ("gd", "sgd", "adam", "adagrad", "rmsprop"):
        runs = [
            neuralopt.train(
                RecursiveMLP([9, 4, 1]),
                (X, y),
                optimizer=optimizer,
                epochs=3,
                dtype="float64",
                backend=backend,
                validation=(X, y),
                metrics=["sign_accuracy"],
            )
            for backend in ("numpy", "jax")
        ]
        for one, other in zip(*(jax.tree.leaves(run.params) for run in runs), strict=True):
            np.testing.assert_allclose(one, other, rtol=1e-9, atol=1e-11)
        assert (
            runs[0].history["validation_sign_accuracy"][-1] == runs[1].history["validation_sign_accuracy"][-1]
        )


def test_sign_accuracy():
    outputs, y = np.array([[0.2], [-0.1], [0.0], [-3.0]]), np.array([[1.0], [1.0], [1.0], [-1.0]])
    assert METRICS["sign_accuracy"](outputs, y) == 0.5


@pytest.fixture
def predictor() -> TextPredictor:
    """An untrained network on a few words."""
    encoder = PairEncoder(TfidfEmbedding.fit(["one two three", "four five", "six"]))
    mlp = MLP((2 * encoder.embedding.dimension + 1, 5, 1), "tanh", "tanh")
    return TextPredictor(encoder, mlp, mlp.init(1), {"title": "t"})


def test_a_kept_model_predicts_the_same(predictor, tmp_path):
    frame = pd.DataFrame({"answer": ["two", "six", "none"], "question": ["one", "four", "?"], "other": 1})
    found = predictor.predict(frame)
    path = predictor.save(tmp_path / "m.safetensors")
    back = load_predictor(path)
    assert isinstance(back, TextPredictor)
    pd.testing.assert_frame_equal(back.predict(frame), found, check_exact=True)
    assert (np.sign(found["score"]) == found["label"]).all()
    assert found["score"].abs().max() < 1


def test_bad_rows(predictor):
    with pytest.raises(DataError, match=r"Row 2 \(from 1\) has no answer"):
        predictor.predict(pd.DataFrame({"question": ["a", "b"], "answer": ["c", " "]}))
    with pytest.raises(DataError, match="the table has no column 'answer'"):
        predictor.predict(pd.DataFrame({"question": ["a"]}))


def test_bad_files(predictor, tmp_path):
    path = predictor.save(tmp_path / "m.safetensors")
    held = read_container(path, kind="text-model", version=1)
    with pytest.raises(StorageError):
        TextPredictor.load(tmp_path / "absent.safetensors")
    options = {"kind": "text-model", "arrays": held.arrays, "header": held.header}
    write_container(path, **{**options, "version": 2})
    with pytest.raises(StorageError, match="version 2"):
        load_predictor(path)
    write_container(path, **{**options, "version": 1, "arrays": {}})
    with pytest.raises(StorageError, match="lacks a part that this version needs"):
        load_predictor(path)
