"""optax inside neuralopt, and neuralopt inside optax."""

import dataclasses
import re
import sys

import jax
import jax.numpy as jnp
import numpy as np
import optax
import optax.contrib
import pytest

from neuralopt import optimizers
from neuralopt.core import tree
from neuralopt.core.errors import InvalidArgument, MissingDependency
from neuralopt.optimizers import from_optax, get, to_optax
from neuralopt.schedules import Cosine
from neuralopt.testing.problems import example_params, quadratic
from neuralopt.testing.running import descend
from neuralopt.transforms import ClipByGlobalNorm, chain


@pytest.fixture
def params():
    return tree.map(jnp.asarray, example_params(np.float32))


def walk(opt, params, steps=5):
    """Return the parameters after some steps down a quadratic, and the last state."""
    state = opt.init(params)
    for _ in range(steps):
        value, grads = jax.value_and_grad(quadratic)(params)
        updates, state = opt.update(grads, state, params, value=value, value_fn=quadratic)
        params = tree.apply_updates(params, updates)
    return params, state


def walk_optax(tx, params, steps=5):
    state = tx.init(params)
    for _ in range(steps):
        updates, state = tx.update(jax.grad(quadratic)(params), state, params)
        params = optax.apply_updates(params, updates)
    return params, state


def assert_equal(ours, theirs, rtol=1e-6, atol=1e-30):
    for a, b in zip(tree.leaves(ours), tree.leaves(theirs), strict=True):
        # an entry that passes zero is as exact as the largest of its array
        np.testing.assert_allclose(a, b, rtol=rtol, atol=max(atol, rtol / 5 * float(np.abs(b).max())))


@pytest.mark.parametrize("form", ["ready", "factory", "name"])
def test_all_forms_equal_optax(form, params):
    opt = {
        "ready": lambda: from_optax(optax.adabelief(0.01, b1=0.8)),
        "factory": lambda: from_optax(optax.adabelief, learning_rate=0.01, b1=0.8),
        "name": lambda: get("optax.adabelief", learning_rate=0.01, b1=0.8),
    }[form]()
    assert_equal(walk(opt, params)[0], walk_optax(optax.adabelief(0.01, b1=0.8), params)[0])


def test_a_schedule_of_ours_drives_optax(params):
    schedule = Cosine(0.1, 4)
    ours, state = walk(from_optax(optax.sgd, learning_rate=schedule), params)
    theirs, _ = walk_optax(optax.sgd(optax.cosine_decay_schedule(0.1, 4)), params)
    assert_equal(ours, theirs)
    assert float(state.learning_rate) == float(schedule(4))


def test_changing_numbers_compiles_nothing_and_vmap_sweeps(params):
    traces = []

    @jax.jit
    def run(opt):
        traces.append(1)
        return descend(opt, quadratic, params, 3)

    opt = from_optax(optax.adam, learning_rate=0.1, b1=0.9, nesterov=True)
    alone = [float(run(dataclasses.replace(opt, learning_rate=rate))) for rate in (0.1, 0.01)]
    run(dataclasses.replace(opt, hyperparameters={"b1": 0.5}))
    assert len(traces) == 1
    assert dict(opt.options) == {"nesterov": True}
    swept = jax.vmap(lambda rate: run(dataclasses.replace(opt, learning_rate=rate)))(jnp.array([0.1, 0.01]))
    np.testing.assert_allclose(swept, alone, rtol=1e-6)


def test_the_learning_rate_of_a_ready_transformation(params):
    assert np.isnan(from_optax(optax.adam(0.1)).init(params).learning_rate)
    told = from_optax(optax.inject_hyperparams(optax.adam)(learning_rate=0.25))
    assert float(walk(told, params)[1].learning_rate) == 0.25
    ours = from_optax(to_optax(optimizers.SGD(0.125)))
    assert float(walk(ours, params)[1].learning_rate) == 0.125
    assert np.isnan(ours.learning_rate)


def test_a_default_learning_rate_is_taken_and_none_is_left_to_optax(params):
    assert from_optax(optax.contrib.prodigy).learning_rate == 1.0
    assert get("optax.contrib.prodigy").learning_rate == 1.0
    assert np.isnan(from_optax(optax.lbfgs).init(params).learning_rate)


def test_value_and_value_fn_reach_a_line_search(params):
    final = jax.jit(lambda opt: descend(opt, quadratic, params, 12))(from_optax(optax.lbfgs))
    assert float(final) < 1e-6 * float(quadratic(params))


def test_a_line_search_runs_on_numpy(params):
    opt, params = from_optax(optax.scale_by_polyak()), tree.map(np.asarray, params)
    grads = tree.map(np.asarray, jax.grad(quadratic)(params))
    updates, _ = opt.update(grads, opt.init(params), params, value=quadratic(params), value_fn=quadratic)
    assert all(isinstance(u, np.ndarray) for u in tree.leaves(updates))
    factor = quadratic(params) / sum(float((g**2).sum()) for g in tree.leaves(grads))
    np.testing.assert_allclose(updates["bias"], factor * grads["bias"], rtol=1e-6)


def test_numpy_parameters_keep_their_float64():
    params = example_params(np.float64)
    opt = from_optax(optax.adam, learning_rate=0.1)
    updates, state = opt.update(params, opt.init(params), params)
    plain = optimizers.Adam(0.1)
    expected, _ = plain.update(params, plain.init(params), params)
    for ours, theirs in zip(tree.leaves(updates), tree.leaves(expected), strict=True):
        assert isinstance(ours, np.ndarray)
        np.testing.assert_allclose(ours, theirs, rtol=1e-14)
    assert all(isinstance(leaf, np.ndarray) for leaf in tree.leaves(state.inner))


def test_optax_in_a_chain_of_ours(params):
    opt = chain(ClipByGlobalNorm(0.5), from_optax(optax.sgd, learning_rate=0.1))
    theirs = optax.chain(optax.clip_by_global_norm(0.5), optax.sgd(0.1))
    ours, state = walk(opt, params)
    assert_equal(ours, walk_optax(theirs, params)[0])
    assert float(state.learning_rate) == np.float32(0.1)


@pytest.mark.parametrize("cls", optimizers.registered().values())
def test_ours_as_optax_equals_ours(cls, params):
    opt = cls()
    tx = optax.chain(optax.clip(1e9), to_optax(opt))

    @jax.jit
    def run(params):
        def step(carry, _):
            params, state = carry
            value, grads = jax.value_and_grad(quadratic)(params)
            updates, state = tx.update(grads, state, params, value=value, value_fn=quadratic)
            return (optax.apply_updates(params, updates), state), None

        return jax.lax.scan(step, (params, tx.init(params)), None, length=5)[0]

    theirs, state = run(params)
    # a QR decomposition and a search by values multiply the rounding; parameters begin between 1 and 2
    room = {"rtol": 1e-5, "atol": 2e-6} if cls in (optimizers.LBFGS, optimizers.SOAP) else {}
    assert_equal(walk(opt, params)[0], theirs, **room)
    assert float(state[1].learning_rate) == np.float32(opt.learning_rate)


def test_to_optax_ignores_what_others_in_the_chain_want(params):
    tx = optax.chain(to_optax(optimizers.SGD(0.1)), optax.contrib.reduce_on_plateau())
    updates, _ = tx.update(params, tx.init(params), params, value=jnp.asarray(1.0))
    np.testing.assert_allclose(updates["bias"], -0.1 * params["bias"], rtol=1e-6)


def wanted(text):
    return pytest.raises(InvalidArgument, match=re.escape(text))


@pytest.mark.parametrize(
    ("call", "text"),
    [
        (
            lambda: from_optax(optax.adam(0.1), learning_rate=0.1, b1=0.5),
            "from_optax: learning_rate, b1 given beside a transformation that is already made. Give",
        ),
        (
            lambda: from_optax(optax.adam),
            "adam of optax needs 'learning_rate': from_optax(adam, learning_rate=...).",
        ),
        (
            lambda: from_optax(optax.adam, learning_rate=0.1, beta1=0.5, b3=1),
            "2 problems:\n  - adam of optax has no hyperparameter 'beta1'.",
        ),
        (
            lambda: from_optax(optax.adam, learning_rate=0.1, esp=0.5),
            "adam of optax has no hyperparameter 'esp'. Did you mean 'eps'? It has: learning_rate, b1, b2,",
        ),
        (lambda: from_optax(optax.adam, learning_rate=-0.1), "learning_rate must satisfy 0 <= learning_rate"),
        (
            lambda: from_optax(3),
            "from_optax takes an optax transformation or a factory of one, got 3 of type int.",
        ),
        (lambda: from_optax(optimizers.GD(0.5)), "this is already ours: GD(learning_rate=0.5)."),
        (
            lambda: from_optax(optax.constant_schedule, value=1.0),
            "does not make an optax.GradientTransformation",
        ),
        (lambda: to_optax(optax.adam(0.1)), "to_optax takes an optimizer or transform of neuralopt, got"),
        (
            lambda: to_optax(optimizers.GD()).update([np.ones(2)], None),
            "GD: update needs the parameters, got params=None. Call update(grads, state, params).",
        ),
    ],
)
def test_what_is_refused(call, text):
    with wanted(text):
        call()


@pytest.mark.parametrize("call", [lambda: from_optax(optax.adam(0.1)), lambda: to_optax(optimizers.GD())])
def test_without_optax(monkeypatch, call):
    monkeypatch.setitem(sys.modules, "optax", None)
    with pytest.raises(MissingDependency, match=re.escape('Install it with: pip install "neuralopt[optax]"')):
        call()


@pytest.mark.filterwarnings(
    "ignore:Specifying a key will be required"
)  # optax's word on what is refused here
def test_a_state_with_random_keys_is_refused():
    noisy = from_optax(optax.noisy_sgd, learning_rate=0.1)
    with pytest.raises(InvalidArgument, match=r"optax keeps a random key in this .*AnnealedNoise"):
        noisy.init({"w": jnp.ones(2)})


def test_a_factory_is_shown_as_the_call_that_makes_it():
    assert repr(get("optax.sgd", learning_rate=0.1, momentum=0.9)) == (
        "from_optax(sgd, learning_rate=0.1, momentum=0.9)"
    )
    assert repr(get("optax.sgd", learning_rate=0.1)) == "from_optax(sgd, learning_rate=0.1)"
