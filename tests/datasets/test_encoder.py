"""Encoding tables: scikit-learn as the second opinion, then leaks, order, inverses and exact storage."""

import json

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.impute import SimpleImputer
from sklearn.preprocessing import LabelEncoder, OneHotEncoder, StandardScaler

from neuralopt.core.errors import DataError, InvalidArgument
from neuralopt.datasets import TableEncoder


def test_numbers_and_levels_are_scikit_learns(frame):
    rows = np.arange(0, 40, 2)
    encoder = TableEncoder.fit(frame, "price", rows=rows, drop=["kind"])
    X = encoder.transform(frame)
    sizes, cities = frame[["size", "rooms"]].to_numpy(), frame[["city"]].to_numpy()
    scaler = StandardScaler().fit(sizes[rows])
    one_hot = OneHotEncoder(handle_unknown="ignore", sparse_output=False).fit(cities[rows])
    np.testing.assert_allclose(X[:, :2], scaler.transform(sizes), rtol=1e-12, atol=1e-12)
    np.testing.assert_array_equal(X[:, 2], frame["garden"])
    np.testing.assert_array_equal(X[:, 3:], one_hot.transform(cities))
    assert encoder.feature_names == ["size", "rooms", "garden", "city=Ankara", "city=Bursa"]
    assert X.dtype == np.float64


def test_a_regression_target_is_scikit_learns(frame):
    rows = np.arange(0, 40, 2)
    encoder = TableEncoder.fit(frame, "price", rows=rows)
    prices = frame[["price"]].to_numpy()
    scaler = StandardScaler().fit(prices[rows])
    y = encoder.encode_target(frame)
    np.testing.assert_allclose(y, scaler.transform(prices), rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(encoder.target_mean, scaler.mean_)
    np.testing.assert_allclose(encoder.target_scale, scaler.scale_)
    assert (encoder.task, encoder.classes, encoder.target_names) == ("regression", [], ["price"])


def test_imputation_is_scikit_learns(frame):
    holes = frame["size"].to_numpy().copy()
    holes[[1, 4, 9]] = np.nan
    frame["size"] = holes
    encoder = TableEncoder.fit(frame[["size", "price"]], "price", missing="impute")
    filled = SimpleImputer(strategy="median", add_indicator=True).fit_transform(holes[:, None])
    scaled = StandardScaler().fit_transform(filled[:, :1])
    np.testing.assert_allclose(encoder.transform(frame), np.column_stack([scaled, filled[:, 1]]), atol=1e-12)
    assert encoder.feature_names == ["size", "size is missing"]


def test_missing_levels_and_booleans_are_imputed(frame):
    frame["city"] = frame["city"].astype(object)
    frame["garden"] = frame["garden"].astype(object)
    frame.loc[[0, 5], "city"] = None
    frame.loc[[2, 7], "garden"] = None
    encoder = TableEncoder.fit(frame[["city", "garden", "price"]], "price", missing="impute")
    X = encoder.transform(frame)
    assert encoder.feature_names[-3:] == ["city is missing", "garden", "garden is missing"]
    np.testing.assert_array_equal(X[:, 4], frame["city"].isna())
    np.testing.assert_array_equal(X[:, 6], frame["garden"].isna())
    np.testing.assert_array_equal(X.sum(axis=1)[[0, 5]] - X[[0, 5], 5:].sum(axis=1), 1)
    assert set(X[[2, 7], 5]) == {0.0}  # the median: a third of the rows is true


def test_missing_where_training_had_none(frame):
    encoder = TableEncoder.fit(frame[["size", "city", "price"]], "price", missing="impute")
    new = frame.iloc[:1].astype(object).copy()
    new["size"], new["city"] = None, None
    median = (np.median(frame["size"]) - frame["size"].mean()) / frame["size"].std(ddof=0)
    np.testing.assert_allclose(encoder.transform(new), [[median, 0, 0, 0, 0]], atol=1e-12)


@pytest.mark.parametrize("missing", ["refuse", "impute"])
@pytest.mark.parametrize("target", ["price", "kind"])
def test_nothing_leaks_from_rows_outside_training(frame, missing, target):
    rows = np.arange(20)
    if missing == "impute":
        frame.loc[[3, 30], "size"] = np.nan
    before = TableEncoder.fit(frame, target, rows=rows, missing=missing)
    changed = frame.copy()
    changed.loc[20:, "size"] = 1e6
    changed.loc[20:, "rooms"] = 99
    changed.loc[20:, "city"] = "Paris"
    changed.loc[20:, "price"] = -1e6
    after = TableEncoder.fit(changed, target, rows=rows, missing=missing)
    assert after == before


def test_an_unseen_level_is_all_zeros(frame):
    encoder = TableEncoder.fit(frame[["city", "price"]], "price")
    new = pd.DataFrame({"city": ["Paris", "Bursa", " Bursa "]})
    np.testing.assert_array_equal(encoder.transform(new), [[0, 0, 0, 0], [0, 0, 1, 0], [0, 0, 1, 0]])


def test_column_order_and_extra_columns_do_not_matter(frame):
    encoder = TableEncoder.fit(frame, "price")
    shuffled = frame[["city", "kind", "price", "rooms", "garden", "size"]].assign(extra="x")
    np.testing.assert_array_equal(encoder.transform(shuffled), encoder.transform(frame))
    np.testing.assert_array_equal(encoder.encode_target(shuffled), encoder.encode_target(frame))


@pytest.mark.parametrize("factor", [1e-300, 1e300])
def test_very_small_and_very_large_numbers_are_standardised(frame, factor):
    scaled = frame.assign(size=frame["size"] * factor, price=frame["price"] * factor)
    for call in (TableEncoder.transform, TableEncoder.encode_target):
        found = call(TableEncoder.fit(scaled, "price"), scaled)
        np.testing.assert_allclose(found, call(TableEncoder.fit(frame, "price"), frame), rtol=1e-9, atol=1e-9)


def test_index_and_row_order_belong_to_the_table(frame):
    encoder = TableEncoder.fit(frame, "price", rows=np.arange(10, 30))
    other = frame.set_index(np.arange(40)[::-1])
    assert TableEncoder.fit(other, "price", rows=np.arange(10, 30)) == encoder
    np.testing.assert_array_equal(encoder.transform(frame.iloc[::-1]), encoder.transform(frame)[::-1])
    assert encoder.transform(frame.iloc[:0]).shape == (0, len(encoder.feature_names))


@pytest.mark.parametrize(
    ("labels", "classes"),
    [
        (["b", "a", "c"], ["a", "b", "c"]),
        ([True, False, True], [False, True]),
        ([2, 10, 1], [1, 2, 10]),
        ([0.5, 1.5, -1.0], [-1.0, 0.5, 1.5]),
        (pd.array([2, 10, 1], dtype="Int64"), [1, 2, 10]),
        (pd.Categorical(["b", "a", "c"]), ["a", "b", "c"]),
        (pd.array(["b", "a", "c"], dtype="string"), ["a", "b", "c"]),
    ],
)
def test_classes_keep_their_labels(labels, classes):
    column = pd.Series(labels).repeat(20).reset_index(drop=True)
    frame = pd.DataFrame({"x": np.arange(60), "y": column})
    encoder = TableEncoder.fit(frame, "y", task="classification")
    assert encoder.classes == classes
    assert [type(c) for c in encoder.classes] == [type(c) for c in classes]
    index = encoder.encode_target(frame)
    assert index.dtype == np.int64
    np.testing.assert_array_equal(index, LabelEncoder().fit_transform(column.to_numpy()))
    assert encoder.target_mean.shape == encoder.target_scale.shape == (0,)


def test_a_class_is_known_in_any_spelling(frame):
    frame["stars"] = np.arange(40) % 3
    encoder = TableEncoder.fit(frame, "stars")
    for spelled in ([0.0, 2.0], ["0", "2"], pd.Categorical(["0", "2"])):
        np.testing.assert_array_equal(encoder.encode_target(pd.DataFrame({"stars": spelled})), [0, 2])


def test_classes_that_are_numbers_written_as_text_are_recognised(frame):
    frame["stars"] = [str(i % 3) for i in range(40)]
    encoder = TableEncoder.fit(frame, "stars")
    assert encoder.classes == ["0", "1", "2"]
    assert encoder.notes[0].startswith("Classification, because 'stars' holds whole numbers with 3 distinct")


def test_several_targets(frame):
    encoder = TableEncoder.fit(frame, ["price", "size"])
    y = encoder.encode_target(frame)
    assert (encoder.task, y.shape, encoder.target_names) == ("regression", (40, 2), ["price", "size"])
    np.testing.assert_allclose(y.mean(axis=0), 0, atol=1e-12)
    np.testing.assert_allclose(y.std(axis=0), 1)
    np.testing.assert_allclose(encoder.decode_regression(y), frame[["price", "size"]].to_numpy(), rtol=1e-12)


def test_text_that_spells_numbers_is_numeric(frame):
    spelled = frame.assign(size=[f" {v!r} " for v in frame["size"].tolist()])
    encoder = TableEncoder.fit(spelled, "price")
    expected = TableEncoder.fit(frame, "price").transform(frame)
    np.testing.assert_array_equal(encoder.transform(spelled), expected)
    assert "Column 'size' holds numbers written as text; they are used as numbers." in encoder.notes


@pytest.mark.parametrize(
    "spelled",
    [
        [True, False],
        [1, 0],
        ["True", "false"],
        ["1", "0"],
        pd.array([True, False], dtype="boolean"),
        pd.Categorical([True, False]),
    ],
)
def test_booleans_are_known_in_any_spelling(frame, spelled):
    encoder = TableEncoder.fit(frame[["garden", "price"]], "price")
    np.testing.assert_array_equal(encoder.transform(pd.DataFrame({"garden": spelled})), [[1], [0]])


def test_columns_that_say_nothing_are_left_out_with_a_note(frame):
    frame["constant"] = 0.1
    frame["site"] = "A"
    frame["always"] = True
    frame["late"] = np.where(np.arange(40) < 20, 7, 8)
    frame["void"] = np.nan
    options = {"rows": np.arange(20), "missing": "impute"}
    encoder = TableEncoder.fit(frame, "price", **options)
    assert [column.name for column in encoder.columns] == ["size", "rooms", "garden", "city", "kind"]
    assert encoder.notes[0] == (  # many share one note
        "5 columns are left out, because their training rows do not vary: "
        "'constant', 'site', 'always', 'late', 'void'."
    )
    same = "is left out: every training row has the same value"
    notes = {
        "constant": f"Column 'constant' {same}, 0.1.",
        "site": f"Column 'site' {same}, A.",
        "always": f"Column 'always' {same}, True.",
        "late": f"Column 'late' {same}, 7.",
        "void": "Column 'void' is left out: no training row has a value in it.",
    }
    for few in (["constant", "site", "always"], ["late", "void"]):
        some = TableEncoder.fit(frame.drop(columns=set(notes) - set(few)), "price", **options)
        assert some.notes[:-1] == tuple(notes[name] for name in few)
    encoder.transform(frame.drop(columns=["constant", "site", "void"]))  # what was left out is not asked for


def test_notes_say_how_the_task_was_recognised(frame):
    assert TableEncoder.fit(frame, "price").notes == (
        "Regression, because 'price' holds numbers that are not whole. Use --task to decide otherwise.",
    )
    assert TableEncoder.fit(frame, "price", task="regression").notes == ()


def test_a_class_without_a_training_row_is_noted(frame):
    frame["stars"] = np.repeat([0, 1, 0, 2], 10)
    encoder = TableEncoder.fit(frame, "stars", task="classification", rows=np.arange(20))
    assert encoder.notes == ("No training row of 'stars' has the class '2'.",)
    assert encoder.classes == [0, 1, 2]


def test_columns_named_by_numbers_are_known_by_their_text():
    frame = pd.DataFrame(np.random.default_rng(0).normal(size=(12, 3)))
    encoder = TableEncoder.fit(frame, 2)  # pyright: ignore[reportArgumentType]
    assert encoder.feature_names == ["0", "1"]
    np.testing.assert_array_equal(encoder.transform(frame.rename(columns=str)), encoder.transform(frame))


def test_decode_takes_one_target_flat_and_refuses_other_shapes(frame):
    encoder = TableEncoder.fit(frame, "price")
    flat, column = [0.0, 1.0], [[0.0], [1.0]]
    np.testing.assert_array_equal(encoder.decode_regression(flat), encoder.decode_regression(column))
    with pytest.raises(InvalidArgument, match=r"for 1 target has shape \(n, 1\), got \(2, 3\)"):
        encoder.decode_regression(np.zeros((2, 3)))
    with pytest.raises(InvalidArgument, match="needs a regression task, and this one is classification"):
        TableEncoder.fit(frame, "kind").decode_regression([0.0])


FINITE = st.floats(-(2.0**40), 2.0**40, width=32)  # what differs, differs by more than 1e-45


@st.composite
def tables(draw):
    n = draw(st.integers(10, 25))
    column = {
        "a": st.lists(FINITE, min_size=n, max_size=n),
        "b": st.lists(FINITE | st.none(), min_size=n, max_size=n),
        "c": st.lists(st.sampled_from(["x", "y", "zé", None]), min_size=n, max_size=n),
        "d": st.lists(st.booleans() | st.none(), min_size=n, max_size=n),
    }
    frame = pd.DataFrame({name: draw(values) for name, values in column.items()})
    frame["y"] = np.arange(n) * draw(st.floats(1e-3, 1e6)) + draw(FINITE)
    frame["sure"] = np.arange(n, dtype=float)
    return frame, draw(st.sampled_from(["regression", "classification"]))


@settings(max_examples=60, deadline=None)
@given(table=tables(), data=st.data())
def test_storage_order_and_inverse_hold_for_any_table(table, data):
    frame, task = table
    if task == "classification":
        frame["y"] = np.where(np.arange(len(frame)) % 2, "yes", "no")
    encoder = TableEncoder.fit(frame, "y", task=task, missing="impute", rows=np.arange(5, len(frame)))
    restored = TableEncoder.from_dict(json.loads(json.dumps(encoder.to_dict(), allow_nan=False)))
    assert restored == encoder
    X, y = encoder.transform(frame), encoder.encode_target(frame)
    assert X.shape == (len(frame), len(encoder.feature_names))
    assert np.isfinite(X).all()
    shuffled = frame[data.draw(st.permutations(list(frame.columns)))]
    np.testing.assert_array_equal(restored.transform(shuffled), X)
    np.testing.assert_array_equal(restored.encode_target(shuffled), y)
    if task == "regression":
        prices = frame[["y"]].to_numpy()
        size = abs(prices).max()
        np.testing.assert_allclose(restored.decode_regression(y), prices, rtol=1e-9, atol=1e-9 * size)
    else:
        assert [restored.classes[i] for i in y] == frame["y"].tolist()


def test_to_dict_is_plain(frame):
    for target in ("price", "kind"):
        plain = TableEncoder.fit(frame, target).to_dict()
        assert json.loads(json.dumps(plain, allow_nan=False)) == plain


def _changed(plain, path, value):
    *way, last = path
    place = plain
    for step in way:
        place = place[step]
    if value is KeyError:
        del place[last]
    else:
        place[last] = value
    return plain


@pytest.mark.parametrize(
    ("target", "path", "value", "words"),
    [
        ("price", ["version"], 2, "encoder['version'] must be one of 1, got 2"),
        ("price", ["missing"], "guess", "['missing'] must be one of 'refuse', 'impute', got 'guess'"),
        ("price", ["notes"], KeyError, "encoder lacks the field 'notes'"),
        ("price", ["notes"], [1], "encoder['notes'] must be a list of strings"),
        ("price", ["more"], 1, "encoder has the unknown field 'more'"),
        ("price", ["columns"], [], "encoder['columns'] must be a list with at least one item"),
        ("price", ["columns", 0], 5, "['columns'][0]['kind'] must be one of 'numeric', 'categorical'"),
        ("price", ["columns", 0, "kind"], "x", "got 'x'"),
        ("price", ["columns", 0, "scale"], 0.0, "['columns'][0]['scale'] must be a number above 0, got 0.0"),
        ("price", ["columns", 0, "mean"], "1", "['columns'][0]['mean'] must be a finite number, got '1'"),
        ("price", ["columns", 0, "boolean"], 1, "['columns'][0]['boolean'] must be true or false, got 1"),
        ("price", ["columns", 0, "name"], 1, "encoder['columns'][0]['name'] must be a string, got 1"),
        ("price", ["columns", 3, "levels"], ["a", "a"], "['levels'] must be a list without repetition"),
        ("price", ["columns", 3, "levels"], [1], "['levels'] must be a list, each item a string"),
        ("price", ["target"], 5, "encoder['target'] must be a dict, got int"),
        ("price", ["target", "mean"], [1.0, 2.0], "must have as many means and scales as names"),
        ("price", ["target", "task"], "x", "['task'] must be one of 'regression', 'classification'"),
        ("kind", ["target", "classes"], ["a"], "must have one name and at least 2 classes"),
        ("kind", ["target", "classes"], [None, 1], "each item a string, a number or a boolean"),
    ],
)
def test_a_description_that_cannot_be_is_refused(frame, target, path, value, words):
    plain = _changed(TableEncoder.fit(frame, target).to_dict(), path, value)
    with pytest.raises(InvalidArgument) as caught:
        TableEncoder.from_dict(plain)
    assert words in str(caught.value)


def test_all_impossible_fields_are_listed_at_once(frame):
    plain = TableEncoder.fit(frame, "price").to_dict()
    plain["columns"][0]["scale"] = -1.0
    plain["columns"][1]["mean"] = float("nan")
    plain["target"]["scale"] = [0.0]
    with pytest.raises(InvalidArgument, match=r"^3 problems:"):
        TableEncoder.from_dict(plain)


def test_what_is_no_table_is_refused(frame):
    encoder = TableEncoder.fit(frame, "price")
    with pytest.raises(InvalidArgument, match=r"A pandas\.DataFrame is needed, got ndarray"):
        encoder.transform(np.zeros((2, 2)))  # pyright: ignore[reportArgumentType]
    twice = pd.concat([frame, frame[["size"]]], axis=1)
    with pytest.raises(DataError, match="occur more than once: 'size'"):
        encoder.transform(twice)
