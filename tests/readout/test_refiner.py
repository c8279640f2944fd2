"""The founding document's refiner of the output layer."""

import numpy as np
import pytest
from tests.readout.problems import brute_loo

import neuralopt
from neuralopt.core.errors import DataError, InvalidArgument
from neuralopt.models import MLP, Network, NeuralNetwork, RecursiveMLP, TwoLayerMLP
from neuralopt.readout import LinearRegressionRefiner, choose, ridge_path, solve

RANDOM = np.random.default_rng(0)
X = RANDOM.uniform(-1, 1, (40, 3))
Y = np.stack([np.sin(2 * X[:, 0]) + X[:, 1], X[:, 2] ** 2], axis=1) + 0.01 * RANDOM.normal(size=(40, 2))

NETS = {
    "NeuralNetwork": lambda: NeuralNetwork(input_dim=3, hidden_dim=[6, 5], output_dim=2),
    "TwoLayerMLP": lambda: TwoLayerMLP(3, 5, 2, output_activation="identity"),
    "RecursiveMLP": lambda: RecursiveMLP([3, 4, 5, 2], output_activation="identity"),
    "MLP": lambda: Network.of(MLP((3, 5, 2), "relu"), MLP((3, 5, 2), "relu").init(1)),
    "no hidden layer": lambda: RecursiveMLP([3, 2], output_activation="identity"),
}


@pytest.mark.parametrize("name", NETS)
def test_the_layer_is_the_ridge_on_the_hidden_features(name):
    net = NETS[name]()
    H, below = net.hidden(X), net.params[:-1]
    np.testing.assert_array_equal(H @ net.params[-1][0] + net.params[-1][1], net.forward(X))
    wanted = solve(H, Y, 0.1)
    refiner = LinearRegressionRefiner(reg_lambda=0.1)
    before = np.sqrt(np.mean((net.forward(X) - Y) ** 2))
    same = refiner.refine_readout_layer(net=net, X_real=X, y_real=Y)
    assert same is net  # the founding document throws the result away
    np.testing.assert_allclose(net.params[-1][0], wanted.weights, rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(net.params[-1][1], wanted.bias, rtol=1e-9, atol=1e-12)
    assert all(a is b for old, new in zip(below, net.params[:-1], strict=True) for a, b in zip(old, new))
    report = refiner.report_
    assert report.error_before == pytest.approx(before)
    assert report.error_after == pytest.approx(np.sqrt(np.mean((net.forward(X) - Y) ** 2)))
    assert report.loo_after == pytest.approx(np.sqrt(np.mean(brute_loo(H, Y, 0.1) ** 2)), rel=1e-9)
    assert report.error_after < report.loo_after
    assert (report.reg_lambda, report.edge, report.message) == (0.1, False, "")


@pytest.mark.parametrize("criterion", ["loo", "gcv"])
def test_lambda_is_chosen(criterion):
    net = NETS["NeuralNetwork"]()
    H, W = net.hidden(X), net.params[-1][0]
    wanted = choose(ridge_path(H, Y, prior=W), criterion)
    refiner = LinearRegressionRefiner(criterion, prior="current", in_place=False)
    refined = refiner.refine_readout_layer(net, X, Y)
    assert refined is not net
    assert type(refined) is NeuralNetwork
    assert net.params[-1][0] is W
    assert refiner.report_.reg_lambda == wanted.reg_lambda
    assert refiner.report_.dof == wanted.dof
    np.testing.assert_allclose(refined.params[-1][0], wanted.readout.weights, rtol=1e-9)


def test_the_edge_is_reported():
    refiner = LinearRegressionRefiner("loo", lambdas=[1e4, 1e5])
    refiner.refine_readout_layer(NETS["NeuralNetwork"](), X, Y)
    assert refiner.report_.edge
    assert "lower edge of the grid (1e+04 to 1e+05)" in refiner.report_.message


def test_float32_networks_stay_float32():
    net = NeuralNetwork(3, 5, 1, dtype=np.float32)
    LinearRegressionRefiner().refine_readout_layer(net, X, Y[:, 0])
    assert {a.dtype for layer in net.params for a in layer} == {np.dtype(np.float32)}


def test_outliers_in_the_real_rows():
    spoilt = Y.copy()
    spoilt[[3, 17]] += 30
    errors = {}
    for robust in (None, "huber", "tukey"):
        net = NeuralNetwork(3, 8, 2)
        refiner = LinearRegressionRefiner("loo", robust=robust)
        refiner.refine_readout_layer(net, X, spoilt)
        errors[robust] = np.sqrt(np.mean((net.forward(X) - Y) ** 2))
    assert errors["tukey"] < 0.15 * errors[None]
    assert errors["huber"] < 0.3 * errors[None]
    assert refiner.report_.weights[[3, 17]].max() == 0


def test_one_row_and_weights():
    net = NETS["NeuralNetwork"]()
    refiner = LinearRegressionRefiner(0.1)
    refiner.refine_readout_layer(net, X[:1], Y[:1])
    np.testing.assert_allclose(net.forward(X[:1]), Y[:1], atol=1e-12)
    assert np.isnan(refiner.report_.loo_after)
    with pytest.raises(
        DataError, match="Leaving one row out needs at least two rows of positive weight, got 1"
    ):
        LinearRegressionRefiner("loo").refine_readout_layer(net, X[:1], Y[:1])
    half = np.where(np.arange(40) < 20, 1.0, 0.0)
    weighted, cut = NETS["NeuralNetwork"](), NETS["NeuralNetwork"]()
    refiner.refine_readout_layer(weighted, X, Y, weights=half)
    LinearRegressionRefiner(0.1).refine_readout_layer(cut, X[:20], Y[:20])
    np.testing.assert_allclose(weighted.params[-1][0], cut.params[-1][0], rtol=1e-9)


def test_errors():
    with pytest.raises(
        InvalidArgument,
        match=r"needs a linear output layer, this network's output_activation is 'tanh'\. Build it with "
        r"output_activation='identity'\.",
    ):
        LinearRegressionRefiner().refine_readout_layer(TwoLayerMLP(3, 5, 2), X, Y)
    with pytest.raises(InvalidArgument, match=r"y_real must have shape \(40, 2\), got \(40,\)\."):
        LinearRegressionRefiner().refine_readout_layer(NETS["MLP"](), X, Y[:, 0])
    with pytest.raises(InvalidArgument, match=r"'loo' or 'gcv', got 'lo'\. Did you mean 'loo'\?"):
        LinearRegressionRefiner("lo")
    with pytest.raises(InvalidArgument, match=r"reg_lambda must be a finite number >= 0, got -0\.1\."):
        LinearRegressionRefiner(-0.1)
    with pytest.raises(InvalidArgument, match="reg_lambda must be > 0 with robust weights, got 0"):
        LinearRegressionRefiner(0, robust="tukey")
    with pytest.raises(InvalidArgument, match="prior must be 'zero' or 'current', got 'none'"):
        LinearRegressionRefiner(prior="none")
    with pytest.raises(InvalidArgument, match="robust must be 'huber', 'tukey' or None, got True"):
        LinearRegressionRefiner(robust=True)


def test_it_is_at_the_top_level():
    assert neuralopt.LinearRegressionRefiner is LinearRegressionRefiner
    assert neuralopt.readout.solve is solve
