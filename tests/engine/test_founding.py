"""The founding document's calls: what they make is what the library's own names make."""

import numpy as np
import pytest

import neuralopt
from neuralopt import (
    MLP,
    converged,
    create_adam_config,
    create_cosine_annealing_scheduler,
    create_neural_optimizer,
    get_final_loss,
    get_final_weights,
    get_training_history,
    train_neural_network,
)
from neuralopt.core.errors import InvalidArgument
from neuralopt.optimizers import Adam, AdamW, AMSGrad
from neuralopt.schedules import Cosine, PerEpoch
from neuralopt.transforms import ClipByGlobalNorm, ClipByValue, L2Decay, chain

PAIRS = [
    ("learning_rate", 0.001),
    ("beta1", 0.9),
    ("beta2", 0.999),
    ("epsilon", 1e-8),
    ("weight_decay", 1e-4),
    ("amsgrad", False),
]


def test_the_quick_start_is_this_optimizer():
    scheduler = create_cosine_annealing_scheduler([("T_max", 100), ("eta_min", 1e-6), ("last_epoch", -1)])
    made = create_neural_optimizer(
        [
            ("optimizer", "adam"),
            ("config", create_adam_config(PAIRS)),
            ("lr_scheduler", scheduler),
            ("gradient_clipping", ("norm", 1.0)),
        ]
    )
    rate = PerEpoch(Cosine(0.001, 100, 1e-6))
    assert repr(made) == repr(chain(ClipByGlobalNorm(1.0), L2Decay(1e-4), Adam(rate)))


@pytest.mark.parametrize(
    ("given", "same"),
    [
        ({"config": create_adam_config(amsgrad=True)}, AMSGrad()),
        ({"optimizer": "adamw", "config": create_adam_config(weight_decay=0.1)}, AdamW(weight_decay=0.1)),
        ({"config": {"learning_rate": 0.5, "b1": 0.8}}, Adam(0.5, b1=0.8)),
        ({"gradient_clipping": ("value", 0.5)}, chain(ClipByValue(0.5), Adam())),
        (
            {"optimizer": "sgd", "lr_scheduler": create_cosine_annealing_scheduler(T_max=5)},
            neuralopt.optimizers.get("sgd", learning_rate=PerEpoch(Cosine(1e-3, 5, 0.0))),
        ),
    ],
)
def test_other_settings(given, same):
    assert repr(create_neural_optimizer(**given)) == repr(same)


@pytest.fixture
def line():
    X = np.random.default_rng(0).normal(size=(60, 2)).astype(np.float32)
    return X, X @ np.array([1.0, -2.0], np.float32)


def squared(weights, batch):
    return ((batch[0] @ weights - batch[1]) ** 2).mean()


def slope(weights, batch):
    return 2 * batch[0].T @ (batch[0] @ weights - batch[1]) / batch[0].shape[0]


def by_hand(weights, batch):
    """On the host: JAX cannot trace a loop over elements."""
    rest = np.array([float(np.dot(row, weights)) - float(t) for row, t in zip(*batch, strict=True)])
    return 2 * batch[0].T @ rest / len(rest)


@pytest.mark.parametrize("gradient", [None, slope, by_hand])
def test_a_loss_with_and_without_its_gradient_trains_alike(line, gradient):
    start, optimizer = np.zeros(2, np.float32), create_neural_optimizer(config=create_adam_config())
    given = {"epochs": 6, "batch_size": 20, "seed": 3}
    result = train_neural_network(squared, gradient, start, line, optimizer, **given)
    own = neuralopt.train(squared, line, params=start, optimizer=Adam(), **given)
    np.testing.assert_allclose(get_final_weights(result), own.params, rtol=1e-5)
    history = get_training_history(result)
    np.testing.assert_allclose(history["loss"], own.history["loss"], rtol=1e-5)
    assert get_final_loss(history) == history["loss"][-1]


def test_the_gradient_that_is_given_is_the_one_that_is_used(line):
    start = np.zeros(2, np.float32)
    result = train_neural_network(
        squared, lambda w, batch: 0 * w, start, line, "sgd", epochs=3, batch_size="full"
    )
    np.testing.assert_array_equal(result.params, start)


def test_networks_are_trained_and_convergence_is_said(line):
    noisy = line[0], line[1] + np.random.default_rng(1).normal(size=60).astype(np.float32)
    result = train_neural_network(MLP((2, 1)), None, None, noisy, Adam(0.1), epochs=200, batch_size="full")
    assert converged(result)
    assert converged(get_training_history(result))
    short = train_neural_network(MLP((2, 1)), None, None, line, Adam(0.01), epochs=20, batch_size="full")
    assert not converged(short)
    lost = train_neural_network(MLP((2, 1)), None, None, line, "sgd", epochs=2)
    assert not converged(lost)  # too few epochs to say


@pytest.mark.parametrize(
    ("call", "sentence"),
    [
        (lambda: create_adam_config([("beta3", 1)]), "unknown setting 'beta3'. Did you mean 'beta"),
        (lambda: create_cosine_annealing_scheduler(), "T_max is needed"),
        (
            lambda: create_cosine_annealing_scheduler(T_max=5, last_epoch=3),
            "give train_neural_network checkpoint=",
        ),
        (lambda: create_neural_optimizer(gradient_clipping=("size", 1)), 'gradient_clipping is ("norm", x)'),
        (lambda: create_neural_optimizer(optimizer="adamm"), "adamm"),
        (
            lambda: create_neural_optimizer(optimizer="adamw", config=create_adam_config(amsgrad=True)),
            "amsgrad is a kind of 'adam'",
        ),
    ],
)
def test_what_is_refused(call, sentence):
    with pytest.raises(InvalidArgument) as error:
        call()
    assert sentence in str(error.value)
