"""Outliers in the rows do not break the fit."""

import numpy as np
import pytest
from tests.readout.problems import problem

from neuralopt.core.errors import InvalidArgument
from neuralopt.readout import choose, ridge_path, robust_fit, solve


def spoilt(n=200, m=8, k=1, share=0.05, seed=0, size=50.0):
    random = np.random.default_rng(seed)
    H = random.normal(size=(n, m))
    clean = H @ random.normal(size=(m, k)) + 2
    Y = clean + 0.1 * random.normal(size=(n, k))
    bad = random.choice(n, max(1, int(share * n)), replace=False)
    Y[bad] += size * (1 + random.uniform(size=(len(bad), 1)))
    return H, Y, clean, bad


def error(readout, H, clean):
    return np.sqrt(np.mean((readout.predict(H) - clean) ** 2))


@pytest.mark.parametrize(("loss", "within"), [("tukey", 1.1), ("huber", 5.0)])
@pytest.mark.parametrize("shape", [(200, 8, 1), (200, 8, 2), (20, 8, 1)])
def test_five_percent_outliers_cost_little(loss, within, shape):
    H, Y, clean, bad = spoilt(*shape)
    good = np.setdiff1d(np.arange(len(H)), bad)
    oracle = error(choose(ridge_path(H[good], Y[good])).readout, H, clean)
    plain = error(choose(ridge_path(H, Y)).readout, H, clean)
    found = robust_fit(H, Y, loss=loss)
    robust = error(found.choice.readout, H, clean)
    assert robust <= within * oracle + 0.02
    assert plain > 10 * robust
    assert found.weights[bad].max() < 0.02
    assert found.converged


def test_an_outlier_with_leverage_is_seen_by_its_leave_one_out_residual():
    H, Y, clean, _ = spoilt(60, 3, size=0.0)
    H[0] *= 30
    clean[0] = Y[0] = -100.0
    found = robust_fit(H, Y)
    assert found.weights[0] == 0
    assert error(found.choice.readout, H[1:], clean[1:]) < 0.05


def test_without_outliers_nearly_nothing_is_lost():
    H, Y, clean, _ = spoilt(size=0.0)
    plain, found = choose(ridge_path(H, Y)), robust_fit(H, Y)
    assert error(found.choice.readout, H, clean) <= 1.2 * error(plain.readout, H, clean)
    np.testing.assert_allclose(found.scale, 0.1, rtol=0.2)


WEIGHTS = {
    "huber": lambda r: np.minimum(1, 1.345 / r),
    "tukey": lambda r: np.where(r < 4.685, 1 - (r / 4.685) ** 2, 0) ** 2,
}


@pytest.mark.parametrize("loss", WEIGHTS)
def test_the_solution_is_a_fixed_point(loss):
    H, Y, *_ = spoilt()
    found = robust_fit(H, Y, [0.1], loss, tolerance=1e-10, max_iterations=200)
    q = choose(ridge_path(H, Y, [0.1], found.weights)).residuals[:, 0]
    sigma = 1.4826 * np.median(abs(q))
    np.testing.assert_allclose(found.weights, WEIGHTS[loss](abs(q) / sigma), rtol=1e-7)
    again = solve(H, Y, 0.1, found.weights)
    np.testing.assert_allclose(found.choice.readout.weights, again.weights, rtol=1e-7)


def test_given_weights_count_and_exact_data_pass():
    p = problem(20, 3, 1)
    exact = p.H @ p.prior
    found = robust_fit(p.H, exact, [1e-12], weights=p.weights)
    np.testing.assert_allclose(found.weights, p.weights, rtol=1e-3)
    np.testing.assert_allclose(found.choice.readout.weights, p.prior, rtol=1e-8)


def test_errors():
    p = problem(9, 2, 1)
    with pytest.raises(InvalidArgument, match=r"loss must be 'huber' or 'tukey', got 'Hubert'. Did you mean"):
        robust_fit(p.H, p.Y, loss="Hubert")
    with pytest.raises(InvalidArgument, match="max_iterations must be a whole number >= 1, got 0"):
        robust_fit(p.H, p.Y, max_iterations=0)
