"""The network's gradients and modes, against finite differences, autodiff and the plain loop."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from neuralopt import train
from neuralopt.core import tree
from neuralopt.core.errors import InvalidArgument
from neuralopt.joint.alignment import affine, real_head
from neuralopt.joint.alternating import by_alternation, refit
from neuralopt.joint.base import Base
from neuralopt.joint.implicit import implicit_loss
from neuralopt.joint.neighbours import find_neighbours, neighbour_targets
from neuralopt.joint.projection import Projected
from neuralopt.joint.record import Record
from neuralopt.joint.training import MODES, Real, train_base
from neuralopt.joint.variable_projection import features_of, start
from neuralopt.models import MLP, SquaredError
from neuralopt.neighbors import SimilarityLookup
from neuralopt.optimizers import Adam
from neuralopt.readout import fit, solve


@pytest.fixture
def rows():
    random = np.random.default_rng(0)
    X = random.normal(size=(40, 2))
    return X, np.stack([np.sin(2 * X[:, 0]), X[:, 0] * X[:, 1]], axis=1)


def differences(function, x, step=1e-6):
    """Return central finite differences of a scalar function."""
    return np.array([(function(x + step * e) - function(x - step * e)) / (2 * step) for e in np.eye(len(x))])


def test_projected_gradient_is_that_of_finite_differences(rows):
    X, Y = rows
    network, top = features_of(MLP((2, 5, 4, 2))), Projected(1e-3)
    like = start(MLP((2, 5, 4, 2)), 0)[:-1]
    x = tree.ravel(like)

    def value(at):
        return network.value_and_grad(tree.unravel(at, like), X, Y, top)[0]

    _, grads = network.value_and_grad(like, X, Y, top)
    expected = differences(value, x)
    np.testing.assert_allclose(tree.ravel(grads), expected, rtol=1e-6, atol=1e-7 * abs(expected).max())


def test_envelope_gradient_is_the_gradient_through_the_solve(rows, x64):
    X, Y = rows
    H = np.tanh(X @ np.random.default_rng(1).normal(size=(2, 6)))

    def through(H):
        W, b = fit(H, jnp.asarray(Y), 0.1)
        return (jnp.sum((Y - H @ W - b[None, :]) ** 2) + 0.1 * jnp.sum(W**2)) / Y.size

    value, gradient = Projected(0.1).value_and_gradient(H, Y)
    assert float(through(H)) == pytest.approx(value, rel=1e-12)
    np.testing.assert_allclose(gradient, jax.grad(through)(jnp.asarray(H)), atol=1e-12)


@pytest.mark.parametrize("sizes", [(2, 5, 2), (2, 4, 3, 2)])
def test_slopes_and_tangents_are_those_of_finite_differences(sizes):
    base = Base(MLP(sizes), start(MLP(sizes), 0))
    X = np.random.default_rng(0).normal(size=(3, 2))
    slopes = [[differences(lambda x, k=k: base.predict(x[None])[0, k], x) for k in range(2)] for x in X]
    np.testing.assert_allclose(base.slopes(X), slopes, atol=1e-8)
    flat = tree.ravel(base.params)

    def outputs(p, k):
        return Base(base.mlp, tree.unravel(p, base.params)).predict(X)[:, k]

    steps = 1e-6 * np.eye(len(flat))
    expected = [[(outputs(flat + e, k) - outputs(flat - e, k)) / 2e-6 for e in steps] for k in range(2)]
    np.testing.assert_allclose(base.tangents(X), np.vstack(expected).T, atol=1e-8)


def test_alternating_without_alignment_is_plain_training_and_a_solve(rows):
    X, Y = rows
    mlp = MLP((2, 6, 2))
    base = Base(mlp, mlp.init(0))
    nothing = np.zeros_like(Y), np.zeros(len(X)), 1.0
    found, _ = by_alternation(
        base, X, Y, loss=SquaredError(), weights=(10.0, 0.0), aim=lambda base: nothing, optimizer=Adam(0.01),
        epochs=4, batch_size=10, refit_every=2, reg_lambda=0.1, seed=3, record=Record(None, (10.0, 0.0)),
    )  # fmt: skip
    for seed in (3, 5):
        plain = train(
            mlp, (X, Y), params=base.params, optimizer=Adam(0.01), epochs=2, batch_size=10, seed=seed
        )
        hidden = [tuple(np.float64(a) for a in layer) for layer in plain.params[:-1]]
        H = np.tanh(X @ hidden[0][0] + hidden[0][1])
        readout = solve(H, Y, 0.1)
        base = Base(mlp, [*hidden, (readout.weights, readout.bias)])
    np.testing.assert_allclose(found.predict(X), base.predict(X), atol=2e-5)


def test_refit_minimises_both_terms(rows):
    X, Y = rows
    base = Base(MLP((2, 5, 2)), start(MLP((2, 5, 2)), 0))
    random = np.random.default_rng(2)
    t, c, rho, penalty = random.normal(size=Y.shape), random.random(len(X)), 0.7, 0.3
    found = refit(base, X, Y, (t, c, rho), (10.0, 1.0), penalty)
    H = base.features(X)

    def loss(x):
        W, b = x[:-2].reshape(5, 2), x[-2:]
        f = H @ W + b
        terms = 10 * np.sum((f - Y) ** 2) + np.sum(c[:, None] * (rho * f - t) ** 2)
        return terms / 11 + penalty * np.sum(W**2)

    x = np.concatenate([found.weights.ravel(), found.bias])
    assert abs(differences(loss, x)).max() < 1e-6 * loss(x)


def test_implicit_gradient_is_that_of_finite_differences(rows, x64):
    X, Y = rows
    network, like = features_of(MLP((2, 4, 2))), start(MLP((2, 4, 2)), 0)[:-1]
    random = np.random.default_rng(1)
    R = random.normal(size=(9, 2))
    data = (X, Y, R, np.sin(R), np.linspace(0.5, 1, 9), random.normal(size=Y.shape), random.random(len(X)))
    weights = (0.7, 0.2, 0.1)

    @jax.jit
    def loss(x):
        return implicit_loss(tree.unravel(x[:-1], like), x[-1], data, weights, network)

    x = jnp.append(jnp.asarray(tree.ravel(like)), -1.0)
    expected = differences(lambda at: float(loss(jnp.asarray(at))), np.asarray(x), 1e-5)
    np.testing.assert_allclose(jax.grad(loss)(x), expected, rtol=1e-6, atol=1e-6 * abs(expected).max())


def test_neighbours_of_a_linear_truth_say_the_truth():
    random = np.random.default_rng(0)
    X_sim, X_real = random.random((50, 2)), random.random((30, 2))
    slope, identity = np.array([[2.0], [-1.0]]), MLP((2, 2, 1), "identity")
    base = Base(identity, [(np.eye(2), np.zeros(2)), (slope, np.zeros(1))])
    lookup = SimilarityLookup(k_neighbors=4).fit(X_real, 3 * X_real @ slope + 1)
    near = find_neighbours(lookup, X_sim)
    scale = affine(base.predict(X_real), 3 * X_real @ slope + 1)
    assert scale.rho == pytest.approx(3)
    np.testing.assert_allclose(
        neighbour_targets(near, lookup, base, scale, X_sim), 3 * X_sim @ slope + 1, atol=1e-10
    )


def test_real_head_with_much_penalty_is_the_scaled_simulator():
    base = Base(MLP((2, 5, 1)), start(MLP((2, 5, 1)), 0))
    X = np.random.default_rng(0).normal(size=(20, 2))
    head = real_head(base, X, 2 * base.predict(X) + 1, 1e9)
    np.testing.assert_allclose(head.weights, 2 * base.weights, rtol=1e-6)
    assert head.error < 1e-6


@pytest.mark.parametrize("mode", MODES)
def test_modes_learn_and_write_their_history(mode, rows):
    X, Y = rows
    R = X[:8] * 0.9
    lookup = SimilarityLookup(k_neighbors=3).fit(R, Y[:8] + 0.1)
    real = Real(R, Y[:8] + 0.1, np.ones(8), lookup)
    trained = train_base(X, Y, hidden=(8,), mode=mode, epochs=20, real=real)
    error = np.mean((trained.base.predict(X) - Y) ** 2) / np.var(Y)
    assert error < 0.6 if mode == "alternating" else error < 0.05
    assert list(trained.history) == [
        "loss", "alignment_error", "supervised_loss", "ridge_lambda", "dof", "learning_rate", "epoch_time",
    ]  # fmt: skip
    assert trained.history.epochs == 20
    assert all(np.isfinite(trained.history[name]).all() for name in trained.history)


def test_projection_by_an_optimizer_of_the_library(rows):
    X, Y = rows
    trained = train_base(X, Y, hidden=(8,), optimizer="adam", learning_rate=0.02, epochs=60)
    losses = trained.history["loss"]
    assert losses[-1] < 0.2 * losses[0]


def test_noise_ends_the_descent_before_it_is_learnt():
    random = np.random.default_rng(0)
    X = random.normal(size=(200, 2))
    y = np.sin(X[:, :1]) + 0.5 * random.standard_normal((200, 1))
    trained = train_base(X, y, hidden=(32,), epochs=1000)
    fresh = random.normal(size=(500, 2))
    assert trained.settled
    assert trained.history.epochs < 400
    assert np.sqrt(np.mean((trained.base.predict(fresh) - np.sin(fresh[:, :1])) ** 2)) < 0.35


def test_an_unknown_mode_is_answered_with_the_nearest(rows):
    with pytest.raises(InvalidArgument, match=r"got 'implict'\. Did you mean 'implicit'\?"):
        train_base(*rows, mode="implict")
