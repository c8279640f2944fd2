"""Arguments of the estimators: every law has its text, and all are told at once before any work."""

import numpy as np
import pandas as pd
import pytest

from neuralopt.core.errors import DataError, InvalidArgument
from neuralopt.estimators import NeuralClassifier, NeuralRegressor
from neuralopt.transforms import ClipByGlobalNorm

X, Y = np.random.default_rng(0).normal(size=(20, 2)), np.arange(20) % 2

BAD = [
    ({"optimizer": "adma"}, r"unknown optimizer 'adma'\. Did you mean 'adam'\?"),
    ({"optimizer": "optax.adm"}, r"optax has no optimizer 'adm'\. Did you mean 'adam'\?"),
    ({"optimizer": 3}, r"optimizer must be a name or an optimizer, got 3"),
    ({"optimizer": ClipByGlobalNorm(1.0)}, r"ClipByGlobalNorm transforms gradients.*chain"),
    ({"learning_rate": -1}, r"Adam: learning_rate must satisfy .*got -1"),
    ({"learning_rate": True}, r"learning_rate must be a number or a schedule, got True"),
    ({"activation": "rleu"}, r"unknown activation 'rleu'\. Did you mean 'relu'\?"),
    ({"activation": ["relu"]}, r"unknown activation \['relu'\]"),
    ({"loss": ["hinge"]}, r"unknown loss \['hinge'\]"),
    ({"hidden_layer_sizes": "64"}, r"must be a sequence of whole numbers >= 1, got '64'\. One hidden layer"),
    ({"hidden_layer_sizes": (8, 0)}, r"every entry of hidden_layer_sizes must be a whole number >= 1, got 0"),
    ({"hidden_layer_sizes": True}, r"must be a sequence of whole numbers >= 1, got True"),
    ({"alpha": -0.1}, r"alpha must satisfy 0 <= alpha, got -0\.1"),
    ({"alpha": float("nan")}, r"alpha must satisfy 0 <= alpha, got nan"),
    ({"alpha": None}, r"alpha must satisfy 0 <= alpha, got None"),
    ({"epochs": 0}, r"epochs must be a whole number >= 1, got 0"),
    ({"epochs": 1.5}, r"epochs must be a whole number >= 1, got 1\.5"),
    ({"batch_size": 0}, r"batch_size must be a whole number >= 1, got 0"),
    ({"batch_size": "ful"}, r"batch_size must be a whole number >= 1, got 'ful'"),
    ({"optimizer": "gd", "batch_size": 4}, r"GD takes its steps on the whole data, got batch_size=4"),
    ({"early_stopping": 20}, r"early_stopping must be True or False, got 20\. How long to wait is patience="),
    ({"validation_fraction": 1.0}, r"must satisfy 0 < validation_fraction < 1, got 1\.0"),
    ({"patience": 0}, r"patience must be a whole number >= 1, got 0"),
    ({"tolerance": -1e-9}, r"tolerance must satisfy 0 <= tolerance, got -1e-09"),
    ({"warm_start": "yes"}, r"warm_start must be True or False, got 'yes'\."),
    ({"dtype": "float16"}, r"dtype must be 'float32' or 'float64', got 'float16'"),
    ({"backend": "nunpy"}, r"backend must be 'jax' or 'numpy', got 'nunpy'\. Did you mean 'numpy'\?"),
    ({"random_state": -1}, r"random_state must be None, a whole number in 0\.\.2\*\*32 - 1.*got -1"),
    ({"random_state": "1"}, r"random_state must be None.*got '1'"),
    ({"verbose": -1}, r"verbose must be a whole number >= 0, got -1"),
]


@pytest.mark.parametrize("kind", [NeuralRegressor, NeuralClassifier])
@pytest.mark.parametrize(("arguments", "text"), BAD, ids=lambda value: str(value)[:40])
def test_a_bad_argument_is_told(kind: type, arguments: dict, text: str) -> None:
    with pytest.raises(InvalidArgument, match=text):
        kind(**{"backend": "numpy", "epochs": 1, **arguments}).fit(X, Y)


@pytest.mark.parametrize(
    ("kind", "loss", "text"),
    [
        (
            NeuralRegressor,
            "cross_entropy",
            r"loss 'cross_entropy' is for classes, which NeuralClassifier takes",
        ),
        (
            NeuralClassifier,
            "squared_error",
            r"is for real targets, which NeuralRegressor takes\. Here it is one of cross",
        ),
        (
            NeuralClassifier,
            "hing",
            r"unknown loss 'hing'\. Did you mean 'hinge'\? Here it is one of cross_entropy, hinge",
        ),
        (NeuralRegressor, "squared", r"unknown loss 'squared'\. Did you mean 'squared_error'\?"),
    ],
)
def test_a_loss_of_the_other_kind_is_told(kind: type, loss: str, text: str) -> None:
    with pytest.raises(InvalidArgument, match=text):
        kind(loss=loss).fit(X, Y)


def test_all_bad_arguments_are_told_at_once_before_the_data_are_looked_at() -> None:
    model = NeuralRegressor(optimizer="adma", activation="rleu", epochs=0, learning_rate=1, patience=-1)
    with pytest.raises(InvalidArgument) as error:
        model.fit(None, None)
    lines = str(error.value).splitlines()
    assert lines[0] == "4 problems:"
    assert [line.split()[1:3] for line in lines[1:]] == [
        ["unknown", "activation"],
        ["unknown", "optimizer"],
        ["epochs", "must"],
        ["patience", "must"],
    ]


def test_a_custom_loss_needs_the_compiled_loop() -> None:
    with pytest.raises(InvalidArgument, match="named loss; use backend='jax'"):
        NeuralRegressor(loss=lambda prediction, y: abs(prediction - y), backend="numpy").fit(X, Y)


def test_set_params_says_did_you_mean_and_then_sets_nothing() -> None:
    model = NeuralRegressor()
    with pytest.raises(InvalidArgument) as error:
        model.set_params(epochs=3, optimiser="sgd", hiden_layer_sizes=(3,))
    text = str(error.value)
    assert "NeuralRegressor has no parameter 'optimiser'. Did you mean 'optimizer'?" in text
    assert "'hiden_layer_sizes'. Did you mean 'hidden_layer_sizes'? It has: activation, alpha," in text
    assert model.epochs == 200
    assert model.set_params(epochs=3) is model
    assert model.epochs == 3


def test_set_params_into_the_optimizer_says_what_to_do() -> None:
    with pytest.raises(InvalidArgument) as error:
        NeuralClassifier().set_params(optimizer__learning_rate=0.1)
    assert str(error.value) == (
        "NeuralClassifier: optimizer is not an estimator, so 'optimizer__learning_rate' names nothing. "
        "Give it whole, as in set_params(optimizer=...), or set learning_rate= of the estimator itself."
    )
    with pytest.raises(InvalidArgument, match=r"as in set_params\(optimizer=\.\.\.\)\.$"):
        NeuralClassifier().set_params(optimizer__momentum=0.9)


@pytest.mark.parametrize("sizes", [5, np.int64(5), [5], np.array([5])])
def test_hidden_sizes_may_be_given_in_any_form(sizes: object) -> None:
    model = NeuralRegressor(sizes, backend="numpy", epochs=1).fit(X, Y)
    assert model.mlp_.layer_sizes == (2, 5, 1)


@pytest.mark.parametrize("kind", [NeuralRegressor, NeuralClassifier])
def test_text_among_the_features_is_told_by_column(kind: type) -> None:
    frame = pd.DataFrame({"size": X[:, 0], "colour": ["red"] * 20})
    text = r"features and real targets must be numbers; could not.*'red' in column 'colour'\. Encode text"
    with pytest.raises(DataError, match=text):
        kind(backend="numpy", epochs=1).fit(frame, Y)
    model = kind(backend="numpy", epochs=1).fit(frame.assign(colour=0.0), Y)
    with pytest.raises(DataError, match=text):
        model.predict(frame)


def test_text_as_real_targets_is_refused() -> None:
    with pytest.raises(DataError, match=r"real targets must be numbers; could not convert.*'a'"):
        NeuralRegressor().fit(X, np.array(["a", "b"] * 10))


@pytest.mark.parametrize("value", [np.nan, np.inf, 1e39])
def test_values_that_are_no_float32_are_refused(value: float) -> None:
    bad = X.copy()
    bad[3, 1] = value
    with (
        np.errstate(over="ignore"),
        pytest.raises(ValueError, match=r"Input X contains (NaN|infinity or a value too large)"),
    ):
        NeuralRegressor(backend="numpy", epochs=1).fit(bad, Y)


def test_a_single_row_cannot_be_held_out() -> None:
    with pytest.raises(DataError, match=r"cannot hold out 0\.1 of 1 rows: .*Give more rows"):
        NeuralRegressor(early_stopping=True, backend="numpy").fit(X[:1], Y[:1])


def test_sample_weights_are_not_offered() -> None:
    with pytest.raises(TypeError, match="sample_weight"):
        NeuralRegressor().fit(X, Y, sample_weight=np.ones(20))
