"""L-BFGS and its line search: the dense formula, the optimum that scipy finds, bad input."""

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
import scipy.optimize
from hypothesis import given
from hypothesis import strategies as st

from neuralopt import optimizers
from neuralopt.core import tree
from neuralopt.core.errors import InvalidArgument
from neuralopt.optimizers.lbfgs import LBFGSState, _remember, _times_inverse_hessian
from neuralopt.optimizers.line_search import search


def logistic(params, xp=np):
    """A convex loss of 24 parameters with curvatures over three decades."""
    rng = np.random.default_rng(0)
    inputs = rng.normal(size=(60, 8)) * np.geomspace(0.1, 3, 8)
    target = rng.integers(0, 3, 60)
    scores = inputs @ params["W"] + params["b"][None, :]
    high = xp.max(scores, axis=1)
    logs = xp.log(xp.sum(xp.exp(scores - high[:, None]), axis=1)) + high
    chosen = xp.sum(scores * np.eye(3)[target], axis=1)
    return xp.mean(logs - chosen) + 0.001 * (xp.sum(params["W"] ** 2) + xp.sum(params["b"] ** 2))


START = {"W": np.zeros((8, 3)), "b": np.ones(3)}


def jax_loss(params):
    return logistic(params, jnp)


@pytest.fixture(scope="module")
def optimum():
    with jax.enable_x64(True):
        gradient = jax.jit(jax.grad(lambda x: jax_loss(tree.unravel(x, START))))
        found = scipy.optimize.minimize(
            lambda x: logistic(tree.unravel(x, START)),
            tree.ravel(START),
            jac=lambda x: np.asarray(gradient(jnp.asarray(x))),
            method="L-BFGS-B",
            options={"ftol": 1e-15, "gtol": 1e-10, "maxiter": 1000},
        )
    return found.x, found.fun, found.nit


@pytest.mark.parametrize("history", [1, 3, 5])
@pytest.mark.parametrize("pairs", [0, 1, 3, 7])
def test_two_loops_equal_the_dense_inverse_of_bfgs(pairs, history):
    """H is built up by the rank-two formula from gamma I over the pairs that are kept, in float64."""
    rng = np.random.default_rng(pairs)
    n = 6
    half = rng.normal(size=(n, n))
    hessian = half @ half.T + np.eye(n)
    state = LBFGSState(0, 0.0, 0.0, 0.0, np.zeros((history, n)), np.zeros((history, n)), np.zeros(history))
    kept = []
    for _ in range(pairs):
        s = rng.normal(size=n)
        y = hessian @ s
        kept = [*kept, (s, y)][-history:]
        s_new, y_new, rho = _remember(np, state, s, y)
        state = state._replace(s=s_new, y=y_new, rho=rho)
    dense = np.eye(n)
    if kept:
        s, y = kept[-1]
        dense *= (s @ y) / (y @ y)
    for s, y in kept:
        rho = 1 / (y @ s)
        left = np.eye(n) - rho * np.outer(s, y)
        dense = left @ dense @ left.T + rho * np.outer(s, s)
    g = rng.normal(size=n)
    ours = _times_inverse_hessian(np, g, state.s, state.y, state.rho)
    np.testing.assert_allclose(ours, dense @ g, rtol=1e-12, atol=1e-12 * np.abs(dense @ g).max())


def test_a_pair_without_positive_curvature_is_left_out():
    state = optimizers.LBFGS(history=2).init([np.zeros(2)])
    s, y, rho = _remember(np, state, np.array([1.0, 0.0]), np.array([2.0, 0.0]))
    state = state._replace(s=s, y=y, rho=rho)
    for bad in (np.array([-1.0, 5.0]), np.array([0.0, 1.0]), np.array([np.nan, 1.0])):
        for kept, old in zip(_remember(np, state, np.array([1.0, 0.0]), bad), state[-3:], strict=True):
            np.testing.assert_array_equal(kept, old)
    np.testing.assert_array_equal(state.rho, [0.0, 0.5])


def test_reaches_the_optimum_of_scipy_compiled(optimum, x64):
    opt = optimizers.LBFGS()
    best, value, iterations = optimum

    @jax.jit
    def run(params):
        def step(carry, _):
            params, state = carry
            value, grads = jax.value_and_grad(jax_loss)(params)
            updates, state = opt.update(grads, state, params, value=value, value_fn=jax_loss)
            return (tree.apply_updates(params, updates), state), value

        return jax.lax.scan(step, (params, opt.init(params)), None, length=2 * iterations)

    (params, _), values = run(tree.map(jnp.asarray, START))
    assert float(jax_loss(params)) <= value + 1e-13
    np.testing.assert_allclose(tree.ravel(params), best, atol=1e-5)  # the least curvature is 0.002
    assert (np.diff(values) <= 1e-14).all()  # it never climbs
    ours = int(np.argmax(np.asarray(values) < value + 1e-8))
    theirs = _iterations_of_optax(value + 1e-8)
    assert ours <= theirs + 5


def _iterations_of_optax(below):
    opt = optax.lbfgs()

    @jax.jit
    def step(params, state):
        value, grads = optax.value_and_grad_from_state(jax_loss)(params, state=state)
        updates, state = opt.update(grads, state, params, value=value, grad=grads, value_fn=jax_loss)
        return optax.apply_updates(params, updates), state, value

    params = tree.map(jnp.asarray, START)
    state = opt.init(params)
    for k in range(200):
        params, state, value = step(params, state)
        if value < below:
            return k
    raise AssertionError("optax did not arrive")


def test_reaches_the_optimum_of_scipy_on_numpy(optimum):
    _, value, iterations = optimum
    opt, params = optimizers.LBFGS(), START
    state = opt.init(params)
    with jax.enable_x64(True):
        gradient = jax.jit(jax.grad(jax_loss))
        for _ in range(2 * iterations):
            grads = tree.map(np.asarray, gradient(params))
            updates, state = opt.update(grads, state, params, value_fn=logistic)
            params = tree.apply_updates(params, updates)
    assert isinstance(params["W"], np.ndarray)
    assert logistic(params) <= value + 1e-13


def test_converges_in_float32_as_far_as_the_gradient_has_digits(optimum):
    """A search without room for rounding stalls where differences of the loss are noise."""
    best, _, iterations = optimum
    opt = optimizers.LBFGS()
    params = tree.map(lambda p: jnp.asarray(p, jnp.float32), START)
    state = opt.init(params)

    @jax.jit
    def step(params, state):
        value, grads = jax.value_and_grad(jax_loss)(params)
        updates, state = opt.update(grads, state, params, value=value, value_fn=jax_loss)
        return tree.apply_updates(params, updates), state

    for _ in range(2 * iterations):
        params, state = step(params, state)
    assert step._cache_size() == 1
    gradient = tree.global_norm(jax.grad(jax_loss)(params))
    assert float(gradient) < 2e-6
    np.testing.assert_allclose(tree.ravel(params), best, atol=2e-3)


def test_needs_the_loss():
    opt, params = optimizers.LBFGS(), [np.ones(2)]
    with pytest.raises(
        InvalidArgument, match=r"LBFGS: update needs the loss .* value_fn=None\. .*value_fn=loss"
    ):
        opt.update(params, opt.init(params), params)


@pytest.mark.parametrize("field", ["history", "evaluations"])
def test_refuses_counts_below_1(field):
    with pytest.raises(InvalidArgument, match=f"LBFGS: {field} must be a whole number >= 1, got 0"):
        optimizers.LBFGS(**{field: 0})


def test_a_search_that_finds_nothing_moves_nothing_and_forgets():
    opt, params = optimizers.LBFGS(history=2), [np.ones(2)]
    state = opt.init(params)._replace(rho=np.array([0.0, 0.5]), s=np.ones((2, 2)), y=np.ones((2, 2)))
    updates, after = opt.update(params, state, params, value=np.asarray(0.0), value_fn=lambda p: np.nan)
    np.testing.assert_array_equal(updates[0], np.zeros(2))
    np.testing.assert_array_equal(after.rho, np.zeros(2))


finite = st.floats(0.01, 100)


@given(curvature=finite, slope=finite, first=finite)
def test_search_on_a_parabola_keeps_both_conditions(curvature, slope, first):
    value, down, t0 = (np.asarray(v) for v in (1.0, -slope, first))

    def loss(t):
        return value + down * t + curvature * t * t / 2

    t = float(search(loss, value, down, t0, evaluations=40))
    room = 1e-15
    assert value + 0.9 * t * down - room <= loss(t) <= value + 1e-4 * t * down + room


def test_search_counts_what_is_not_finite_as_too_high():
    def cliff(t):
        return np.where(t > 0.5, np.inf, -t)

    t = float(search(cliff, np.asarray(0.0), np.asarray(-1.0), np.asarray(8.0), evaluations=30))
    assert 0 < t <= 0.5


def test_search_stops_at_its_number_of_evaluations_with_the_longest_good_step():
    asked = []

    def line(t):
        asked.append(float(t))
        return -t

    t = float(search(line, np.asarray(0.0), np.asarray(-1.0), np.asarray(1.0), evaluations=4))
    assert asked == [1.0, 10.0, 100.0, 1000.0]
    assert t == 1000.0
