"""A lookup comes back from its file as it was; a damaged or foreign file is refused."""

import mmap

import numpy as np
import pytest

from neuralopt import SimilarityLookup
from neuralopt.core.errors import InvalidArgument, StorageError
from neuralopt.storage import write_container
from neuralopt.storage.paging import is_mapped, release_pages


@pytest.fixture
def lookup():
    random = np.random.default_rng(0)
    X = random.normal(size=(300, 5)).astype(np.float32)
    return (
        SimilarityLookup(4)
        .fit(X, random.normal(size=(300, 2)))
        .remove([3, 250])
        .add(X[:4] + 1, np.ones((4, 2)))
    )


@pytest.mark.parametrize("mmap_", [True, False])
@pytest.mark.parametrize("metric", ["euclidean", "cosine", "manhattan", "mahalanobis"])
def test_round_trip(metric, mmap_, tmp_path):
    random = np.random.default_rng(0)
    X, Q = random.normal(size=(300, 5)), random.normal(size=(20, 5))
    y = random.normal(size=300)
    saved = SimilarityLookup(4, metric, max_memory="9MB").fit(X, y).remove([3, 250]).add(X[:9] * 2, y[:9])
    opened = SimilarityLookup.open(saved.save(tmp_path / "lookup.safetensors"), mmap=mmap_)
    assert repr(opened) == repr(saved)
    assert opened.max_memory == "9MB"
    for call in (lambda k: k.find_similar(Q), lambda k: k.remove([7]).add(Q[:2], y[:2]).find_similar(Q)):
        for ours, theirs in zip(call(saved), call(opened), strict=True):
            np.testing.assert_array_equal(ours, theirs)
    np.testing.assert_array_equal(opened.targets([0, 309, 310]), saved.targets([0, 309, 310]))
    np.testing.assert_array_equal(opened.rows([0, 309]), saved.rows([0, 309]))
    again = SimilarityLookup.open(opened.save(tmp_path / "again"), mmap=mmap_)
    np.testing.assert_array_equal(again.find_similar(Q)[0], opened.find_similar(Q)[0])


def test_rows_stay_in_the_file(lookup, tmp_path):
    opened = SimilarityLookup.open(lookup.save(tmp_path / "lookup"))
    rows = opened._fitted().rows
    assert is_mapped(rows.fixed_X)
    assert rows.fixed_X.dtype == np.float32
    assert opened._fitted().exact._codes is None


def test_read_only_memory_maps_are_searched_where_they_are(tmp_path, brute_force):
    X = np.random.default_rng(1).normal(size=(500, 6))
    np.save(tmp_path / "X.npy", X)
    mapped = np.load(tmp_path / "X.npy", mmap_mode="r")
    lookup = SimilarityLookup(3).fit(mapped)
    assert is_mapped(lookup._fitted().rows.fixed_X)
    np.testing.assert_array_equal(
        lookup.find_similar(X[:9] + 0.1)[0], brute_force(X, np.arange(500), X[:9] + 0.1, 3)[0]
    )
    changed = np.load(tmp_path / "X.npy", mmap_mode="c")  # its changes are in memory alone, and are kept
    changed[0] = 7.0
    release_pages(changed)
    assert (changed[0] == 7.0).all()
    assert not is_mapped(SimilarityLookup(3).fit(changed)._fitted().rows.fixed_X)


@pytest.mark.skipif(not hasattr(mmap, "MADV_DONTNEED"), reason="the system has no such call")
def test_pages_of_a_file_are_let_go_and_come_back(tmp_path):
    np.save(tmp_path / "X.npy", np.ones(4_000_000))
    mapped = np.load(tmp_path / "X.npy", mmap_mode="r")

    def resident():
        with open("/proc/self/statm") as file:
            return int(file.read().split()[1]) * mmap.PAGESIZE

    assert mapped.sum() == 4e6
    before = resident()
    release_pages(mapped[5:])
    assert before - resident() > 24e6
    assert mapped.sum() == 4e6


@pytest.mark.parametrize("place", [0.5, 0.98])
def test_a_damaged_file_is_refused(lookup, tmp_path, place):
    path = lookup.save(tmp_path / "lookup")
    data = bytearray(path.read_bytes())
    data[int(place * len(data))] ^= 1
    path.write_bytes(data)
    with pytest.raises(StorageError, match="is damaged: its content differs from its digest"):
        SimilarityLookup.open(path)
    path.write_bytes(data[:-10])
    with pytest.raises(StorageError, match="is truncated"):
        SimilarityLookup.open(path)


def test_other_files_are_refused(lookup, tmp_path):
    path = write_container(tmp_path / "model", kind="model", version=1, header={}, arrays={})
    with pytest.raises(StorageError, match="holds a model, and a lookup is needed"):
        SimilarityLookup.open(path)
    path = write_container(tmp_path / "new", kind="lookup", version=99, header={}, arrays={})
    with pytest.raises(StorageError, match="as lookup version 99, and this neuralopt reads up to version 1"):
        SimilarityLookup.open(path)
    with pytest.raises(StorageError, match="There is no file"):
        SimilarityLookup.open(tmp_path / "absent")


def test_settings_can_be_given_anew_but_not_the_metric(lookup, tmp_path):
    path = lookup.save(tmp_path / "lookup")
    assert SimilarityLookup.open(path, backend="exact", k_neighbors=2).k_neighbors == 2
    with pytest.raises(
        InvalidArgument, match=r"fitted with metric='euclidean', got 'cosine'\. Fit a new one"
    ):
        SimilarityLookup.open(path, metric="cosine")


def test_a_failed_save_leaves_the_earlier_file(lookup, tmp_path, monkeypatch):
    path = lookup.save(tmp_path / "lookup")
    before = path.read_bytes()

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(StorageError, match="lookup"):
        lookup.remove([0]).save(path)
    assert path.read_bytes() == before
    assert [file.name for file in tmp_path.iterdir()] == ["lookup"]
