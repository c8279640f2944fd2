"""The Gaussian process against scikit-learn's, its gradient against differences, expected improvement against sums."""

import numpy as np
import pytest
from scipy.optimize import approx_fprime
from sklearn.gaussian_process import GaussianProcessRegressor
from sklearn.gaussian_process.kernels import ConstantKernel, Matern, WhiteKernel

from neuralopt.tuning.acquisition import log_expected_improvement
from neuralopt.tuning.gaussian_process import (
    GaussianProcess,
    Kernel,
    negative_log_posterior,
    squares,
)
from neuralopt.tuning.warping import warped

RANDOM = np.random.default_rng(0)
X, Z = RANDOM.random((30, 3)), RANDOM.random((12, 3))
Y = np.sin(5 * X[:, 0]) + X[:, 1] ** 2 + 0.1 * RANDOM.normal(size=30)
ORDERED = np.zeros(3, bool)


def test_the_posterior_is_that_of_scikit_learn():
    lengths = np.log([0.3, 0.7, 2.0])
    ours = GaussianProcess(X, Y, ORDERED, Kernel(lengths, np.log(1.5), np.log(0.02)))
    kernel = ConstantKernel(1.5) * Matern(np.exp(lengths), nu=2.5) + WhiteKernel(0.02)
    theirs = GaussianProcessRegressor(kernel, optimizer=None, alpha=1e-8).fit(X, Y)
    mean, deviation = theirs.predict(Z, return_std=True)
    found = ours.predict(Z)
    np.testing.assert_allclose(found[0], mean, atol=1e-9)
    np.testing.assert_allclose(found[1] ** 2 + 0.02, deviation**2, atol=1e-9)


def test_the_gradient_is_that_of_the_value():
    nominal = np.array([False, True, False])
    places = X.copy()
    places[:, 1] = np.round(places[:, 1] * 2) / 2
    squared, theta = squares(places, places, nominal), RANDOM.normal(size=5) - 1
    _, gradient = negative_log_posterior(theta, squared, Y, nominal)
    wanted = approx_fprime(theta, lambda t: negative_log_posterior(t, squared, Y, nominal)[0], 1e-6)
    np.testing.assert_allclose(gradient, wanted, rtol=1e-4, atol=1e-4)


def test_fitting_finds_what_does_not_matter():
    gp = GaussianProcess(X, (Y - Y.mean()) / Y.std(), ORDERED)
    assert gp.kernel.lengths.argmax() == 2


def test_one_more_point_is_the_same_as_all_at_once():
    kernel = Kernel(np.log([0.5, 0.5, 0.5]), 0.0, np.log(0.01))
    grown = GaussianProcess(X[:-1], Y[:-1], ORDERED, kernel).with_point(X[-1], Y[-1])
    np.testing.assert_allclose(grown.predict(Z), GaussianProcess(X, Y, ORDERED, kernel).predict(Z))


@pytest.mark.parametrize(("mean", "deviation"), [(0.3, 0.5), (-1.0, 0.1), (2.0, 1.0), (3.0, 0.5)])
def test_expected_improvement_is_the_integral(mean, deviation):
    t = np.linspace(-12, 12, 2_000_001)
    density = np.exp(-0.5 * t * t) / np.sqrt(2 * np.pi)
    wanted = np.trapezoid(np.maximum(0.2 - (mean + deviation * t), 0) * density, t)
    found = np.exp(log_expected_improvement(np.array([mean]), np.array([deviation]), 0.2))[0]
    assert found == pytest.approx(wanted, rel=1e-6, abs=1e-14)


def test_its_logarithm_falls_without_a_break():
    means = np.concatenate([np.linspace(-2, 40, 4001), np.geomspace(41, 1e6, 500)])
    values = log_expected_improvement(means, np.ones_like(means), 0.0)
    assert np.isfinite(values).all()
    assert (np.diff(values) < 0).all()


def test_warping_keeps_the_order_and_knows_no_outliers():
    values = np.array([0.3, 0.1, 5.0, 1e9, np.inf, 0.2, 0.25])
    found = warped(values)
    assert np.isfinite(found).all()
    assert (np.argsort(found, kind="stable")[:5] == np.argsort(values, kind="stable")[:5]).all()
    assert found.mean() == pytest.approx(0, abs=1e-12)
    assert found.std() == pytest.approx(1)
    np.testing.assert_array_equal(warped(np.array([2.0, 2.0])), [0, 0])
    np.testing.assert_array_equal(warped(np.array([np.inf, np.inf])), [0, 0])
