"""Schedules against optax, and as pure functions of the step."""

import re

import array_api_strict as strict
import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from hypothesis import given
from hypothesis import strategies as st

from neuralopt.core.errors import InvalidArgument
from neuralopt.schedules import Constant, Cosine, Schedule, Warmup, WarmupCosine

STEPS = np.arange(60)

PAIRS = {
    "constant": (Constant(0.3), lambda: optax.constant_schedule(0.3)),
    "cosine": (Cosine(0.3, 40), lambda: optax.cosine_decay_schedule(0.3, 40)),
    "cosine to 0.03": (Cosine(0.3, 40, 0.03), lambda: optax.cosine_decay_schedule(0.3, 40, alpha=0.1)),
    "warm-up": (Warmup(0.3, steps=10, start=0.1), lambda: optax.linear_schedule(0.1, 0.3, 10)),
    "warm-up, cosine": (
        WarmupCosine(0.3, 10, 50, 0.01),
        lambda: optax.warmup_cosine_decay_schedule(0.0, 0.3, 10, 50, end_value=0.01),
    ),
    "cosine after warm-up": (
        Warmup(Cosine(0.3, 40, 0.03), steps=10),
        lambda: optax.join_schedules(
            [optax.linear_schedule(0.0, 0.3, 10), optax.cosine_decay_schedule(0.3, 40, alpha=0.1)], [10]
        ),
    ),
}


@pytest.mark.usefixtures("x64")
@pytest.mark.parametrize("name", PAIRS)
def test_equals_optax(name):
    ours, theirs = PAIRS[name]
    schedule = theirs()
    expected = np.array([float(schedule(jnp.asarray(k, jnp.int64))) for k in STEPS])
    np.testing.assert_allclose([float(ours(k)) for k in STEPS], expected, rtol=0, atol=1e-12)


@pytest.mark.parametrize("name", PAIRS)
def test_numpy_jax_jit_and_strict_arrays_agree(name):
    schedule = PAIRS[name][0]
    full = schedule(STEPS)
    assert full.dtype == np.float64
    np.testing.assert_array_equal(np.asarray(schedule(strict.asarray(STEPS))), full)
    for run in (schedule, jax.jit(lambda step: schedule(step))):
        on_jax = run(jnp.asarray(STEPS))
        assert on_jax.dtype == jnp.float32
        np.testing.assert_allclose(on_jax, full, rtol=0, atol=1e-6)


def test_a_schedule_is_swept_by_vmap_and_changes_without_a_compile():
    traces = []

    @jax.jit
    def value(schedule, step):
        traces.append(1)
        return schedule(step)

    for peak in (0.1, 0.2):
        np.testing.assert_allclose(value(WarmupCosine(peak, 2, 6), jnp.asarray(2)), peak, rtol=1e-6)
    assert len(traces) == 1
    swept = jax.vmap(lambda peak: Cosine(peak, 4)(jnp.asarray(2)))(jnp.array([0.1, 0.2]))
    np.testing.assert_allclose(swept, [0.05, 0.1], rtol=1e-6)


rates = st.floats(0, 10, allow_subnormal=False)
lengths = st.integers(1, 1000)


@st.composite
def schedules(draw):
    peak, end, total, warmup = draw(rates), draw(rates), draw(lengths), draw(lengths)
    inner = draw(st.sampled_from([Constant(peak), Cosine(peak, total, end)]))
    return draw(
        st.sampled_from(
            [
                inner,
                Warmup(inner, warmup, end),
                Warmup(Warmup(inner, warmup), warmup, end),
                WarmupCosine(peak, warmup, warmup + total, end),
            ]
        )
    )


@given(schedules(), st.integers(0, 3000))
def test_resumed_at_k_equals_the_full_run(schedule, k):
    full = schedule(np.arange(k + 3))
    np.testing.assert_array_equal([schedule(j) for j in (k, k + 1, k + 2)], full[k:])


@given(schedules(), st.integers(0, 10**6))
def test_past_its_end_a_schedule_holds_its_last_value(schedule, more):
    end = 3000  # longer than any of them
    assert schedule(end) == schedule(end + more)


@given(schedules(), st.integers(0, 3000))
def test_values_stay_between_the_numbers_given(schedule, k):
    numbers = [leaf for leaf in jax.tree.leaves(schedule) if isinstance(leaf, float)]
    low, high = min([*numbers, 0.0]), max(numbers)
    assert low - 1e-12 <= schedule(k) <= high + 1e-12


def test_a_schedule_of_ones_own_is_a_schedule():
    class Halving(Schedule):
        def value(self, step):
            return 0.5**step

    assert Warmup(Halving(), steps=2)(4) == 0.25


@pytest.mark.parametrize(
    ("make", "text"),
    [
        (lambda: Cosine(0.1, 0), "Cosine: total_steps must satisfy 0 < total_steps, got 0.0."),
        (lambda: Cosine(float("nan")), "Cosine: peak must satisfy peak finite, got nan."),
        (lambda: Warmup(0.1, steps=0), "Warmup: steps must satisfy 0 < steps, got 0.0."),
        (
            lambda: WarmupCosine(0.1, 10, 1),
            "WarmupCosine: total_steps must be greater than warmup_steps, got 1 and 10.",
        ),
        (
            lambda: WarmupCosine(0.1, 10, 10),
            "WarmupCosine: total_steps must be greater than warmup_steps, got 10 and 10.",
        ),
        (lambda: Constant("fast"), "Constant: constant must be a number or a schedule, got 'fast'."),
    ],
)
def test_what_is_refused(make, text):
    with pytest.raises(InvalidArgument, match=re.escape(text)):
        make()
