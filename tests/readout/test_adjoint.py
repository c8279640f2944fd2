"""Gradients by hand against finite differences and against autodiff."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from tests.readout.problems import SHAPES, problem, relative

from neuralopt.readout import fit, leave_one_out, loo_gradient, loo_loss, solve, solve_adjoint

NAMES = ("H", "Y", "weights", "lam", "prior")


def arguments(shape, zeros=False):
    p = problem(*shape)
    weights = np.where(np.arange(shape[0]) == 1, 0.0, p.weights) if zeros else p.weights
    return {"H": p.H, "Y": p.Y, "weights": weights, "lam": 0.7, "prior": p.prior}


def differences(loss, given, name, h=1e-5):
    """Central differences of fourth order in every entry of one argument."""
    at = np.asarray(given[name], dtype=float)
    found = np.empty(at.shape)
    for index in np.ndindex(at.shape):
        values = []
        for step in (-2, -1, 1, 2):
            moved = at.copy()
            moved[index] += step * h
            values.append(loss(**{**given, name: moved}))
        found[index] = (values[0] - 8 * values[1] + 8 * values[2] - values[3]) / (12 * h)
    return found


def loss_of_readout(given, bias, shape):
    random = np.random.default_rng(5)
    _, m, k = shape
    dW, db = random.normal(size=(m, k)), random.normal(size=k)

    def loss(H, Y, weights, lam, prior, solver=fit):
        W, b = solver(H, Y, lam, weights, prior, bias)[:2]
        return (dW * W).sum() + (db * b).sum()

    return loss, solve_adjoint(**given, dW=dW, db=db, bias=bias)


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("shape", SHAPES)
def test_adjoint_against_differences_and_autodiff(shape, bias, x64):
    given = arguments(shape)
    loss, found = loss_of_readout(given, bias, shape)
    automatic = jax.jit(jax.grad(lambda a: loss(**a)))({k: jnp.asarray(v) for k, v in given.items()})
    for name in NAMES:
        assert relative(getattr(found, name), differences(loss, given, name)) <= 1e-6, name
        assert relative(automatic[name], getattr(found, name)) <= 1e-10, name


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("shape", SHAPES)
def test_loo_gradient_against_differences_and_autodiff(shape, bias, x64):
    given = arguments(shape)
    found = loo_gradient(**given, bias=bias)

    def loss(H, Y, weights, lam, prior):
        return loo_loss(H, Y, lam, weights, prior, bias)

    automatic = jax.jit(jax.grad(lambda a: loss(**a)))({k: jnp.asarray(v) for k, v in given.items()})
    for name in NAMES:
        assert relative(getattr(found, name), differences(loss, given, name)) <= 1e-6, name
        assert relative(automatic[name], getattr(found, name)) <= 1e-10, name


@pytest.mark.parametrize("shape", SHAPES)
def test_gradients_are_right_at_rows_of_weight_zero(shape, x64):
    given = arguments(shape, zeros=True)
    by_hand = loo_gradient(**given)

    def loss(a):
        return loo_loss(a["H"], a["Y"], a["lam"], a["weights"], a["prior"])

    automatic = jax.jit(jax.grad(loss))({k: jnp.asarray(v) for k, v in given.items()})
    for name in NAMES:
        assert relative(automatic[name], getattr(by_hand, name)) <= 1e-10, name


def test_envelope_theorem(x64):
    """On the loss that the readout minimises the solve adds nothing to plain backpropagation."""
    p = problem(20, 4, 2)

    def penalised(H, W, b):
        return jnp.sum((p.Y - H @ W - b[None, :]) ** 2) + 0.7 * jnp.sum(W**2)

    H = jnp.asarray(p.H)
    whole = jax.grad(lambda H: penalised(H, *fit(H, jnp.asarray(p.Y), 0.7)))(H)
    plain = jax.grad(lambda H: penalised(H, *jax.lax.stop_gradient(fit(H, jnp.asarray(p.Y), 0.7))))(H)
    assert relative(whole, np.asarray(plain)) <= 1e-10


def test_without_a_gradient_for_the_bias_it_counts_as_zero():
    p = problem(9, 3, 1)
    ours = solve_adjoint(p.H, p.Y[:, 0], 0.5, np.ones(3))
    theirs = solve_adjoint(p.H, p.Y, 0.5, np.ones((3, 1)), np.zeros(1))
    np.testing.assert_array_equal(ours.H, theirs.H)


def test_forward_mode_works_too(x64):
    p = problem(10, 3, 1)

    def residuals(lam):
        return leave_one_out(jnp.asarray(p.H), jnp.asarray(p.Y), lam).residuals

    _, slope = jax.jvp(residuals, (0.5,), (1.0,))
    ahead, behind = (leave_one_out(p.H, p.Y, lam).residuals for lam in (0.5 + 1e-5, 0.5 - 1e-5))
    assert relative(slope, (ahead - behind) / 2e-5) <= 1e-6


def test_the_adjoint_is_that_of_solve():
    given = arguments((8, 20, 2))
    loss, found = loss_of_readout(given, True, (8, 20, 2))
    wanted = differences(lambda **a: loss(**a, solver=solve), given, "Y")
    assert relative(found.Y, wanted) <= 1e-6
