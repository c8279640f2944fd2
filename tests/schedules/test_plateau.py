"""Reduce-on-plateau against torch, behind a warm-up, and across a stop at every step."""

import io

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from neuralopt.core import tree
from neuralopt.optimizers import SGD
from neuralopt.schedules import (
    Constant,
    Cosine,
    ReduceOnPlateau,
    Warmup,
    feedback_init,
    feedback_observe,
    scheduled,
    settle,
)

figures = st.lists(
    st.one_of(
        st.floats(-2, 2, width=32),
        st.sampled_from([0.5, 0.5, 0.49, 1.0, float("nan"), float("inf"), float("-inf")]),
    ),
    max_size=40,
)
settings = st.fixed_dictionaries(
    {
        "factor": st.sampled_from([0.1, 0.5, 0.9]),
        "patience": st.integers(0, 4),
        "threshold": st.sampled_from([0.0, 1e-4, 0.1]),
        "threshold_mode": st.sampled_from(["rel", "abs"]),
        "cooldown": st.integers(0, 3),
        "mode": st.sampled_from(["min", "max"]),
    }
)


# better and worse by less than the threshold, by more, and on both sides of zero
RELATIVE = {"factor": 0.5, "patience": 0, "threshold": 0.1, "threshold_mode": "rel", "cooldown": 0}
NEARLY = [1.0, 0.95, 0.89, 0.93, 1.05, 1.2, -1.0, -0.95, -1.05, -1.2, -0.8]


def rates(schedule, metrics, step=0):
    """Return the rate after each figure."""
    states, found = feedback_init(schedule), []
    for metric in metrics:
        states = feedback_observe(schedule, states, metric)
        found.append(float(settle(schedule, states)(step)))
    return found


@given(settings, figures, st.sampled_from([0.0, 0.02, 0.5]))
@example(RELATIVE | {"mode": "max"}, NEARLY, 0.0)
@example(RELATIVE | {"mode": "min"}, NEARLY, 0.0)
@example(RELATIVE | {"mode": "max", "threshold_mode": "abs"}, NEARLY, 0.0)
@example(RELATIVE | {"mode": "min", "threshold_mode": "abs"}, NEARLY, 0.0)
def test_counts_as_torch_does(torch, options, metrics, least):
    ours = ReduceOnPlateau(0.3, min_value=least, **options)
    optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=0.3)
    scheduler = torch.optim.lr_scheduler.ReduceLROnPlateau(optimizer, min_lr=least, eps=0.0, **options)
    expected, states = [], feedback_init(ours)
    for metric in metrics:
        scheduler.step(metric)
        expected.append(optimizer.param_groups[0]["lr"])
        states = feedback_observe(ours, states, metric)
        told = states[0].best, states[0].bad, states[0].cooling
        theirs = scheduler.best, scheduler.num_bad_epochs, scheduler.cooldown_counter
        np.testing.assert_array_equal(told, theirs)
    np.testing.assert_allclose(rates(ours, metrics), expected, rtol=1e-14)


def saved_and_loaded(state):
    """Return a state after a way through a file."""
    loaded = []
    for leaf in tree.leaves(state):
        file = io.BytesIO()
        np.save(file, np.asarray(leaf))
        file.seek(0)
        loaded.append(np.load(file))
    return tree.structure(state).unflatten(loaded)


@given(settings, figures, st.data())
def test_warm_up_then_plateau_survives_a_stop_at_every_step(options, metrics, data):
    optimizer = SGD(ReduceOnPlateau(Warmup(Cosine(1.0, 50), steps=5), **options))
    stop = data.draw(st.integers(0, len(metrics)))

    def run(interrupted):
        states, told = feedback_init(optimizer), []
        for k, metric in enumerate(metrics):
            if interrupted and k == stop:
                states = saved_and_loaded(states)
            told.append(scheduled(settle(optimizer, states), k)["learning_rate"])
            states = feedback_observe(optimizer, states, metric)
        return np.asarray(told), states

    (whole, last), (halves, again) = run(False), run(True)
    np.testing.assert_array_equal(whole, halves)
    assert [a.tobytes() for a in map(np.asarray, tree.leaves(last))] == [
        b.tobytes() for b in map(np.asarray, tree.leaves(again))
    ]


@given(settings, figures)
def test_jit_counts_as_numpy_does(options, metrics):
    plateau = ReduceOnPlateau(0.3, **options)
    metrics = metrics[:20] + [0.5] * (20 - len(metrics))
    ours = jnp.asarray(metrics, jnp.float32)
    start = tree.map(
        lambda leaf: jnp.asarray(leaf, jnp.float32 if leaf.dtype == float else None), plateau.init()
    )
    _, factors = observe_all(plateau, start, ours)
    with np.errstate(over="ignore", invalid="ignore"):
        state = tree.map(
            lambda leaf: leaf.astype(np.float32) if leaf.dtype == float else leaf, plateau.init()
        )
        expected = []
        for metric in np.asarray(metrics, np.float32):
            state = plateau.observe(state, metric)
            expected.append(state.factor)
    np.testing.assert_allclose(factors, expected, rtol=1e-5)


@jax.jit
def observe_all(plateau, state, metrics):
    def observe(state, metric):
        state = plateau.observe(state, metric)
        return state, state.factor

    return jax.lax.scan(observe, state, metrics)


def test_numbers_change_without_a_compile():
    before = observe_all._cache_size()
    for patience, threshold in ((1, 0.1), (2, 0.3)):
        plateau = ReduceOnPlateau(0.3, patience=patience, threshold=threshold, min_factor=0.05)
        _, factors = observe_all(plateau, tree.map(jnp.asarray, plateau.init()), jnp.ones(8))
        assert factors.tolist() == pytest.approx(
            [1.0] * (patience + 1) + [0.1] * (patience + 1) + [0.05] * (6 - 2 * patience)
        )
    assert observe_all._cache_size() - before <= 1


def test_warm_up_is_not_lifted_to_the_least_value():
    plateau = ReduceOnPlateau(Warmup(1.0, steps=4), factor=0.1, patience=0, min_value=0.5)
    steps = np.arange(6)
    np.testing.assert_array_equal(settle(plateau, feedback_init(plateau))(steps), [0, 0.25, 0.5, 0.75, 1, 1])
    states = feedback_init(plateau)
    for _ in range(3):
        states = feedback_observe(plateau, states, 1.0)
    np.testing.assert_array_equal(settle(plateau, states)(steps), [0, 0.25, 0.5, 0.5, 0.5, 0.5])


def test_the_least_factor_holds():
    assert rates(ReduceOnPlateau(1.0, factor=0.5, patience=0, min_factor=0.2), [1.0] * 6) == [
        1.0,
        0.5,
        0.25,
        0.2,
        0.2,
        0.2,
    ]


def test_a_plateau_of_a_plateau_and_a_product_of_two():
    twice = ReduceOnPlateau(ReduceOnPlateau(Constant(1.0), factor=0.5, patience=0), factor=0.1, patience=1)
    assert rates(twice, [1.0, 1.0, 1.0, 1.0]) == pytest.approx([1.0, 0.5, 0.025, 0.0125])
    product = ReduceOnPlateau(1.0, factor=0.5, patience=0) * ReduceOnPlateau(1.0, factor=0.1, patience=1)
    assert rates(product, [1.0, 1.0, 1.0, 1.0]) == pytest.approx([1.0, 0.5, 0.025, 0.0125])
