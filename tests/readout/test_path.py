"""Leave-one-out for all lambdas against refits by brute force, and the choice of one."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from sklearn.linear_model import RidgeCV
from tests.readout.problems import SHAPES, brute_loo, problem, relative

from neuralopt.readout import choose, default_lambdas, leave_one_out, loo_loss, ridge_path, solve
from neuralopt.readout.path import path_errors
from neuralopt.readout.spectrum import decompose

LAMBDAS = np.logspace(-3, 3, 7)


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("shape", [*SHAPES, (6, 5, 1), (5, 5, 1)])
def test_loo_is_that_of_brute_force(shape, bias):
    p = problem(*shape)
    for weights, prior in ((None, None), (p.weights, p.prior)):
        s = np.ones(len(p.H)) if weights is None else weights
        found = ridge_path(p.H, p.Y, LAMBDAS, weights, prior, bias)
        for i, lam in enumerate(LAMBDAS):
            wanted = brute_loo(p.H, p.Y, lam, weights, prior, bias)
            assert found.loo[i] == pytest.approx(s @ np.sum(wanted**2, axis=1) / s.sum(), rel=1e-10)
            one = leave_one_out(p.H, p.Y, lam, weights, prior, bias)
            assert relative(one.residuals, wanted) <= 1e-10
            chosen = choose(ridge_path(p.H, p.Y, [lam], weights, prior, bias))
            assert relative(chosen.residuals, wanted) <= 1e-10
            careful = solve(p.H, p.Y, lam, weights, prior, bias)
            for W, b in (chosen.readout[:2], one[2:]):
                assert relative(W, careful.weights) <= 1e-10
                np.testing.assert_allclose(b, careful.bias, atol=1e-9)


def test_rows_of_weight_zero_have_their_plain_residual():
    for n, m, k in SHAPES:
        p = problem(n, m, k)
        weights = np.where(np.arange(n) % 3 == 0, 0.0, p.weights)
        wanted = brute_loo(p.H, p.Y, 0.2, weights, p.prior)
        assert relative(choose(ridge_path(p.H, p.Y, [0.2], weights, p.prior)).residuals, wanted) <= 1e-10
        assert relative(leave_one_out(p.H, p.Y, 0.2, weights, p.prior).residuals, wanted) <= 1e-10


def test_small_lambda_with_fewer_rows_than_features_keeps_its_digits():
    """Leverages are 1 - 1e-11 there: their complement must not be a difference."""
    p = problem(8, 40, 1)
    lam = 1e-9
    found = ridge_path(p.H, p.Y, [lam, 1e-4])
    interpolating = np.empty_like(p.Y)
    for i in range(8):  # minimum norm: the limit
        H, Y = np.delete(p.H, i, axis=0), np.delete(p.Y, i, axis=0)
        W = np.linalg.lstsq(H - H.mean(axis=0), Y - Y.mean(axis=0), rcond=1e-12)[0]
        interpolating[i] = p.Y[i] - Y.mean(axis=0) - (p.H[i] - H.mean(axis=0)) @ W
    assert found.loo[0] == pytest.approx(np.mean(interpolating**2), rel=1e-7)
    assert relative(leave_one_out(p.H, p.Y, lam).residuals, interpolating) <= 1e-6


def test_gcv_and_dof_are_their_definitions():
    p = problem(25, 6, 2)
    found = ridge_path(p.H, p.Y, LAMBDAS, p.weights, p.prior)
    for i, lam in enumerate(LAMBDAS):
        readout = solve(p.H, p.Y, lam, p.weights, p.prior)
        square = p.weights @ np.sum((p.Y - readout.predict(p.H)) ** 2, axis=1) / p.weights.sum()
        moves = [solve(p.H, row, lam, p.weights).predict(p.H)[j, 0] for j, row in enumerate(np.eye(25))]
        assert found.dof[i] == pytest.approx(sum(moves), rel=1e-10)  # trace of the hat matrix
        assert found.gcv[i] == pytest.approx(square / (1 - found.dof[i] / 25) ** 2, rel=1e-10)


@pytest.mark.parametrize("shape", [(200, 10, 1), (15, 30, 1)])
def test_choice_is_that_of_scikit_learn(shape):
    p = problem(*shape)
    lambdas = np.logspace(-3, 4, 30)
    theirs = RidgeCV(alphas=lambdas).fit(p.H, p.Y[:, 0])
    ours = choose(ridge_path(p.H, p.Y, lambdas))
    assert ours.reg_lambda == theirs.alpha_
    assert ours.error == pytest.approx(-theirs.best_score_, rel=1e-8)
    np.testing.assert_allclose(ours.readout.weights[:, 0], theirs.coef_, rtol=1e-7, atol=1e-9)


def test_the_grid_comes_from_the_spectrum():
    grid = default_lambdas(np.array([1.0, 50.0]))
    np.testing.assert_allclose(grid[[0, -1]], [50e-10, 50e3])
    assert len(grid) == 40
    p = problem(30, 4, 1)
    small, large = ridge_path(p.H, p.Y), ridge_path(1000 * p.H, p.Y)
    np.testing.assert_allclose(large.lambdas, 1e6 * small.lambdas, rtol=1e-9)
    np.testing.assert_allclose(large.loo, small.loo, rtol=1e-6)


def test_blocks_of_lambdas_give_what_one_block_gives(monkeypatch):
    p = problem(30, 5, 2)
    whole = ridge_path(p.H, p.Y, LAMBDAS[::-1])  # put in order
    np.testing.assert_array_equal(whole.lambdas, LAMBDAS)
    monkeypatch.setattr("neuralopt.readout.path._BLOCK", 150)
    pieces = ridge_path(p.H, p.Y, LAMBDAS)
    np.testing.assert_allclose(pieces.loo, whole.loo, rtol=1e-13)
    np.testing.assert_allclose(pieces.gcv, whole.gcv, rtol=1e-13)


def test_the_edge_of_the_grid_is_said():
    p = problem(30, 4, 1)
    noise = np.random.default_rng(1).normal(size=(30, 1))
    noiseless = p.H @ p.prior
    inside = choose(ridge_path(p.H, p.Y))
    assert (inside.edge, inside.message) == (False, "")
    low = choose(ridge_path(p.H, noiseless, [1e-3, 1.0]))
    assert low.edge
    assert low.message == (
        "lambda = 0.001 is the lower edge of the grid (0.001 to 1): the targets have next to no noise, "
        "or the grid begins too high."
    )
    high = choose(ridge_path(p.H, noise, [1e-3, 1e-2]), "gcv")
    assert high.message == (
        "lambda = 0.01 is the upper edge of the grid (0.001 to 0.01): the features explain nothing "
        "beyond the prior and the bias, or the grid ends too low."
    )
    constant = choose(ridge_path(np.full((5, 2), 0.1), np.arange(5.0)))
    assert constant.edge
    assert constant.message.endswith("all features are constant.")
    assert not choose(ridge_path(p.H, p.Y, [0.1])).edge  # a single lambda is no grid


def test_jitted_jax_is_numpy(x64):
    for shape in SHAPES:
        p = problem(*shape)

        def errors(H, Y, weights, prior):
            return path_errors(decompose(H, Y, weights, prior, True), jnp.asarray(LAMBDAS), weights)

        found = jax.jit(errors)(*map(jnp.asarray, p))
        ours = ridge_path(p.H, p.Y, LAMBDAS, p.weights, p.prior)
        for a, b in zip(found, ours[1:4], strict=True):
            np.testing.assert_allclose(a, b, rtol=1e-9)
        loss = jax.jit(loo_loss)(jnp.asarray(p.H), jnp.asarray(p.Y), LAMBDAS[2], p.weights, p.prior)
        assert float(loss) == pytest.approx(ours.loo[2] * p.weights.sum(), rel=1e-10)
