"""The finite guard: what is skipped, what is counted, and when it says that a run has diverged."""

import re

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from hypothesis import given
from hypothesis import strategies as st

from neuralopt.core import tree
from neuralopt.core.errors import InvalidArgument
from neuralopt.optimizers import SGD, Adam
from neuralopt.schedules import Constant
from neuralopt.testing import optimizer_checks
from neuralopt.testing.running import same
from neuralopt.transforms import ClipByGlobalNorm, DecoupledDecay, FiniteGuard, chain

FORMS = {
    "adam": FiniteGuard(Adam(0.05)),
    "chain": FiniteGuard(chain(ClipByGlobalNorm(1.0), SGD(0.05, momentum=0.9)), max_in_a_row=Constant(3)),
}
PARAMS = {"W": np.array([[1.0, -0.0], [0.0, 2.0]]), "b": np.array([-3.0])}


@pytest.mark.parametrize("check", optimizer_checks(), ids=lambda check: check.__name__)
@pytest.mark.parametrize("form", FORMS)
def test_contract(check, form):
    check(FORMS[form])


def gradient(size, bad=None):
    return {"W": np.array([[size, 0.5], [size, bad or 0.1]]), "b": np.array([0.3])}


def follow(opt, stream, values=None, params=PARAMS):
    state = opt.init(params)
    for k, grads in enumerate(stream):
        value = None if values is None else values[k]
        updates, state = opt.update(grads, state, params, value=value)
        params = tree.apply_updates(params, updates)
    return params, state


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_a_skipped_step_changes_no_bit(bad):
    opt = FiniteGuard(Adam(0.1))
    before, state = follow(opt, [gradient(1.0)])
    before = {**before, "b": np.array([-0.0])}
    updates, after = opt.update(gradient(1.0, bad), state, before)
    assert same(tree.apply_updates(before, updates), before)
    assert same(after.inner, state.inner)
    assert (int(after.count), int(after.skipped), int(after.in_a_row)) == (2, 1, 1)


@pytest.mark.parametrize("value", [np.nan, np.float32(np.inf), float("-inf")])
def test_a_loss_that_is_not_finite_skips_as_well(value):
    opt = FiniteGuard(SGD(0.1))
    params, state = follow(opt, [gradient(1.0)] * 2, [value, 1.0])
    assert same(params, follow(SGD(0.1), [gradient(1.0)])[0])
    assert int(state.skipped) == 1


@given(st.lists(st.sampled_from([None, np.nan, np.inf]), min_size=1, max_size=8))
def test_guarded_is_the_stream_without_the_bad_steps(kinds):
    stream = [gradient(k + 1.0, bad) for k, bad in enumerate(kinds)]
    params, state = follow(FiniteGuard(Adam(0.1)), stream)
    plain, inner = follow(Adam(0.1), [g for g, bad in zip(stream, kinds, strict=True) if bad is None])
    assert same(params, plain)
    assert same(state.inner, inner)
    assert int(state.skipped) == sum(bad is not None for bad in kinds)


def test_counts_and_updates_are_those_of_optax():
    stream = [gradient(1.0, bad) for bad in (None, np.nan, np.inf, None, np.nan, None)]
    ours = FiniteGuard(Adam(0.1), max_in_a_row=3)
    theirs = optax.apply_if_finite(optax.adam(0.1), 3)
    with jax.enable_x64(True):
        params, state = jax.tree.map(jnp.asarray, PARAMS), theirs.init(jax.tree.map(jnp.asarray, PARAMS))
        step = jax.jit(theirs.update)
        here, kept = PARAMS, ours.init(PARAMS)
        for grads in stream:
            updates, state = step(grads, state, params)
            params = optax.apply_updates(params, updates)
            updates, kept = ours.update(grads, kept, here)
            here = tree.apply_updates(here, updates)
            assert int(kept.in_a_row) == int(state.notfinite_count)
            assert int(kept.skipped) == int(state.total_notfinite)
        for name, leaf in here.items():
            np.testing.assert_allclose(leaf, params[name], rtol=1e-12, atol=1e-15)


def test_diverged_after_so_many_in_a_row_and_not_before():
    opt = chain(ClipByGlobalNorm(1.0), DecoupledDecay(FiniteGuard(SGD(0.1), max_in_a_row=2), 0.0))
    good, bad = gradient(1.0), gradient(1.0, np.nan)
    assert opt.guards
    for stream, expected, skipped in (
        ([], False, 0),
        ([bad], False, 1),
        ([bad, good, bad], False, 2),
        ([bad, bad], True, 2),
        ([bad, bad, good], True, 2),
        ([bad, bad, good, bad], True, 3),
        ([bad, good, bad, bad, good, good], True, 3),
    ):
        _, state = follow(opt, stream)
        assert bool(opt.diverged(state)) is expected
        assert int(opt.skipped(state)) == skipped


def test_without_a_guard_nothing_is_skipped():
    opt = chain(ClipByGlobalNorm(1.0), DecoupledDecay(SGD(0.1), 0.0))
    state = opt.init(PARAMS)
    assert (opt.guards, opt.skipped(state), opt.diverged(state)) == (False, 0, False)


def test_under_vmap_each_run_is_guarded_alone():
    opt = FiniteGuard(SGD(0.5), max_in_a_row=1)

    def run(grad):
        params = [jnp.ones(2)]
        updates, state = opt.update([jnp.stack([grad, grad])], opt.init(params), params)
        return tree.apply_updates(params, updates)[0], opt.diverged(state)

    params, diverged = jax.jit(jax.vmap(run))(jnp.array([1.0, jnp.nan]))
    np.testing.assert_array_equal(params, [[0.5, 0.5], [1.0, 1.0]])
    assert diverged.tolist() == [False, True]


@pytest.mark.parametrize(
    ("make", "text"),
    [
        (lambda: FiniteGuard(ClipByGlobalNorm(1.0)), "FiniteGuard wraps an optimizer, got ClipByGlobalNorm("),
        (lambda: FiniteGuard(SGD(), 0), "FiniteGuard: max_in_a_row must satisfy 1 <= max_in_a_row, got 0.0."),
        (
            lambda: FiniteGuard(SGD(), 1.5),
            "FiniteGuard: max_in_a_row must be a whole number, got 1.5.",
        ),
    ],
)
def test_what_is_refused(make, text):
    with pytest.raises(InvalidArgument, match=re.escape(text)):
        make()
