"""Rows added, removed and replaced in any order give what a plain oracle gives."""

import numpy as np
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from neuralopt import SimilarityLookup
from neuralopt.core.errors import InvalidArgument
from neuralopt.neighbors.searcher import Searcher


class Plain:
    """The oracle: a dict from ids to rows and targets."""

    def __init__(self, X, y):
        self.rows = {i: (X[i], y[i]) for i in range(len(X))}

    def check(self, lookup, brute_force, Q, k, metric="euclidean"):
        ids = np.array(sorted(self.rows))
        X = np.array([self.rows[i][0] for i in ids])
        found, apart = lookup.find_similar(Q, k)
        true_ids, true = brute_force(X, ids, Q, k, metric)
        np.testing.assert_array_equal(found, true_ids)
        np.testing.assert_array_equal(apart, true)
        np.testing.assert_array_equal(
            lookup.targets(found), [[self.rows[i][1] for i in row] for row in found]
        )


@pytest.mark.parametrize(
    ("backend", "metric"),
    [
        ("exact", "euclidean"),
        ("exact", "manhattan"),
        ("kdtree", "euclidean"),
        ("faiss", "euclidean"),
        ("mmap", "cosine"),
    ],
)
def test_mixed_operations(backend, metric, brute_force, tmp_path):
    if backend == "faiss":
        pytest.importorskip("faiss")
    random = np.random.default_rng(0)
    X, y = random.integers(1, 9, size=(1200, 3)).astype(float), random.normal(size=(1200, 2))
    lookup = SimilarityLookup(4, metric, "exact" if backend == "mmap" else backend).fit(X, y)
    if backend == "mmap":
        lookup = SimilarityLookup.open(lookup.save(tmp_path / "lookup"))
    plain = Plain(X, y)
    for step in range(600):
        act, count = random.integers(3), int(random.integers(1, 8))
        rows, targets = random.integers(1, 9, size=(count, 3)).astype(float), random.normal(size=(count, 2))
        if act == 0:
            ids = np.arange(count) + 10_000 + 10 * step
            lookup.add(rows, targets, random.permutation(ids))
            ids = lookup._fitted().rows.ids[-count:]
        else:
            ids = random.choice(sorted(plain.rows), count, replace=False)
            if act == 1:
                lookup.update(rows, targets, ids)
            else:
                lookup.remove(ids)
        for i, row, target in zip(ids.tolist(), rows, targets, strict=True):
            plain.rows.pop(i, None) if act == 2 else plain.rows.update({i: (row, target)})
        if step % 10 == 0:
            plain.check(lookup, brute_force, rows[:2] + 0.25, 4, metric)
        assert len(lookup) == len(plain.rows)


class Machine(RuleBasedStateMachine):
    """Few rows on a coarse lattice, so that ties, refills and rows far away are common."""

    row = st.lists(st.sampled_from([0.0, 1.0, 2.0, 1e9]), min_size=2, max_size=2)

    @initialize(rows=st.lists(row, min_size=1, max_size=5))
    def fit(self, rows):
        X = np.array(rows)
        self.lookup = SimilarityLookup(3).fit(X, np.arange(len(X)) / 2)
        self.plain = Plain(X, np.arange(len(X)) / 2)

    @rule(row=row, many=st.integers(1, 40))
    def add(self, row, many):
        begin = self.lookup._fitted().rows.next_id
        self.lookup.add([row] * many, [0.5] * many)
        self.plain.rows.update(dict.fromkeys(range(begin, begin + many), (np.array(row), 0.5)))

    @rule(share=st.floats(0, 1))
    def remove(self, share):
        gone = sorted(self.plain.rows)[: int(share * len(self.plain.rows))]
        self.lookup.remove(np.array(gone, int))
        for i in gone:
            del self.plain.rows[i]

    @rule(row=row, data=st.data())
    def update(self, row, data):
        if self.plain.rows:
            i = data.draw(st.sampled_from(sorted(self.plain.rows)))
            self.lookup.update([row], [7.0], [i])
            self.plain.rows[i] = (np.array(row), 7.0)

    @invariant()
    def same_as_the_oracle(self):
        if hasattr(self, "plain") and self.plain.rows:
            k = min(3, len(self.plain.rows))
            self.plain.check(self.lookup, self.oracle, np.array([[0.0, 0.0], [1.5, 1e9]]), k)


def test_any_sequence(brute_force):
    Machine.oracle = staticmethod(brute_force)
    machine = Machine.TestCase
    machine.settings = settings(max_examples=30, stateful_step_count=20, deadline=None)
    machine().runTest()


def test_what_fails_changes_nothing(brute_force):
    X = np.arange(12.0).reshape(6, 2)
    lookup = SimilarityLookup(2).fit(X, np.zeros(6))
    plain = Plain(X, np.zeros(6))
    with pytest.raises(InvalidArgument, match=r"The id 3 is there already\. Use update, or another id"):
        lookup.add([[0.0, 0.0], [1.0, 1.0]], [1.0, 1.0], ids=[9, 3])
    with pytest.raises(InvalidArgument, match="There is no row with the id 7 among the 6 rows"):
        lookup.remove([1, 7])
    with pytest.raises(InvalidArgument, match="There is no row with the id 7 among the 6 rows"):
        lookup.update([[0.0, 0.0], [1.0, 1.0]], [1.0, 1.0], ids=[1, 7])
    plain.check(lookup, brute_force, X, 3)


def test_removed_ids_can_be_used_again_and_are_not_given_again():
    lookup = SimilarityLookup(1).fit([[0.0], [1.0]])
    lookup.remove([1]).add([[5.0]])
    assert lookup.find_similar([[5.0]])[0] == 2
    lookup.add([[9.0]], ids=[1])
    assert lookup.find_similar([[9.0]])[0] == 1
    assert lookup.rows([[1, 0], [1, 1]])[..., 0].tolist() == [[9.0, 0.0], [9.0, 9.0]]


def test_ids_are_not_given_again_after_the_last_rows_are_gone(tmp_path):
    X = np.arange(100.0)[:, None]
    lookup = SimilarityLookup(1).fit(X).remove(np.arange(50, 100))
    assert len(lookup._fitted().rows.ids) == 50  # compacted
    opened = SimilarityLookup.open(lookup.remove([49]).save(tmp_path / "lookup"))
    for kept in (lookup, opened):
        assert kept.add([[200.0]]).find_similar([[200.0]])[0] == 100


def test_rows_of_a_file_are_removed_once(tmp_path):
    opened = SimilarityLookup.open(SimilarityLookup(1).fit([[0.0], [1.0], [2.0]]).save(tmp_path / "lookup"))
    opened.remove([1])
    with pytest.raises(InvalidArgument, match="There is no row with the id 1 among the 2 rows"):
        opened.remove([1])


def test_an_index_is_built_anew_when_much_is_added_or_gone(tmp_path):
    X = np.random.default_rng(0).normal(size=(4000, 3))
    path = SimilarityLookup(1, backend="kdtree").fit(X[:1500]).save(tmp_path / "lookup")
    lookup = SimilarityLookup.open(path)

    def tree():
        lookup.find_similar(X[:1])
        return lookup._fitted()._indexes["kdtree"]

    first = tree()
    lookup.add(X[1500:2500])
    assert tree() is first
    lookup.add(X[2500:2501])
    second = tree()
    assert second.covered == 2501
    lookup.remove(np.arange(500))
    assert tree() is second
    lookup.remove([500])
    assert len(tree()._positions) == 2000


def test_rows_far_beyond_the_first_ones_are_found(brute_force):
    """The scale of the codes is that of the first rows; it follows the new ones before they overflow."""
    lookup = SimilarityLookup(2).fit([[1.0, 2.0], [2.0, 1.0], [3.0, 3.0]])
    far = np.array([[1e60, 2.0], [1e60, 1e59]])
    lookup.add(far)
    X = np.concatenate([[[1.0, 2.0], [2.0, 1.0], [3.0, 3.0]], far])
    np.testing.assert_array_equal(lookup.find_similar(X)[0], brute_force(X, np.arange(5), X, 2)[0])


def test_a_fifth_of_dead_rows_is_given_up(monkeypatch):
    """Tombstones are kept until they are 20 %; then the rows are compacted and the index built anew."""
    pytest.importorskip("faiss")
    X = np.random.default_rng(0).normal(size=(2000, 16))
    lookup = SimilarityLookup(5, backend="faiss", faiss_index="hnsw").fit(X)
    assert lookup.audit() > 0.95
    searcher: Searcher = lookup._fitted()
    first = searcher._indexes["hnsw"]
    lookup.remove(np.arange(400))
    assert (lookup.find_similar(X[:50])[0] >= 400).all()
    assert lookup.backend_ == "hnsw"
    assert searcher._indexes["hnsw"] is first
    assert len(searcher.rows.ids) == 2000
    lookup.remove([400, 401])
    assert (lookup.find_similar(X[:50])[0] >= 402).all()
    assert searcher._indexes["hnsw"] is not first
    assert len(searcher.rows.ids) == len(lookup) == 1598
