"""Kernel weights, coverage and the calls of the founding document."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import neuralopt
from neuralopt import SimilarityLookup
from neuralopt.neighbors.memory import blocks, parse_memory


def test_the_founding_calls():
    X_sim, _ = neuralopt.generate_simulated_data(n_samples=100, n_features=10)
    X_real, y_real = neuralopt.generate_real_data(n_samples=1000, n_features=10)
    lookup = SimilarityLookup(k_neighbors=5, metric="euclidean")
    lookup.fit(X_real, y_real)
    similar_indices, distances = lookup.find_similar(X_sim)
    assert similar_indices.shape == distances.shape == (100, 5)
    assert y_real[similar_indices].shape == (100, 5)
    np.testing.assert_array_equal(lookup.targets(similar_indices), y_real[similar_indices])
    np.testing.assert_array_equal(lookup.rows(similar_indices), X_real[similar_indices])


def test_weights_are_tricube_with_the_bandwidth_of_the_next_neighbour():
    X, Q = np.random.default_rng(0).normal(size=(200, 3)), np.random.default_rng(1).normal(size=(10, 3))
    lookup = SimilarityLookup(4).fit(X)
    ids, apart, weights = lookup.find_weighted(Q)
    all_ids, all_apart = lookup.find_similar(Q, k=5)
    np.testing.assert_array_equal(ids, all_ids[:, :4])
    np.testing.assert_array_equal(weights, lookup.weights(all_apart))
    for row, found in zip(all_apart, weights, strict=True):
        kernel = [(1 - (d / row[4]) ** 3) ** 3 for d in row[:4]]
        np.testing.assert_allclose(found, np.array(kernel) / sum(kernel), rtol=1e-12)
    # without neighbour k+1 its distance is that of a uniform density: volume k+1 instead of k
    guess = apart[:, -1] * (5 / 4) ** (1 / 3)
    np.testing.assert_array_equal(lookup.weights(apart), lookup.weights(np.column_stack([apart, guess])))


@given(st.lists(st.sampled_from([0.0, 5e-324, 1e-160, 1.0, 2.0, 1e150]), min_size=3, max_size=4))
def test_weights_are_finite_descending_and_sum_to_one(distances):
    weights = SimilarityLookup(3).fit([[0.0], [1.0], [2.0]]).weights([sorted(distances)])
    assert weights.shape == (1, 3)
    assert np.isfinite(weights).all()
    assert (weights >= 0).all()
    assert (np.diff(weights) <= 0).all()
    np.testing.assert_allclose(weights.sum(), 1.0, rtol=1e-12)


def test_duplicates_share_and_no_neighbour_beyond_k_is_needed():
    lookup = SimilarityLookup(3).fit(np.zeros((3, 2)))
    np.testing.assert_allclose(lookup.find_weighted([[0.0, 0.0], [1.0, 0.0]])[2][0], 1 / 3)
    assert lookup.find_weighted([[1.0, 0.0]])[2].shape == (1, 3)


def test_coverage_says_who_is_outside():
    random = np.random.default_rng(2)
    X = random.normal(size=(3000, 4))
    lookup = SimilarityLookup(5).fit(X)
    like, far = (
        lookup.coverage(random.normal(size=(2000, 4))),
        lookup.coverage(random.normal(size=(50, 4)) + 8),
    )
    assert like.share_outside == pytest.approx(0.05, abs=0.015)
    assert np.median(like.ratio) == pytest.approx(1.0, abs=0.05)
    assert far.outside.all()
    assert far.share_outside == 1.0
    assert str(far).startswith(
        "100% of 50 queries are farther from the data than 95 % of the data are from one another"
    )
    assert list(far.frame().columns) == ["distance", "ratio", "outside"]
    assert len(far.frame()) == 50


def test_spacing_leaves_the_row_itself_out():
    """On a line of unit spacing the nearest other row is at distance one; copies are at zero."""
    line = SimilarityLookup(1).fit(np.arange(50.0)[:, None])
    np.testing.assert_array_equal(line.coverage([[0.5]]).spacing, np.ones(50))
    same = SimilarityLookup(2).fit(np.zeros((30, 2))).coverage([[0.0, 0.0], [1.0, 0.0]])
    np.testing.assert_array_equal(same.spacing, np.zeros(30))
    np.testing.assert_array_equal(same.ratio, [1.0, np.inf])
    np.testing.assert_array_equal(same.outside, [False, True])


@pytest.mark.parametrize(
    ("text", "size"),
    [
        (2_000_000, 2_000_000),
        ("1000kb", 1_000_000),
        ("1.5 GB", 1_500_000_000),
        ("2MiB", 2 << 20),
        ("1e6", None),
    ],
)
def test_memory(text, size):
    if size is None:
        with pytest.raises(neuralopt.core.errors.InvalidArgument, match="max_memory"):
            parse_memory(text)
    else:
        assert parse_memory(text) == size


@given(st.integers(10**6, 10**11), st.integers(1, 10**6), st.integers(1, 10**5))
def test_pieces_are_never_empty(memory, width, candidates):
    assert min(blocks(memory, width, candidates)) >= 1
