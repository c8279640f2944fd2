"""Networks that carry their parameters, with the argument names of the founding documents."""

import numpy as np
import pytest

from neuralopt import NeuralNetwork, RecursiveMLP, TwoLayerMLP
from neuralopt.core.errors import InvalidArgument
from neuralopt.models import CrossEntropy, Network

X = np.random.default_rng(0).normal(size=(12, 3))


def test_forward_is_the_formula():
    net = NeuralNetwork(input_dim=3, hidden_dim=5, output_dim=2, seed=1)
    (W1, b1), (W2, b2) = net.params
    np.testing.assert_allclose(net.forward(X), np.tanh(X @ W1 + b1) @ W2 + b2, rtol=1e-14)


@pytest.mark.parametrize(
    ("rows", "targets", "sentence"),
    [
        (np.ones((0, 3)), [], "a gradient needs rows: X has none"),
        (np.ones((2, 3)), [1.0, np.nan], "the loss is nan, and a step would spoil the parameters"),
        ([["a", "b", "c"]], [1.0], "X must be numbers in rows of one length"),
        ([[1.0, 2.0, 3.0], [1.0]], [1.0, 2.0], "X must be numbers in rows of one length"),
        (np.ones((1, 3)), ["x"], "y must be numbers"),
    ],
)
def test_data_that_no_step_can_be_made_of(rows, targets, sentence):
    net = TwoLayerMLP(3, 2, 1)
    before = [array.copy() for pair in net.params for array in pair]
    with pytest.raises(InvalidArgument, match=sentence):
        net.backward(rows, targets, 0.1)
    for mine, then in zip((array for pair in net.params for array in pair), before, strict=True):
        np.testing.assert_array_equal(mine, then)


def test_backward_is_one_step_of_gradient_descent():
    net = NeuralNetwork(input_dim=3, hidden_dim=5, output_dim=2)
    y = np.ones((12, 2))
    (W1, b1), (W2, b2) = net.params
    a = np.tanh(X @ W1 + b1)
    d2 = 2 * (a @ W2 + b2 - y) / y.size
    d1 = d2 @ W2.T * (1 - a**2)
    loss = net.backward(X, y, learning_rate=0.1)
    assert loss == pytest.approx(((a @ W2 + b2 - y) ** 2).mean())
    for (W, b), (dW, db), (W0, b0) in zip(
        net.params, [(X.T @ d1, d1.sum(0)), (a.T @ d2, d2.sum(0))], [(W1, b1), (W2, b2)], strict=True
    ):
        np.testing.assert_allclose(W, W0 - 0.1 * dW, rtol=1e-12, atol=1e-14)
        np.testing.assert_allclose(b, b0 - 0.1 * db, rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize(
    "net",
    [
        NeuralNetwork(3, 16, 1),
        NeuralNetwork(3, [16, 8], 1, activation="gelu"),
        TwoLayerMLP(3, 16, 1),
        RecursiveMLP([3, 12, 8, 6, 1]),
    ],
)
def test_a_tiny_set_is_learned_by_heart(net):
    y = np.sign(X[:, 0] * X[:, 1])[:, None]
    for _ in range(4000):
        loss = net.backward(X, y, learning_rate=0.2)
    assert loss < 0.01
    assert (np.sign(net.forward(X)) == y).all()


def test_a_recursive_network_of_two_layers_is_the_two_layer_network():
    one, other = TwoLayerMLP(2049, 64, 1, seed=3), RecursiveMLP([2049, 64, 1], seed=3)
    inputs = np.random.default_rng(0).normal(size=(4, 2049))
    np.testing.assert_array_equal(one.forward(inputs), other.forward(inputs))
    assert one.forward(inputs).shape == (4, 1)
    assert np.abs(one.forward(inputs)).max() < 1
    assert one.mlp.parameter_count == 2049 * 64 + 64 + 64 + 1


def test_gradients_take_a_loss_of_classes():
    net = NeuralNetwork(3, 5, 4)
    value, grads = net.gradients(X, np.arange(12) % 4, CrossEntropy())
    assert value == CrossEntropy().value(net.forward(X), np.arange(12) % 4)
    assert grads[1][0].shape == (5, 4)


def test_a_copy_with_other_parameters_leaves_the_first_alone():
    net = RecursiveMLP([3, 2])
    before = net.params[0][0].copy()
    other = net.with_params([(np.zeros((3, 2)), np.zeros(2))])
    assert isinstance(other, RecursiveMLP)
    assert not other.forward(X).any()
    np.testing.assert_array_equal(net.params[0][0], before)
    assert isinstance(Network.of(net.mlp, net.params), Network)


def test_one_output_takes_a_flat_target():
    net, other = NeuralNetwork(3, 4, 1), NeuralNetwork(3, 4, 1)
    assert net.backward(X, X[:, 0], 0.1) == other.backward(X, X[:, :1], 0.1)


@pytest.mark.parametrize(
    ("call", "text"),
    [
        (lambda net: net.forward(X[:, :2]), "X must have shape (n, 3), got (12, 2)."),
        (lambda net: net.forward(X[0]), "X must have shape (n, 3), got (3,)."),
        (lambda net: net.backward(X, X[:, 0], 0.1), "y must have shape (12, 2), got (12,)."),
        (lambda net: net.backward(X, X[:5, :2], 0.1), "y must have shape (12, 2), got (5, 2)."),
    ],
)
def test_errors(call, text):
    with pytest.raises(InvalidArgument) as error:
        call(NeuralNetwork(3, 4, 2))
    assert str(error.value) == text
