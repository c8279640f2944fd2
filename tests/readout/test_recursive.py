"""Recursive least squares against the batch with faded weights."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from tests.readout.problems import problem, relative

from neuralopt.core.errors import InvalidArgument
from neuralopt.readout import solve, start_recursive, update_recursive


def run(H, Y, lam, forgetting=1.0, weights=None, prior=None):
    state = start_recursive(H.shape[1], Y.shape[1], lam, prior)
    for i, (h, y) in enumerate(zip(H, Y, strict=True)):
        state = update_recursive(state, h, y, 1.0 if weights is None else weights[i], forgetting)
    return state


@pytest.mark.parametrize("forgetting", [1.0, 0.97])
@pytest.mark.parametrize("rows", [1, 3, 200])
def test_it_is_the_batch_with_faded_weights(rows, forgetting):
    p = problem(rows, 5, 2, mean=10.0)
    state = run(p.H, p.Y, 0.1, forgetting, p.weights, p.prior)
    faded = p.weights * forgetting ** np.arange(rows)[::-1]
    batch = solve(p.H, p.Y, 0.1 * forgetting**rows, faded, p.prior)
    assert relative(state.weights, batch.weights) <= 1e-10
    assert relative(state.bias, batch.bias) <= 1e-10
    assert relative(state.predict(p.H), batch.predict(p.H)) <= 1e-10


@pytest.mark.parametrize("forgetting", [1.0, 0.99])
def test_it_is_stable_over_1e5_steps(forgetting, x64):
    """Correlated features: without the square-root form P loses its symmetry, then its sign."""
    random = np.random.default_rng(0)
    n, m = 100_000, 6
    H = random.normal(size=(n, 1)) + 1e-2 * random.normal(size=(n, m)) + 5
    Y = H @ random.normal(size=(m, 1)) + 0.01 * random.normal(size=(n, 1))
    start = jax.tree.map(jnp.asarray, start_recursive(m, 1, 1e-3))

    @jax.jit
    def scan(state, H, Y):
        return jax.lax.scan(lambda s, row: (update_recursive(s, *row, 1.0, forgetting), None), state, (H, Y))

    state, _ = scan(start, jnp.asarray(H), jnp.asarray(Y))
    kept = slice(-4000, None)  # 0.99^4000 is 3e-18
    faded = forgetting ** np.arange(n)[::-1]
    rows = slice(None) if forgetting == 1 else kept
    batch = solve(H[rows], Y[rows], 1e-3 if forgetting == 1 else 0.0, faded[rows])
    assert relative(state.weights, batch.weights) <= 1e-8
    assert np.isfinite(state.root).all()


def test_a_feature_that_never_moves_does_no_harm():
    """Its variance would grow by 1/f a step for ever: 0.9^-20000 is not a number of float64."""
    random = np.random.default_rng(0)
    H = np.hstack([random.normal(size=(20_000, 1)), np.full((20_000, 1), 0.1)])
    Y = 2 * H[:, :1] + 1
    state = run(H, Y, 1.0, forgetting=0.9)
    assert np.isfinite(state.root).all()
    np.testing.assert_allclose(state.predict(H[-10:]), Y[-10:], atol=1e-8)


def test_rows_of_weight_zero_change_nothing_but_fade_the_rest():
    p = problem(6, 2, 1)
    state = run(p.H, p.Y, 0.1)
    after = update_recursive(state, p.H[0], p.Y[0], 0.0)
    for a, b in zip(after, state, strict=True):
        np.testing.assert_array_equal(a, b)
    first = update_recursive(start_recursive(2, 1, 0.1), p.H[0], p.Y[0], 0.0)
    assert not first.weights.any()
    assert np.isfinite(first.root).all()


def test_errors():
    with pytest.raises(InvalidArgument, match="lam must be > 0: before the first row nothing else holds"):
        start_recursive(2, 1, 0.0)
    with pytest.raises(InvalidArgument, match=r"lam must be a finite number >= 0, got -1\."):
        start_recursive(2, 1, -1)
    with pytest.raises(
        InvalidArgument, match=r"prior must have the readout's shape \(2, 1\), got \(3, 1\)\."
    ):
        start_recursive(2, 1, 1.0, prior=np.zeros((3, 1)))
    with pytest.raises(InvalidArgument, match="features must be a whole number >= 1"):
        start_recursive(0, 1, 1.0)
