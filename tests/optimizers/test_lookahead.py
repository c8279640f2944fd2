"""Lookahead: when it goes back, where it is evaluated, and what it wraps."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from neuralopt import optimizers, transforms
from neuralopt.core import tree
from neuralopt.core.errors import InvalidArgument
from neuralopt.optimizers import Lookahead, with_learning_rate


def walk(opt, count):
    """Return parameters and slow weights after each of some unit gradients, from 0."""
    params, path = [np.zeros(1)], []
    state = opt.init(params)
    for _ in range(count):
        updates, state = opt.update([-np.ones(1)], state, params)
        params = tree.apply_updates(params, updates)
        path.append((float(params[0][0]), float(opt.evaluation_params(params, state)[0][0])))
    return path


def test_it_goes_back_at_k_and_2k():
    path = walk(Lookahead(optimizers.SGD(1.0), k=3, alpha=0.25), 7)
    assert path == [(1, 0), (2, 0), (0.75, 0.75), (1.75, 0.75), (2.75, 0.75), (1.5, 1.5), (2.5, 1.5)]


def test_timms_first_return_does_nothing():
    path = walk(Lookahead(optimizers.SGD(1.0), k=2, convention="timm"), 4)
    assert path == [(1, 0), (2, 2), (3, 2), (3, 3)]


def test_alpha_may_be_scheduled():
    path = walk(Lookahead(optimizers.SGD(1.0), k=1, alpha=lambda step: 1.0 / (1 + step)), 2)
    assert path == [(1, 1), (1.5, 1.5)]


def test_it_is_evaluated_at_the_slow_weights():
    opt = Lookahead(optimizers.SGD(0.1))
    assert opt.averages
    assert transforms.chain(transforms.ClipByValue(1.0), opt).averages
    params = {"W": jnp.ones((2, 2), jnp.bfloat16)}
    state = opt.init(params)
    assert state.slow["W"].dtype == jnp.float32
    assert opt.evaluation_params(params, state)["W"].dtype == jnp.bfloat16


def test_params_and_state_can_both_be_donated():
    opt = Lookahead(optimizers.SGD(0.1))
    params = {"W": jnp.ones((2, 2))}
    state = opt.init(params)
    step = jax.jit(lambda p, s: opt.update(p, s, p), donate_argnums=(0, 1))
    updates, _ = step(params, state)
    np.testing.assert_allclose(updates["W"], -0.1, rtol=1e-6)


def test_the_registry_sets_the_learning_rate_inside():
    assert optimizers.registered()["lookahead"] is Lookahead
    assert optimizers.get("lookahead", learning_rate=0.1) == Lookahead(optimizers.Adam(0.1))
    assert optimizers.get("Lookahead", k=7, learning_rate=None) == Lookahead(k=7)
    assert with_learning_rate(Lookahead(optimizers.SGD(0.1)), 0.5).learning_rate == 0.5


def test_it_wraps_and_is_wrapped():
    inner = transforms.chain(transforms.ClipByGlobalNorm(1.0), optimizers.LAMB(0.1))
    opt = transforms.FiniteGuard(Lookahead(transforms.DecoupledDecay(inner, 0.1), k=2))
    params = {"W": np.ones((2, 2))}
    state = opt.init(params)
    for _ in range(2):
        updates, state = opt.update(params, state, params)
    assert np.isfinite(updates["W"]).all()
    assert opt.averages
    assert opt.evaluation_params(params, state)["W"].shape == (2, 2)


@pytest.mark.parametrize(
    "inner", [Lookahead(optimizers.SGD(0.1), k=2), optimizers.ScheduleFreeSGD(0.1)], ids=["slow", "free"]
)
def test_an_average_around_it_is_that_of_the_points_of_evaluation(inner):
    opt, params = transforms.EMA(inner, 0.5), {"W": np.ones((2, 2))}
    state, path = opt.init(params), []
    for _ in range(4):
        updates, state = opt.update(params, state, params)
        params = tree.apply_updates(params, updates)
        path.append(inner.evaluation_params(params, state.inner)["W"])
    weights = 0.5 ** np.arange(4)[::-1]
    expected = sum(w * x for w, x in zip(weights, path, strict=True)) / weights.sum()
    np.testing.assert_allclose(opt.evaluation_params(params, state)["W"], expected, rtol=1e-14)


@pytest.mark.parametrize(
    ("make", "text"),
    [
        (lambda: Lookahead(k=0), "Lookahead: k must be a whole number >= 1, got 0."),
        (lambda: Lookahead(k=2.5), "Lookahead: k must be a whole number >= 1, got 2.5."),
        (lambda: Lookahead(alpha=1.5), "Lookahead: alpha must satisfy 0 <= alpha <= 1, got 1.5."),
        (
            lambda: Lookahead(transforms.EMA(optimizers.Adam())),
            "Lookahead changes the updates of EMA, which would then average other parameters than those that are "
            "trained. Wrap the other way round: Lookahead inside, EMA outside.",
        ),
        (
            lambda: Lookahead(transforms.chain(optimizers.ScheduleFreeSGD())),
            "Lookahead changes the updates of Chain, which would then average other parameters than those that are "
            "trained. Leave out one of the two: Chain is evaluated at an average of its own.",
        ),
        (
            lambda: Lookahead(Lookahead()),
            "Lookahead changes the updates of Lookahead, which would then average",
        ),
        (lambda: Lookahead(transforms.ClipByValue(1.0)), "Lookahead wraps an optimizer, got ClipByValue("),
    ],
)
def test_refuses(make, text):
    with pytest.raises(InvalidArgument) as caught:
        make()
    assert str(caught.value).startswith(text)
