"""The adaptive dropout rate against its law, written once more in plain Python."""

import math

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from neuralopt.core import tree
from neuralopt.schedules import AdaptiveDropout, feedback_init, feedback_observe, settle

losses = st.one_of(st.floats(0, 3, width=16), st.sampled_from([0.5, 0.51, 1.0, math.nan, math.inf]))
pairs = st.lists(st.tuples(losses, losses), max_size=30)


def follow(dropout, observations):
    states, found = feedback_init(dropout), []
    for valid, train in observations:
        states = feedback_observe(dropout, states, valid, train)
        found.append(float(settle(dropout, states)(0)))
    return found


def by_hand(d, observations):
    rate, begun, found = d.initial, False, []
    grown = stalled = 0
    smooth_train = smooth_valid = 0.0
    least = {"train": None, "valid": None, "gap": None}
    for valid, train in observations:
        if math.isfinite(valid) and math.isfinite(train):
            if begun:
                smooth_train = d.smoothing * smooth_train + (1 - d.smoothing) * train
                smooth_valid = d.smoothing * smooth_valid + (1 - d.smoothing) * valid
            else:
                smooth_train, smooth_valid, begun = train, valid, True
            now = {"train": smooth_train, "valid": smooth_valid, "gap": smooth_valid - smooth_train}
            if least["gap"] is None:
                least = dict(now)
            else:
                bar = max(least["gap"], 0) + d.threshold * abs(now["valid"])
                grown = grown + 1 if now["gap"] > bar else 0
                better = [now[k] < least[k] - d.threshold * abs(least[k]) for k in ("train", "valid")]
                stalled = 0 if any(better) else stalled + 1
                least = {k: min(least[k], now[k]) for k in now}
            if grown >= d.patience or stalled >= d.patience:
                rate = min(rate + d.step, d.high) if grown >= d.patience else max(rate - d.step, d.low)
                grown, stalled, least = 0, 0, dict(now)
        found.append(rate)
    return found


@given(st.integers(1, 3), st.sampled_from([0.0, 0.01, 0.1]), st.sampled_from([0.0, 0.5, 0.9]), pairs)
def test_follows_its_law(patience, threshold, smoothing, observations):
    dropout = AdaptiveDropout(
        0.2, 0.1, 0.35, step=0.1, patience=patience, threshold=threshold, smoothing=smoothing
    )
    np.testing.assert_allclose(follow(dropout, observations), by_hand(dropout, observations), rtol=1e-12)


def test_rises_while_the_gap_grows_and_stops_at_its_bound():
    overfit = [(1.0, 1.0 - 0.05 * k) for k in range(16)]
    found = follow(AdaptiveDropout(0.1, step=0.2, high=0.6), overfit)
    assert found[0] == 0.1
    assert sorted(found) == found
    assert found[-1] == 0.6


def test_rises_where_the_gap_grows_while_neither_loss_improves():
    worse = [(1.0 + 0.1 * k, 1.0) for k in range(12)]
    found = follow(AdaptiveDropout(0.2, step=0.1), worse)
    assert sorted(found) == found
    assert found[-1] > 0.4


def test_falls_when_both_losses_stall_and_not_when_one_still_improves():
    stalled = follow(AdaptiveDropout(0.3, low=0.05, step=0.2), [(1.0, 1.1)] * 12)
    assert stalled == pytest.approx([0.3] * 3 + [0.1] * 3 + [0.05] * 6)
    assert set(follow(AdaptiveDropout(0.3), [(1.0, 3 - 0.1 * k) for k in range(12)])) == {0.3}
    assert set(follow(AdaptiveDropout(0.3), [(3 - 0.1 * k, 2 - 0.1 * k) for k in range(12)])) == {0.3}


def test_jit_equals_numpy_and_states_keep_their_dtypes():
    dropout = AdaptiveDropout(0.1, step=0.1, patience=2)
    stream = np.random.default_rng(0).uniform(0.5, 1.5, (30, 2)).astype(np.float32)

    @jax.jit
    def run(dropout, states, stream):
        def observe(states, pair):
            states = feedback_observe(dropout, states, pair[0], pair[1])
            return states, settle(dropout, states)(0)

        return jax.lax.scan(observe, states, stream)

    states = feedback_init(dropout)
    last, found = run(dropout, tree.map(jnp.asarray, states), jnp.asarray(stream))
    expected = follow(dropout, stream)
    assert len(set(expected)) >= 3
    np.testing.assert_allclose(found, expected, rtol=1e-5)
    observed = feedback_observe(dropout, states, np.float32(1), np.float32(1))
    assert [np.asarray(leaf).dtype for leaf in tree.leaves(observed)] == [
        leaf.dtype for leaf in tree.leaves(states)
    ]
    assert all(leaf.shape == () for leaf in tree.leaves(last))
