"""Losses, metrics and activations against independent formulas."""

import jax
import numpy as np
import pytest
import scipy.special
import sklearn.metrics
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from neuralopt.core.errors import InvalidArgument
from neuralopt.models import (
    ACTIVATIONS,
    LOSSES,
    METRICS,
    CrossEntropy,
    Hinge,
    SquaredError,
    get_loss,
    softmax,
)

scores = hnp.arrays(np.float64, (6, 4), elements=st.floats(-50, 50, width=32))
labels = hnp.arrays(np.int64, 6, elements=st.integers(0, 3))


@given(scores, scores)
def test_squared_error(prediction, target):
    assert SquaredError().value(prediction, target) == pytest.approx(
        sklearn.metrics.mean_squared_error(target, prediction), rel=1e-12
    )


@given(scores, labels)
def test_cross_entropy(z, y):
    expected = scipy.special.logsumexp(z, axis=1) - z[np.arange(6), y]
    np.testing.assert_allclose(CrossEntropy().rows(z, y), expected, rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(softmax(z), scipy.special.softmax(z, axis=1), rtol=1e-12)


@given(scores, labels)
def test_hinge(z, y):
    expected = sklearn.metrics.hinge_loss(y, z, labels=[0, 1, 2, 3])
    # scikit-learn leaves out the true class and clips at 0; with the true class inside the maximum
    # the clipping is the formula's own
    assert Hinge().value(z, y) == pytest.approx(expected, rel=1e-12, abs=1e-12)


def test_losses_equal_torch(torch):
    random = np.random.default_rng(0)
    z, y, t = random.normal(size=(9, 4)), random.integers(0, 4, 9), random.normal(size=(9, 4))
    for loss, function, target in (
        ("cross_entropy", torch.nn.functional.cross_entropy, y),
        ("squared_error", torch.nn.functional.mse_loss, t),
    ):
        tensor = torch.tensor(z, requires_grad=True)
        value = function(tensor, torch.tensor(target))
        value.backward()
        ours, gradient = LOSSES[loss].value_and_gradient(z, target)
        assert float(ours) == pytest.approx(value.item(), rel=1e-14)
        np.testing.assert_allclose(gradient, tensor.grad.numpy(), rtol=1e-13, atol=1e-16)


def test_large_scores_do_not_overflow():
    z = np.array([[1e4, -1e4, 0.0]])
    assert CrossEntropy().value(z, np.array([0])) == 0
    assert CrossEntropy().value(z, np.array([1])) == 2e4
    assert np.isfinite(CrossEntropy().row_gradients(z, np.array([1]))).all()


@given(scores, labels)
def test_accuracy(z, y):
    assert METRICS["accuracy"](z, y) == pytest.approx(sklearn.metrics.accuracy_score(y, z.argmax(1)))


@given(scores, scores)
def test_r2(prediction, target):
    target[:, 0] += np.arange(6)  # not constant, where scikit-learn has another convention
    spread = target.var(axis=0) > 1e-6
    expected = sklearn.metrics.r2_score(target[:, spread], prediction[:, spread], multioutput="raw_values")
    found = METRICS["r2"](prediction[:, spread], target[:, spread])
    assert found == pytest.approx(expected.mean(), rel=1e-9)


def test_r2_of_a_constant_target_is_zero():
    assert METRICS["r2"](np.array([[1.0], [2.0]]), np.array([[3.0], [3.0]])) == 0


@pytest.mark.parametrize(
    ("name", "oracle"),
    [
        ("tanh", np.tanh),
        ("relu", lambda z: np.clip(z, 0, None)),
        ("sigmoid", scipy.special.expit),
        ("gelu", lambda z: np.asarray(jax.nn.gelu(z, approximate=True))),
        ("identity", lambda z: z),
        ("step", lambda z: np.where(z >= 0, 1.0, 0.0)),
        ("sign", lambda z: np.where(z >= 0, 1.0, -1.0)),
    ],
)
def test_activations(name, oracle, x64):
    z = np.concatenate([np.linspace(-8, 8, 101), [0.0, -0.0, 1e3, -1e3]])
    np.testing.assert_allclose(ACTIVATIONS[name].apply(z), oracle(z), rtol=1e-12, atol=1e-14)


def test_every_activation_has_an_oracle_above():
    tested = {parameters[0] for parameters in test_activations.pytestmark[0].args[1]}
    assert tested == set(ACTIVATIONS)


@pytest.mark.parametrize("loss", [CrossEntropy(), len])
def test_a_loss_is_taken_as_it_is(loss):
    assert get_loss(loss) is loss


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("hnige", "unknown loss 'hnige'. Did you mean 'hinge'? Known: squared_error, cross_entropy, hinge,"),
        (3, "unknown loss 3. Known: squared_error"),
    ],
)
def test_unknown_losses(name, text):
    with pytest.raises(InvalidArgument) as error:
        get_loss(name)
    assert text in str(error.value)
