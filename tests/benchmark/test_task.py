"""The split, the encoding by training rows, and the refusal of what cannot be split."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from neuralopt.benchmark import make_task
from neuralopt.benchmark.naming import distinct_slugs, slug
from neuralopt.benchmark.task import split_rows
from neuralopt.core.errors import DataError, InvalidArgument

labels = arrays(np.int64, st.integers(3, 80), elements=st.integers(0, 4))


@given(labels, st.integers(0, 5))
def test_a_split_is_complete_disjoint_and_stratified(y, seed):
    parts = split_rows(y, len(y), seed)
    assert sorted(np.concatenate(parts)) == list(range(len(y)))
    train, validation, test = (np.bincount(y[p], minlength=5) for p in parts)
    for count, *held in zip(np.bincount(y, minlength=5), train, validation, test):
        if count in (1, 2):
            assert held == [count, 0, 0]
        else:
            assert abs(held[1] - 0.2 * count) <= 0.5
            assert abs(held[2] - 0.2 * count) <= 0.5
            assert held[0] >= held[1]


@given(labels, st.integers(0, 5), st.permutations(range(5)))
def test_names_of_classes_in_the_same_order_do_not_matter(y, seed, names):
    renamed = 10 * y + 3
    for mine, theirs in zip(split_rows(y, len(y), seed), split_rows(renamed, len(y), seed)):
        np.testing.assert_array_equal(mine, theirs)
    # other orders draw other rows, as many of each class
    permuted = np.array(names)[y]
    for mine, theirs in zip(split_rows(y, len(y), seed), split_rows(permuted, len(y), seed)):
        counts = np.bincount(y[mine], minlength=5), np.bincount(permuted[theirs], minlength=5)
        np.testing.assert_array_equal(counts[0], counts[1][list(names)])


@given(st.integers(3, 200), st.integers(0, 9))
def test_a_split_of_quantities(count, seed):
    parts = split_rows(None, count, seed)
    assert sorted(np.concatenate(parts)) == list(range(count))
    assert [len(p) for p in parts[1:]] == [round(0.2 * count)] * 2
    for mine, again in zip(parts, split_rows(None, count, seed)):
        np.testing.assert_array_equal(mine, again)


def test_another_seed_is_another_split():
    assert not np.array_equal(split_rows(None, 100, 0)[2], split_rows(None, 100, 1)[2])


@pytest.mark.parametrize("kind", ["regression", "classification"])
def test_values_of_held_out_rows_reach_neither_encoder_nor_training_arrays(frame_of, kind):
    frame = frame_of(kind).assign(city=["x", "y", "z"] * 20)
    task = make_task("t", frame, "y")
    labels = task.encoder.encode_target(frame) if kind == "classification" else None
    _, validation, test = split_rows(labels, 60, 0)
    other = frame.copy()
    held = np.concatenate([validation, test])
    other.loc[held, "a"] = 1000.0 + np.arange(len(held))
    other.loc[held, "city"] = "x"
    if kind == "regression":
        other.loc[held, "y"] = -500.5
    again = make_task("t", other, "y")
    assert again.encoder == task.encoder
    np.testing.assert_array_equal(again.train.X, task.train.X)
    np.testing.assert_array_equal(again.train.y, task.train.y)
    assert again.digest != task.digest
    assert not np.array_equal(again.test.X, task.test.X)


def test_standardised_by_the_training_rows(task):
    np.testing.assert_allclose(task.train.X.mean(axis=0), 0, atol=1e-12)
    np.testing.assert_allclose(task.train.X.std(axis=0), 1, rtol=1e-12)
    assert task.facts()["n_train"] == len(task.train.X) == 36


def test_the_digest_notices_every_change(frame_of):
    frame = frame_of("regression")
    changed = [
        make_task("t", frame, "y"),
        make_task("t", frame, "y", seed=1),
        make_task("t", frame.rename(columns={"a": "A"}), "y"),
        make_task("t", frame, "y", missing="impute"),
        make_task("t", frame, "y", drop=["a"]),
        make_task("t", frame[["b", "a", "c", "y"]], "y"),
        make_task("t", frame.assign(y=frame["y"].where(frame.index != 7, 0.25)), "y"),
        make_task("t", frame, ["y", "a"]),
    ]
    assert len({t.digest for t in changed}) == len(changed)
    assert make_task("other", frame, "y").digest == changed[0].digest


def test_columns_that_are_numbers():
    frame = pd.DataFrame(np.random.default_rng(0).normal(size=(30, 3)))
    assert make_task("t", frame, "2").reason == "Regression, because '2' holds numbers that are not whole."
    assert make_task("t", frame, ["1", "2"]).reason == "Regression, because several targets were given."


def test_what_cannot_be_split():
    frame = pd.DataFrame({"a": np.arange(12.0), "y": list("ffeeddccbbaa")})
    with pytest.raises(DataError, match=r"2 rows only \(6 classes in 12 rows\), and a class needs"):
        make_task("t", frame, "y")
    with pytest.raises(InvalidArgument, match="seed must be a whole number >= 0, got -1"):
        make_task("t", frame, "y", seed=-1)


def test_fewer_test_rows_than_classes():
    frame = pd.DataFrame({"a": np.arange(30.0), "y": [*("a" * 20), *"bbccddeeff"]})
    task = make_task("t", frame, "y")
    assert (len(task.test.y), task.outputs) == (4, 6)


@given(st.lists(st.text(max_size=70), unique=True, max_size=8))
def test_slugs_are_distinct_and_fit_a_file_name(names):
    slugs = list(distinct_slugs(names).values())
    assert len(set(slugs)) == len(names)
    for text in slugs:
        assert text
        assert len(text) <= 63
        assert "--" not in text
        assert all(c.isalnum() or c == "-" for c in text)
    assert all(slug(text) for text in names)
