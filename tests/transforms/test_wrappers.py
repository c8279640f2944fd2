"""Accumulation, cautious updates and averages, each against another way to compute it."""

import itertools

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from hypothesis import given
from hypothesis import strategies as st

from neuralopt.core import tree
from neuralopt.core.errors import InvalidArgument
from neuralopt.optimizers import LBFGS, SGD, Adam
from neuralopt.schedules import Cosine
from neuralopt.testing.problems import example_grads, example_params
from neuralopt.testing.running import same
from neuralopt.transforms import (
    EMA,
    Accumulate,
    Cautious,
    ClipByGlobalNorm,
    DecoupledDecay,
    FiniteGuard,
    Transform,
    chain,
    partition,
)


def follow(opt, params, stream, values=None):
    state, path = opt.init(params), [params]
    for k, grads in enumerate(stream):
        updates, state = opt.update(grads, state, params, value=None if values is None else values[k])
        params = tree.apply_updates(params, updates)
        path.append(params)
    return path, state


def close(ours, theirs, rtol=1e-12):
    for a, b in zip(tree.leaves(ours), tree.leaves(theirs), strict=True):
        np.testing.assert_allclose(a, b, rtol=rtol)


@given(st.integers(1, 5), st.integers(0, 3))
def test_accumulated_batches_are_one_big_batch(steps, rest):
    opt = Accumulate(chain(ClipByGlobalNorm(1.0), Adam(Cosine(0.1, 4))), steps)
    stream = example_grads(3 * steps + min(rest, steps - 1))
    means = [tree.map(lambda *g: sum(g) / steps, *stream[k : k + steps]) for k in range(0, 3 * steps, steps)]
    path, state = follow(opt, example_params(), stream)
    big, inner = follow(opt.optimizer, example_params(), means)
    close(path[-1], big[-1])
    assert float(state.learning_rate) == float(inner.learning_rate)
    assert int(state.gathered) == len(stream) % steps
    for k in range(len(stream)):
        assert same(path[k], path[k + 1]) is ((k + 1) % steps != 0)


def test_accumulation_equals_optax():
    ours = Accumulate(Adam(0.1), 3)
    with jax.enable_x64(True):
        theirs = optax.MultiSteps(optax.adam(0.1), 3, accumulator_dtype=jnp.float64)
        params = jax.tree.map(jnp.asarray, example_params())
        state, step = theirs.init(params), jax.jit(theirs.update)
        path, _ = follow(ours, example_params(), example_grads(7))
        for k, grads in enumerate(example_grads(7)):
            updates, state = step(grads, state, params)
            params = optax.apply_updates(params, updates)
            close(path[k + 1], params)


class Tell(Transform):
    """An optimizer that keeps the loss it was told."""

    stage = "optimizer"

    def init(self, params):
        return Told(np.asarray(0.0), np.asarray(-1.0))

    def update(self, grads, state, params, *, value=None, value_fn=None):
        assert value_fn is None
        return tree.map(np.zeros_like, grads), Told(state.learning_rate, np.asarray(value))


class Told(tuple):
    learning_rate = property(lambda self: self[0])

    def __new__(cls, *parts):
        return super().__new__(cls, parts)


jax.tree_util.register_pytree_node(Told, lambda told: (tuple(told), None), lambda _, parts: Told(*parts))


@pytest.mark.parametrize(
    "inner",
    [
        LBFGS(),
        chain(ClipByGlobalNorm(1.0), LBFGS()),
        FiniteGuard(LBFGS()),
        partition(Adam(), rest=("all", LBFGS())),
    ],
    ids=lambda opt: type(opt).__name__,
)
def test_a_line_search_cannot_be_accumulated(inner):
    with pytest.raises(
        InvalidArgument, match="makes a line search, which asks for the loss at other parameters"
    ):
        Accumulate(inner, 2)


def test_the_mean_loss_is_handed_on():
    _, state = follow(Accumulate(Tell(), 2), example_params(), example_grads(5), [1.0, 2.0, 4.0, 7.0, 9.0])
    assert float(state.inner[1]) == 5.5
    assert float(state.value) == 9.0


def test_the_number_of_gradients_can_be_scheduled():
    """One gradient for the first steps, then three."""
    opt = Accumulate(SGD(0.1), lambda seen: np.where(seen < 2, 1, 3))
    path, _ = follow(opt, example_params(), example_grads(8))
    assert [not same(a, b) for a, b in itertools.pairwise(path)] == [True, True] + 2 * [False, False, True]


def test_sums_of_sixteen_bit_gradients_do_not_stall():
    params = [np.zeros(1, jnp.bfloat16)]
    path, _ = follow(Accumulate(SGD(1.0), 1000), params, [[np.ones(1, jnp.bfloat16)]] * 1000)
    assert float(path[-1][0][0]) == -1.0


@pytest.mark.parametrize("convention", ["official", "paper"])
def test_cautious_adam_equals_a_loop(convention):
    params = np.random.default_rng(0).normal(size=(6, 4))
    stream = [np.random.default_rng(k).normal(size=(6, 4)) for k in range(1, 101)]
    m, v, p = np.zeros_like(params), np.zeros_like(params), params
    for t, g in enumerate(stream, start=1):
        m, v = 0.9 * m + 0.1 * g, 0.999 * v + 0.001 * g * g
        agree = (m * g > 0).astype(float)
        scale = 1 / max(agree.mean(), 1e-3) if convention == "official" else agree.size / (agree.sum() + 1)
        p = p - 0.01 * scale * agree * (m / (1 - 0.9**t)) / (np.sqrt(v / (1 - 0.999**t)) + 1e-8)
    path, _ = follow(Cautious(Adam(0.01), convention), [params], [[g] for g in stream])
    np.testing.assert_allclose(path[-1][0], p, rtol=1e-12)


@given(st.lists(st.tuples(st.floats(-1, 1), st.floats(-1, 1)), min_size=1, max_size=6))
def test_a_cautious_step_never_goes_uphill(pairs):
    first, second = ([np.array([pair[k] for pair in pairs])] for k in (0, 1))
    opt = Cautious(SGD(0.1, momentum=0.9))
    _, state = opt.update(first, opt.init(first), first)
    updates, _ = opt.update(second, state, first)
    assert (updates[0] * second[0] <= 0).all()


def test_cautious_compares_signs_where_the_product_would_vanish():
    grads = [np.array([1e-30, -1e-30], np.float32)]
    updates = follow(Cautious(SGD(1e-10)), [np.zeros(2, np.float32)], [grads])[0][-1][0]
    np.testing.assert_allclose(updates, [-1e-40, 1e-40], rtol=1e-4)


def test_decay_outside_of_cautious_is_not_masked():
    params, still = [np.ones((2, 2))], [np.zeros((2, 2))]
    outside = follow(DecoupledDecay(Cautious(SGD(0.1)), 0.5), params, [still])[0][-1]
    np.testing.assert_allclose(outside[0], 0.95 * params[0], rtol=1e-15)


def averages(opt, count):
    state, params, out = opt.init(example_params()), example_params(), []
    for grads in example_grads(count):
        updates, state = opt.update(grads, state, params)
        params = tree.apply_updates(params, updates)
        out.append((params, opt.evaluation_params(params, state)))
    return out


@given(st.floats(0, 0.9999))
def test_the_average_in_closed_form(decay):
    reached = averages(EMA(Adam(0.1), decay), 6)
    for t in range(1, 7):
        weights = np.array([decay ** (t - k) for k in range(1, t + 1)])
        expected = tree.map(
            lambda *p, w=weights: sum(a * b for a, b in zip(w, p, strict=True)) / w.sum(),
            *[p for p, _ in reached[:t]],
        )
        close(reached[t - 1][1], expected, rtol=1e-11)


def test_the_average_equals_optax():
    biased, debiased = averages(EMA(Adam(0.1), 0.9, debias=False), 8), averages(EMA(Adam(0.1), 0.9), 8)
    with jax.enable_x64(True):
        mean = jax.tree.map(jnp.asarray, example_params())
        ema = optax.ema(0.9)
        state, step = ema.init(mean), jax.jit(ema.update)
        for (params, ours), (_, corrected) in zip(biased, debiased, strict=True):
            mean = optax.incremental_update(params, mean, 0.1)
            close(ours, mean)
            theirs, state = step(params, state)
            close(corrected, theirs)


def test_a_scheduled_decay_weighs_as_it_says():
    reached = averages(EMA(SGD(0.1), lambda step: step / (1 + step)), 5)  # the plain mean
    expected = tree.map(lambda *p: sum(p) / 5, *[p for p, _ in reached])
    close(reached[-1][1], expected)


def test_training_is_that_without_the_average():
    opt = EMA(Adam(0.1))
    assert opt.averages
    assert not Adam().averages
    params = example_params()
    assert same(opt.evaluation_params(params, opt.init(params)), params)
    assert same(follow(opt, params, example_grads(4))[0], follow(Adam(0.1), params, example_grads(4))[0])


def test_the_average_of_sixteen_bit_parameters_is_kept_in_float32():
    params = [np.ones(2, jnp.bfloat16)]
    opt = EMA(SGD(1.0), 0.999, debias=False)
    path, state = follow(opt, params, [[np.full(2, -0.5, jnp.bfloat16)]] + 99 * [[np.zeros(2, jnp.bfloat16)]])
    assert state.average[0].dtype == np.float32
    np.testing.assert_allclose(state.average[0], 1.5 - 0.5 * 0.999**100, rtol=1e-5)
    assert opt.evaluation_params(path[-1], state)[0].dtype == jnp.bfloat16


def test_the_average_leaves_out_what_a_guard_skips_and_counts_steps_of_an_accumulation():
    bad = tree.map(lambda g: g * np.nan, example_grads(1)[0])
    guarded = FiniteGuard(EMA(Adam(0.1), 0.5))
    path, state = follow(guarded, example_params(), [*example_grads(2), bad])
    plain, inner = follow(EMA(Adam(0.1), 0.5), example_params(), example_grads(2))
    assert guarded.averages
    assert same(
        guarded.evaluation_params(path[-1], state), EMA(Adam(), 0.5).evaluation_params(plain[-1], inner)
    )
    _, state = follow(Accumulate(EMA(Adam(0.1)), 2), example_params(), example_grads(5))
    assert int(state.inner.count) == 2
