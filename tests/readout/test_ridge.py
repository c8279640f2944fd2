"""The closed form against the textbook's, its dual, and JAX."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.readout.problems import SHAPES, brute, problem, relative

from neuralopt.readout import Readout, comoments, fit, solve, solve_comoments


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("shape", SHAPES)
def test_solve_is_the_textbooks(shape, bias):
    p = problem(*shape)
    for weights, prior in ((None, None), (p.weights, p.prior)):
        W, b = brute(p.H, p.Y, 0.3, weights, prior, bias)
        found = solve(p.H, p.Y, 0.3, weights, prior, bias)
        assert relative(found.weights, W) <= 1e-11
        assert np.abs(found.bias - b).max() <= 1e-10
        assert (found.method, found.jitter, found.reg_lambda) == ("cholesky", 0.0, 0.3)
        assert relative(found.predict(p.H), p.H @ W + b[None, :]) <= 1e-11


@given(
    n=st.integers(1, 12),
    m=st.integers(1, 12),
    k=st.integers(1, 3),
    seed=st.integers(0, 999),
    log_lam=st.floats(-4, 3),
)
def test_primal_is_dual(n, m, k, seed, log_lam):
    p, lam = problem(n, m, k, seed), 10.0**log_lam
    found = solve(p.H, p.Y, lam, p.weights, p.prior)  # the dual where n < m
    by_moments = solve_comoments(comoments(p.H, p.Y, p.weights), lam, p.prior)  # always the primal
    np.testing.assert_allclose(found.weights, by_moments.weights, rtol=1e-8, atol=1e-8)
    np.testing.assert_allclose(found.bias, by_moments.bias, rtol=1e-8, atol=1e-7)


def test_equal_weights_act_as_repeated_rows():
    p = problem(10, 3, 1)
    times = np.arange(1, 11)
    repeated = solve(np.repeat(p.H, times, axis=0), np.repeat(p.Y, times, axis=0), 0.5)
    weighted = solve(p.H, p.Y, 0.5, weights=times)
    np.testing.assert_allclose(weighted.weights, repeated.weights, rtol=1e-12)


def test_infinite_penalty_leaves_the_prior_and_a_free_bias():
    p = problem(20, 4, 2)
    found = solve(p.H, p.Y, 1e14, p.weights, p.prior)
    np.testing.assert_allclose(found.weights, p.prior, rtol=1e-9)
    np.testing.assert_allclose(found.bias, np.average(p.Y - p.H @ p.prior, axis=0, weights=p.weights))


@pytest.mark.parametrize("shape", [(30, 6), (5, 9)])
def test_without_penalty_and_without_rank_the_norm_is_least(shape):
    random = np.random.default_rng(0)
    H = random.normal(size=(shape[0], 3)) @ random.normal(size=(3, shape[1]))
    Y = random.normal(size=(shape[0], 2))
    found = solve(H, Y, 0.0)
    wanted = np.linalg.lstsq(H - H.mean(axis=0), Y - Y.mean(axis=0), rcond=1e-10)[0]
    np.testing.assert_allclose(found.weights, wanted, atol=1e-10)
    assert found.method == "eigh"
    assert found.jitter > 0


def test_a_factor_that_is_rounding_alone_is_not_trusted():
    """Of a singular matrix Cholesky fails or not as the last digits fall."""
    for seed in range(40):
        p = problem(30, 3, 1, seed)
        H = p.H @ np.random.default_rng(seed).normal(size=(3, 4))
        wanted = np.linalg.lstsq(H - H.mean(axis=0), p.Y, rcond=1e-10)[0]
        np.testing.assert_allclose(solve(H, p.Y, 0.0).weights, wanted, rtol=1e-6)


def test_constant_columns_belong_to_the_bias():
    p = problem(20, 3, 1)
    with_constants = np.hstack([p.H, np.full((20, 1), 1000.1), np.zeros((20, 1))])
    for lam in (0.0, 0.1):
        found, plain = solve(with_constants, p.Y, lam), solve(p.H, p.Y, lam)
        np.testing.assert_allclose(found.weights[:3], plain.weights, rtol=1e-9)
        assert not found.weights[3:].any()
        assert found.method == ("eigh" if lam == 0 else "cholesky")
    rounded = np.array([0.1, 0.1, np.nextafter(0.1, 1), 0.1, np.nextafter(0.1, 0)])[:, None]
    only = solve(rounded, np.arange(5.0), 0.0)
    assert not only.weights.any()
    assert only.bias == pytest.approx(2.0)


def test_one_row_moves_the_bias_alone():
    found = solve([[1.0, 2.0]], [[3.0]], 0.1, prior=[[1.0], [0.5]])
    np.testing.assert_allclose(found.weights, [[1.0], [0.5]])
    np.testing.assert_allclose(found.bias, [1.0])


def test_targets_in_one_row_of_numbers_are_one_output():
    p = problem(9, 2, 1)
    np.testing.assert_array_equal(
        solve(p.H, p.Y[:, 0], 1.0, prior=p.prior[:, 0]).weights, solve(p.H, p.Y, 1.0, prior=p.prior).weights
    )


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("shape", SHAPES)
def test_fit_on_numpy_and_jitted_jax_is_solve(shape, bias, x64):
    p = problem(*shape)
    careful = solve(p.H, p.Y, 0.3, p.weights, p.prior, bias)
    jitted = jax.jit(fit, static_argnums=5)
    traced = jitted(*map(jnp.asarray, p[:2]), 0.3, jnp.asarray(p.weights), jnp.asarray(p.prior), bias)
    for W, b in (fit(p.H, p.Y, 0.3, p.weights, p.prior, bias), traced):
        assert relative(W, careful.weights) <= 1e-11
        np.testing.assert_allclose(b, careful.bias, atol=1e-10)


def test_a_readout_is_a_tuple_that_unpacks():
    found = solve(np.eye(2), np.ones(2), 1.0)
    W, b, *_ = found
    assert isinstance(found, Readout)
    assert W.shape == (2, 1)
    assert b.shape == (1,)
