"""Co-moments: any pieces in any order give the whole, in float32 at mean 1000 too."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.readout.problems import problem, relative

from neuralopt.readout import add, comoments, forget, merge, solve, solve_comoments


def stream(H, Y, size, weights=None, forgetting=1.0):
    found = comoments(H[:0], Y[:0])
    for i in range(0, len(H), size):
        batch = slice(i, i + size)
        found = add(found, H[batch], Y[batch], None if weights is None else weights[batch], forgetting)
    return found


def test_float32_at_mean_1000_keeps_its_digits():
    random = np.random.default_rng(0)
    H = random.normal(size=(20_000, 3)) + 1000
    Y = H @ random.normal(size=(3, 1)) + 500
    H, Y = H.astype(np.float32), Y.astype(np.float32)
    exact = np.cov(H.astype(np.float64).T, Y.astype(np.float64).T, bias=True) * len(H)
    whole, pieces = comoments(H, Y), stream(H, Y, 64)
    textbook = H.T @ H - len(H) * np.outer(H.mean(axis=0), H.mean(axis=0))
    assert whole.hh.dtype == pieces.hh.dtype == np.float32
    assert relative(whole.hh, exact[:3, :3]) <= 1e-5
    assert relative(pieces.hh, exact[:3, :3]) <= 1e-5
    assert relative(pieces.hy, exact[:3, 3:]) <= 1e-5
    assert relative(pieces.yy, exact[3:, 3:]) <= 1e-5
    assert relative(textbook, exact[:3, :3]) > 0.1  # the reason for all this
    careful = solve(H, Y, 1e-3)
    assert relative(solve_comoments(pieces, 1e-3).weights, careful.weights) <= 1e-5


def test_the_mean_is_rounded_at_the_size_of_the_spread():
    """In float32 the first mean of 1e5 rows at 30,000 is off by as much as the rows are apart."""
    H = (np.random.default_rng(0).normal(size=(100_000, 1)) + 30_000).astype(np.float32)
    found = comoments(H, H)
    assert relative(found.hh, np.var(H.astype(np.float64)) * len(H)) <= 1e-5
    assert abs(float(found.mean_h[0]) - H.mean(dtype=np.float64)) <= 2e-3  # half of an ulp


@given(size=st.integers(1, 23), forgetting=st.floats(0.5, 1), seed=st.integers(0, 99))
def test_a_stream_is_the_batch_with_faded_weights(size, forgetting, seed):
    p = problem(23, 3, 2, seed, mean=100.0)
    found = stream(p.H, p.Y, size, p.weights, forgetting)
    batches = np.arange(23) // size
    whole = comoments(p.H, p.Y, p.weights * forgetting ** (batches[-1] - batches))
    for ours, theirs in zip(found, whole, strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-9, atol=1e-9)


def test_merging_knows_no_order_and_nothing_is_its_zero():
    p = problem(30, 4, 2)
    a, b, c = (comoments(p.H[i::3], p.Y[i::3], p.weights[i::3]) for i in range(3))
    empty = comoments(p.H[:0], p.Y[:0])
    for left, right in (
        (merge(merge(a, b), c), merge(a, merge(b, c))),
        (merge(a, b), merge(b, a)),
        (merge(a, empty), a),
        (merge(empty, a), a),
        (forget(a, 1.0), a),
    ):
        for x, y in zip(left, right, strict=True):
            np.testing.assert_allclose(x, y, rtol=1e-12, atol=1e-12)
    nothing = merge(empty, comoments(p.H[:2], p.Y[:2], np.zeros(2)))
    assert not any(np.any(part) for part in nothing)


@pytest.mark.parametrize("lam", [0.0, 0.7])
def test_ridge_from_comoments_alone(lam):
    p = problem(30, 4, 2)
    found = solve_comoments(stream(p.H, p.Y, 7, p.weights), lam, p.prior)
    wanted = solve(p.H, p.Y, lam, p.weights, p.prior)
    np.testing.assert_allclose(found.weights, wanted.weights, rtol=1e-10)
    np.testing.assert_allclose(found.bias, wanted.bias, rtol=1e-10)


def test_jitted_jax_is_numpy(x64):
    p = problem(20, 3, 2)
    a = jax.jit(comoments)(*map(jnp.asarray, p[:3]))
    b = jax.jit(add)(a, jnp.asarray(p.H), jnp.asarray(p.Y), None, 0.9)
    plain = add(comoments(*p[:3]), p.H, p.Y, None, 0.9)
    for ours, theirs in zip(b, plain, strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-12, atol=1e-12)
