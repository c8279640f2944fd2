"""Ids and distances equal those of comparing all rows, whatever the rows are like."""

import tracemalloc

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.neighbors import NearestNeighbors

from neuralopt import SimilarityLookup
from neuralopt.neighbors.exact import Exact, wanted

METRICS = ("euclidean", "cosine", "manhattan", "mahalanobis")
BACKENDS = {
    "euclidean": ("exact", "kdtree", "faiss"),
    "cosine": ("exact", "kdtree", "faiss"),
    "manhattan": ("exact", "kdtree"),
    "mahalanobis": ("exact", "kdtree", "faiss"),
}
PAIRS = [(m, b) for m in METRICS[:3] for b in BACKENDS[m]]


def rows_with_trouble(kind, random, n=1500, d=6):
    X = random.normal(size=(n, d))
    if kind == "duplicates":
        X[n // 2 :] = X[random.integers(0, 40, n - n // 2)]
    elif kind == "offset":
        X += 1e4
    elif kind == "lattice":
        X = random.integers(1, 4, size=(n, d)).astype(float)
    elif kind == "outliers":
        X[:5] *= 1e12
    elif kind == "columns":
        X *= 10.0 ** np.arange(-9, 9, 3)
    elif kind == "float32":
        X = (X + 100).astype(np.float32)
    return X


def faiss_or_skip(backend):
    if backend == "faiss":
        pytest.importorskip("faiss")


@pytest.mark.parametrize(
    "kind", ["plain", "duplicates", "offset", "lattice", "outliers", "columns", "float32"]
)
@pytest.mark.parametrize(("metric", "backend"), PAIRS)
def test_equals_brute_force(metric, backend, kind, brute_force):
    faiss_or_skip(backend)
    random = np.random.default_rng(0)
    X = rows_with_trouble(kind, random)
    Q = np.concatenate([X[:10].astype(float), X[-10:] + 1e-3, rows_with_trouble("plain", random, 10)])
    lookup = SimilarityLookup(5, metric, backend).fit(X)
    ids, apart = lookup.find_similar(Q)
    true_ids, true = brute_force(X, np.arange(len(X)), Q, 5, metric)
    np.testing.assert_array_equal(ids, true_ids)
    np.testing.assert_array_equal(apart, true)
    assert apart.dtype == np.float64
    assert ids.dtype == np.int64


@pytest.mark.parametrize("metric", ["euclidean", "cosine", "manhattan"])
def test_equals_scikit_learn(metric):
    random = np.random.default_rng(1)
    X, Q = random.normal(size=(3000, 16)), random.normal(size=(40, 16))
    apart, ids = NearestNeighbors(n_neighbors=7, metric=metric, algorithm="brute").fit(X).kneighbors(Q)
    found, distances = SimilarityLookup(7, metric).fit(X).find_similar(Q)
    np.testing.assert_array_equal(found, ids)
    np.testing.assert_allclose(distances, apart, rtol=1e-7, atol=1e-12)


@pytest.mark.parametrize("backend", ["exact", "kdtree", "faiss"])
def test_mahalanobis_equals_scikit_learn(backend):
    faiss_or_skip(backend)
    random = np.random.default_rng(1)
    X = random.normal(size=(3000, 8)) @ random.normal(size=(8, 8)) + 50
    Q = X[:40] + random.normal(size=(40, 8))
    theirs = NearestNeighbors(
        n_neighbors=7,
        metric="mahalanobis",
        metric_params={"VI": np.linalg.inv(np.cov(X.T))},
        algorithm="brute",
    )
    apart, ids = theirs.fit(X).kneighbors(Q)
    found, distances = SimilarityLookup(7, "mahalanobis", backend).fit(X).find_similar(Q)
    np.testing.assert_array_equal(found, ids)
    np.testing.assert_allclose(distances, apart, rtol=1e-9)
    twice = np.concatenate([X, X])  # copies have one distance to the last bit, so ids decide
    found, distances = SimilarityLookup(7, "mahalanobis", backend).fit(twice).find_similar(Q)
    np.testing.assert_array_equal(found[:, 1::2], found[:, 0:-1:2] + 3000)
    np.testing.assert_array_equal(distances[:, 1::2], distances[:, 0:-1:2])


@given(
    st.integers(0, 2**32 - 1),
    st.sampled_from(METRICS[:3]),
    st.sampled_from([1e-200, 1e-30, 1.0, 1e30, 1e140]),
    st.integers(1, 40),
    st.integers(1, 4),
)
def test_equals_brute_force_at_every_scale(brute_force, seed, metric, scale, n, d):
    random = np.random.default_rng(seed)
    X = random.integers(1, 5, size=(n, d)) * scale
    X[random.integers(n)] *= random.choice([1.0, 1e6, 1e-6])
    Q = np.concatenate([X[:3], random.integers(1, 6, size=(3, d)) * scale, np.full((1, d), 1e100)])
    k = int(random.integers(1, n + 1))
    ids, apart = SimilarityLookup(k, metric, "exact").fit(X).find_similar(Q)
    true_ids, true = brute_force(X, np.arange(n), Q, k, metric)
    np.testing.assert_array_equal(ids, true_ids)
    np.testing.assert_array_equal(apart, true)


def test_distances_that_underflow_are_ties(brute_force):
    X = np.random.default_rng(12).normal(size=(200, 3)) * 1e-180
    ids, apart = SimilarityLookup(2, backend="exact").fit(X).find_similar(X[50:])
    np.testing.assert_array_equal(apart, 0.0)
    np.testing.assert_array_equal(ids, np.tile([0, 1], (150, 1)))


def test_equals_brute_force_on_100_000_rows(brute_force):
    random = np.random.default_rng(2)
    X = random.normal(size=(100_000, 64)) + 1e4
    X[60_000:] = X[random.integers(0, 60_000, 40_000)]
    Q = np.concatenate([X[99_990:], random.normal(size=(10, 64)) + 1e4])
    ids, apart = SimilarityLookup(5).fit(X).find_similar(Q)
    true_ids, true = brute_force(X, np.arange(len(X)), Q, 5)
    np.testing.assert_array_equal(ids, true_ids)
    np.testing.assert_array_equal(apart, true)


def test_results_that_the_bounds_do_not_prove_are_computed_again(brute_force):
    """More rows at the distance of the last neighbour than there are candidates."""
    random = np.random.default_rng(3)
    X = np.tile(random.normal(size=(20, 12)), (60, 1))
    Q, ids = X[:20] + 0.1, np.arange(len(X))[::-1].copy()  # so that the first candidates are the wrong ones
    lookup = SimilarityLookup(5, backend="exact").fit(X, ids=ids)
    exact = lookup._fitted().exact
    positions, beyond = exact.candidates(Q, wanted(5))
    _, apart = exact.rank(Q, positions, 5)
    assert not (beyond > exact.metric.reach(apart[:, -1])).any()
    found, _ = lookup.find_similar(Q)
    np.testing.assert_array_equal(found, brute_force(X, ids, Q, 5)[0])


def test_bounds_hold():
    """What a bound promises is never more than the distance, and rules most rows out."""
    random = np.random.default_rng(4)
    for metric in METRICS:
        X = random.normal(size=(500, 9)) * 10.0 ** random.integers(-3, 3, size=(500, 1)) + 1.0
        Q = random.normal(size=(30, 9)) + 1.0
        exact: Exact = SimilarityLookup(5, metric).fit(X)._fitted().exact
        codes, own = exact.metric.encode_queries(Q)
        stored, offsets = exact.metric.encode(X)
        space = np.empty(30 * 500, exact.metric.kind)
        bounds = exact.metric.compare(codes, stored, offsets, space)
        promised = np.array([exact.metric.beyond(b, o) for b, o in zip(bounds, own, strict=True)])
        apart = exact.metric.distances(np.tile(X, (30, 1)), np.repeat(Q, 500, axis=0)).reshape(30, 500)
        reach = exact.metric.reach(apart)
        assert (promised <= reach).all()
        assert np.median(promised / reach) > 0.99
        limit = np.stack([exact.metric.limit(r, own) for r in reach.T], axis=1)
        assert (bounds <= limit).all()


def test_memory_stays_within_what_is_allowed(brute_force):
    random = np.random.default_rng(5)
    X, Q = random.normal(size=(40_000, 32)), random.normal(size=(300, 32))
    for metric in ("euclidean", "manhattan"):
        lookup = SimilarityLookup(5, metric, "exact", max_memory="4MB").fit(X)
        tracemalloc.start()
        try:
            ids, _ = lookup.find_similar(Q)
            peak = tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()
        assert peak < 4e6
        np.testing.assert_array_equal(ids[:20], brute_force(X, np.arange(len(X)), Q[:20], 5, metric)[0])


# properties


@pytest.mark.parametrize("metric", METRICS)
def test_a_row_is_its_own_nearest(metric):
    X = np.random.default_rng(6).normal(size=(300, 4)) + 1e3
    ids, apart = SimilarityLookup(1, metric).fit(X).find_similar(X)
    np.testing.assert_array_equal(ids[:, 0], np.arange(300))
    np.testing.assert_array_equal(apart, 0.0)


@pytest.mark.parametrize("metric", METRICS)
def test_order_of_rows_does_not_matter(metric):
    random = np.random.default_rng(7)
    X, Q = random.normal(size=(500, 12)), random.normal(size=(20, 12))
    shuffled = random.permutation(500)
    ids, apart = SimilarityLookup(4, metric).fit(X).find_similar(Q)
    others, distances = SimilarityLookup(4, metric).fit(X[shuffled], ids=shuffled).find_similar(Q)
    np.testing.assert_array_equal(ids, others)
    np.testing.assert_allclose(apart, distances, rtol=1e-12)


def test_cosine_knows_no_length():
    random = np.random.default_rng(8)
    X, Q = random.normal(size=(400, 12)), random.normal(size=(20, 12))
    ids, apart = SimilarityLookup(4, "cosine").fit(X).find_similar(Q)
    lengths = np.exp(random.normal(size=(400, 1)))
    others, distances = SimilarityLookup(4, "cosine").fit(X * lengths).find_similar(Q * 1e-3)
    np.testing.assert_array_equal(ids, others)
    np.testing.assert_allclose(apart, distances, rtol=1e-12)


def test_mahalanobis_knows_no_units():
    random = np.random.default_rng(9)
    X, Q = random.normal(size=(400, 5)), random.normal(size=(20, 5))
    mixing = random.normal(size=(5, 5))
    ids, apart = SimilarityLookup(4, "mahalanobis").fit(X).find_similar(Q)
    others, distances = SimilarityLookup(4, "mahalanobis").fit(X @ mixing + 7).find_similar(Q @ mixing + 7)
    np.testing.assert_array_equal(ids, others)
    np.testing.assert_allclose(apart, distances, rtol=1e-9)


def test_a_singular_covariance_is_said_and_its_pseudo_inverse_used(brute_force):
    random = np.random.default_rng(10)
    X = random.normal(size=(300, 3))
    X = np.column_stack([X, X[:, 0] + X[:, 1], np.full(300, 2.0)])
    with pytest.warns(
        UserWarning, match="covariance of the 300 rows is singular: rank 3 of 5. Its pseudo-inverse"
    ):
        lookup = SimilarityLookup(4, "mahalanobis").fit(X)
    ids, apart = lookup.find_similar(X[:20] + 0.0)
    true_ids, true = brute_force(X, np.arange(300), X[:20], 4, "mahalanobis", np.linalg.pinv(np.cov(X.T)))
    np.testing.assert_array_equal(ids, true_ids)
    np.testing.assert_allclose(apart, true, atol=1e-7)


def test_rows_that_come_nearer_and_nearer(brute_force):
    """Every block holds better rows than all before it, as in data that drift towards the queries."""
    random = np.random.default_rng(11)
    X = np.linspace(10, 1, 20_000)[:, None] * random.normal(size=(1, 16)) + 1e-3 * random.normal(
        size=(20_000, 16)
    )
    Q = 1e-3 * random.normal(size=(12, 16))
    ids, _ = SimilarityLookup(5, max_memory="4MB").fit(X).find_similar(Q)
    np.testing.assert_array_equal(ids, brute_force(X, np.arange(20_000), Q, 5)[0])
