"""The calls of the founding document, as they stand there."""

import numpy as np
import pytest

import neuralopt as NeuralOpt
from neuralopt.core.errors import InvalidArgument

RANDOM = np.random.default_rng(0)
W = RANDOM.normal(size=5)
X = RANDOM.normal(size=(200, 5))
TRAIN, HELD = (X[:150], X[:150] @ W), (X[150:], X[150:] @ W)
SPACE = [
    ("learning_rate", "log_uniform", 1e-5, 1e-1),
    ("batch_size", "categorical", [16, 32, 64, 128]),
    ("weight_decay", "log_uniform", 1e-6, 1e-2),
]


def loss(weights, batch):
    X, y = batch
    return ((X @ weights - y) ** 2).mean()


def gradient(weights, batch):
    X, y = batch
    return 2 * X.T @ (X @ weights - y) / len(y)


def config(**changes):
    given = {
        "search_space": SPACE,
        "optimization_method": "bayesian",
        "max_trials": 12,
        "early_stopping_patience": 10,
    }
    return NeuralOpt.create_hyperparameter_optimization_config(**given | changes)


def test_both_forms_of_the_configuration_are_one():
    pairs = [
        ("search_space", SPACE),
        ("optimization_method", "bayesian"),
        ("max_trials", 12),
        ("early_stopping_patience", 10),
    ]
    assert NeuralOpt.create_hyperparameter_optimization_config(pairs) == config()


def test_a_loss_and_its_gradient():
    result = NeuralOpt.hyperparameter_optimization(
        loss, gradient, TRAIN, HELD, config(), initial_weights=np.zeros(5), epochs=8
    )
    best = NeuralOpt.get_best_hyperparameters(result)
    assert best["batch_size"] in (16, 32, 64, 128)
    assert result.best_value < 0.05 * loss(np.zeros(5), HELD)
    text = NeuralOpt.format_hyperparameters(best)
    assert text.startswith("learning_rate=")
    assert f"batch_size={best['batch_size']}" in text


def test_a_missing_gradient_is_differentiated():
    given = {"initial_weights": np.zeros(5), "epochs": 2}
    few = config(max_trials=3)
    ours = NeuralOpt.hyperparameter_optimization(loss, None, TRAIN, HELD, few, **given)
    theirs = NeuralOpt.hyperparameter_optimization(loss, gradient, TRAIN, HELD, few, **given)
    assert ours.best_value == pytest.approx(theirs.best_value, rel=1e-3)


def test_a_network():
    net = NeuralOpt.MLP((5, 4, 1))
    result = NeuralOpt.hyperparameter_optimization(net, None, TRAIN, HELD, config(max_trials=4), epochs=2)
    assert len(result.trials) == 4
    assert result.best_model().model.mlp == net


@pytest.mark.parametrize(
    ("make", "text"),
    [
        (lambda: config(optimization_method="bayes"), "Did you mean 'bayesian'"),
        (lambda: config(max_trials=0), "max_trials must be a whole number >= 1"),
        (lambda: config(search_space=[]), "the search space is empty"),
        (lambda: config(search_space=None), "search_space is needed"),
        (
            lambda: NeuralOpt.create_hyperparameter_optimization_config([("max_trial", 5)]),
            "unknown setting 'max_trial'. Did you mean 'max_trials'",
        ),
        (
            lambda: NeuralOpt.hyperparameter_optimization(loss, gradient, TRAIN, HELD, config()),
            "give initial_weights=",
        ),
        (
            lambda: NeuralOpt.hyperparameter_optimization(loss, gradient, TRAIN, HELD, {}),
            "config is made by create_hyper",
        ),
        (
            lambda: NeuralOpt.hyperparameter_optimization(3, None, TRAIN, HELD, config()),
            "loss must be a network or loss",
        ),
    ],
)
def test_what_is_refused(make, text):
    with pytest.raises(InvalidArgument, match=text):
        make()
