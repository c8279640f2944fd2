"""Which backend answers, and how an approximate one is held to account."""

import numpy as np
import pytest

from neuralopt import SimilarityLookup
from neuralopt.core.errors import DataError, InvalidArgument, MissingDependency
from neuralopt.neighbors import searcher


@pytest.fixture
def data():
    random = np.random.default_rng(0)
    return random.normal(size=(4000, 32)), random.normal(size=(64, 32))


@pytest.fixture
def faiss():
    return pytest.importorskip("faiss")


def backend(lookup, Q):
    lookup.find_similar(Q)
    return lookup.backend_


def test_auto_takes_a_tree_for_few_columns_and_enough_rows(data):
    X, Q = data
    assert backend(SimilarityLookup().fit(X[:, :10]), Q[:, :10]) == "kdtree"
    assert backend(SimilarityLookup().fit(X[:999, :10]), Q[:, :10]) == "exact"
    assert backend(SimilarityLookup().fit(X[:, :11]), Q[:, :11]) == "exact"


def test_auto_is_exact_until_there_are_many_pairs(data, faiss, monkeypatch):
    X, Q = data
    clusters = np.repeat(X[:40], 100, axis=0) + 0.01 * X  # so that an index of cells passes its audit
    assert backend(SimilarityLookup().fit(clusters), Q) == "exact"
    monkeypatch.setattr(searcher, "LARGE", len(X) * len(Q))
    lookup = SimilarityLookup().fit(clusters)
    assert backend(lookup, Q) == "ivf"
    assert lookup.audit(Q) >= 0.95
    assert backend(lookup, Q[:10]) == "exact"
    assert backend(SimilarityLookup(metric="manhattan").fit(clusters), Q) == "exact"


def test_auto_without_faiss_is_exact(data, no_faiss, monkeypatch):
    X, Q = data
    monkeypatch.setattr(searcher, "LARGE", 1)
    assert backend(SimilarityLookup().fit(X), Q) == "exact"


@pytest.mark.parametrize("kind", ["ivf", "hnsw"])
@pytest.mark.parametrize("chosen", ["auto", "faiss"])
def test_an_index_that_finds_too_little_is_replaced_aloud(data, faiss, monkeypatch, kind, chosen):
    X, Q = data
    if chosen == "auto" and kind == "hnsw":
        return  # auto takes cells
    monkeypatch.setattr(searcher, "LARGE", 1)
    monkeypatch.setattr(searcher, "_GOOD", 1.01)  # more than there is
    lookup = SimilarityLookup(5, backend=chosen, faiss_index=kind).fit(X)
    text = rf"approximate index '{kind}' finds \d+\.\d% of the 5 nearest rows of 64 queries, and 101% are asked for"
    with pytest.warns(UserWarning, match=text):
        ids, _ = lookup.find_similar(Q)
    assert lookup.backend_ == ("flat" if chosen == "faiss" else "exact")
    np.testing.assert_array_equal(ids, SimilarityLookup(5, backend="exact").fit(X).find_similar(Q)[0])
    lookup.find_similar(Q)  # said once
    assert lookup.audit() == 1.0


@pytest.mark.parametrize("kind", ["ivf", "hnsw"])
def test_recall_is_measured(data, faiss, kind, monkeypatch):
    X, Q = data
    monkeypatch.setattr(searcher, "_GOOD", 0.0)
    lookup = SimilarityLookup(5, backend="faiss", faiss_index=kind).fit(X)
    ids, apart = lookup.find_similar(Q)
    assert lookup.backend_ == kind
    true, distances = SimilarityLookup(5, backend="exact").fit(X).find_similar(Q)
    hits = np.mean([len(set(a) & set(b)) / 5 for a, b in zip(ids, true, strict=True)])
    assert lookup.audit(Q) == pytest.approx(hits, abs=1e-12)
    assert hits < 1.0 or kind == "hnsw"
    assert (apart >= distances).all()  # and the distances of what is found are exact
    np.testing.assert_allclose(apart[:, 0], np.sqrt(((X[ids[:, 0]] - Q) ** 2).sum(axis=1)), rtol=1e-15)


def test_audit_of_exact_backends_is_one(data):
    X, _ = data
    assert SimilarityLookup(5).fit(X).audit() == 1.0
    assert SimilarityLookup(5).fit(np.ones((20, 3))).audit() == 1.0


def test_flat_is_exact_on_an_offset(faiss, brute_force):
    X = np.random.default_rng(1).normal(size=(3000, 24)) * 1e-3 + 1e4
    ids, _ = SimilarityLookup(5, backend="faiss").fit(X).find_similar(X[:30])
    np.testing.assert_array_equal(ids, brute_force(X, np.arange(3000), X[:30], 5)[0])


def test_without_faiss_the_error_says_how_to_install_it(no_faiss):
    with pytest.raises(MissingDependency, match=r'faiss.* pip install "neuralopt\[faiss\]"'):
        SimilarityLookup(backend="faiss")


def test_what_a_backend_is_not_for(data, faiss):
    with pytest.raises(DataError, match="backend='kdtree' is for at most 10 columns, got 32"):
        SimilarityLookup(backend="kdtree").fit(data[0])
    with pytest.raises(InvalidArgument, match="backend='faiss' has no Manhattan distance here"):
        SimilarityLookup(metric="manhattan", backend="faiss")
