"""Medians and quartiles over seeds against a plain recomputation."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from neuralopt.report.summary import curve_spread, spread

losses = st.lists(st.one_of(st.floats(0, 1e6), st.just(math.nan)), min_size=1, max_size=7)


def quantile(values: list[float], q: float) -> float:
    """The linear quantile, where anything between a number and infinity is infinite."""
    place = q * (len(values) - 1)
    low, high = sorted(values)[math.floor(place)], sorted(values)[math.ceil(place)]
    if math.floor(place) == math.ceil(place) or low == high:
        return low
    return high if math.isinf(high) else low + (high - low) * (place - math.floor(place))


@given(losses)
def test_a_missing_loss_counts_as_infinite(values: list[float]) -> None:
    counted = [math.inf if math.isnan(v) else v for v in values]
    result = spread(np.array(values))
    for got, q in zip(result[:3], (0.5, 0.25, 0.75), strict=True):
        assert got == pytest.approx(quantile(counted, q), rel=1e-12, abs=1e-9)
    assert result.running == sum(not math.isnan(v) for v in values)


@given(losses)
def test_a_missing_score_counts_as_minus_infinite(values: list[float]) -> None:
    mirrored = spread(-np.array(values), -np.inf)
    result = spread(np.array(values))
    assert mirrored.median == pytest.approx(-result.median)
    assert (mirrored.q25, mirrored.q75) == (pytest.approx(-result.q75), pytest.approx(-result.q25))


def test_one_more_divergence_never_improves_the_median() -> None:
    runs = np.random.default_rng(0).uniform(size=(5, 40))
    worse = runs.copy()
    worse[2] = np.nan
    assert np.all(spread(worse).median >= spread(runs).median)


def test_a_run_that_stopped_keeps_its_last_value_and_one_that_diverged_does_not() -> None:
    nan = math.nan
    curves = np.array([[5.0, 4.0, 3.0, 2.0], [6.0, 1.0, nan, nan], [7.0, 0.5, nan, nan]])
    result = curve_spread(curves, np.array([False, False, True]))
    np.testing.assert_array_equal(result.median, [6.0, 1.0, 3.0, 2.0])
    np.testing.assert_array_equal(result.q75, [6.5, 2.5, np.inf, np.inf])
    np.testing.assert_array_equal(result.running, [3, 3, 1, 1])


def test_the_curve_ends_at_the_last_epoch_that_a_run_reached() -> None:
    curves = np.array([[2.0, 1.0, math.nan], [2.0, math.nan, math.nan]])
    assert len(curve_spread(curves, np.array([False, False])).median) == 2
    assert len(curve_spread(np.full((2, 3), math.nan), np.array([True, True])).median) == 0
    assert len(curve_spread(np.zeros((1, 0)), np.array([False])).median) == 0
