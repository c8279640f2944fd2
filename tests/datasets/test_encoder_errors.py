"""Tables that cannot be used: each problem with its column, row and cure, all of them at once."""

import datetime

import numpy as np
import pandas as pd
import pytest

from neuralopt.core.errors import DataError, InvalidArgument
from neuralopt.datasets import TableEncoder


def refusal(frame, target="price", **kwargs):
    with pytest.raises(DataError) as caught:
        TableEncoder.fit(frame, target, **kwargs)
    return str(caught.value)


def with_cell(frame, column, row, value):
    """Put a value into a data row counted from 1."""
    frame = frame.astype({column: object})
    frame.iloc[row - 1, frame.columns.get_loc(column)] = value
    return frame


@pytest.mark.parametrize("column", ["size", "city", "garden"])
@pytest.mark.parametrize("hole", [None, np.nan, pd.NA, " "])
def test_missing_values_are_refused(frame, column, hole):
    text = refusal(with_cell(with_cell(frame, column, 5, hole), column, 9, hole))
    assert text == (
        f"Column '{column}' has 2 missing values (first in row 5). Fill them, or use --missing impute "
        f'(in Python missing="impute"), or leave the column out with --drop {column}.'
    )


@pytest.mark.parametrize("missing", ["refuse", "impute"])
def test_infinity_is_always_refused(frame, missing):
    frame.loc[7, "size"] = -np.inf
    text = refusal(frame, missing=missing)
    assert "Column 'size' has 1 infinite value (first in row 8: -inf)." in text
    assert "correct the cell or remove the row" in text


def test_text_among_numbers(frame):
    frame = with_cell(with_cell(frame, "size", 3, "n/a"), "size", 6, "?")
    assert refusal(frame) == (
        "Column 'size' is numeric and has text in 2 rows (first in row 3: 'n/a'). Correct the cell, or "
        "empty it and "
        "use --missing impute, or leave the column out with --drop size."
    )


def test_mostly_means_four_fifths():
    texts = [str(v) for v in range(8)] + ["a", "b"]
    frame = pd.DataFrame({"x": texts, "y": np.arange(10.0)})
    assert "Column 'x' is numeric and has text in 2 rows (first in row 9: 'a')" in refusal(frame, "y")
    frame["x"] = [*texts[:7], "c", "a", "b"]
    assert len(TableEncoder.fit(frame, "y").feature_names) == 10


@pytest.mark.parametrize(
    "moments",
    [
        pd.date_range("2024-01-01", periods=40),
        pd.timedelta_range("1h", periods=40),
        pd.period_range("2024-01", periods=40, freq="M"),
        [datetime.date(2024, 1, 1)] * 40,
        [datetime.time(1, 2)] * 40,
        ["2024-01-05"] * 40,
        ["2024-01-05T10:30:00Z"] * 40,
    ],
)
def test_dates_are_refused(frame, moments):
    frame["when"] = moments
    text = refusal(frame)
    assert text.startswith("Column 'when' holds dates or times, which have no single best encoding.")
    assert text.endswith("or leave it out with --drop when.")


@pytest.mark.parametrize("things", [[[1, 2]] * 40, [{"a": 1}] * 40, [b"x"] * 40, [1j] * 40, [object()] * 40])
def test_cells_that_are_no_values_are_refused(frame, things):
    frame["odd"] = things
    assert "Column 'odd' holds values that are neither numbers nor texts" in refusal(frame)


def test_identifiers_are_refused():
    frame = pd.DataFrame({"id": [f"u{i}" for i in range(60)], "x": np.arange(60), "y": np.arange(60) / 7})
    assert refusal(frame, "y").startswith(
        "Column 'id' has 60 different texts in 60 rows, too many for categories: it looks like an "
        "identifier or "
        "free text. Leave it out with --drop id, or group its values into at most 50."
    )
    assert TableEncoder.fit(frame, "y", drop=["id"]).feature_names == ["x"]
    assert len(TableEncoder.fit(frame.iloc[:50], "y").feature_names) == 51
    many = pd.concat([frame] * 5, ignore_index=True)  # 60 of 300 rows are 20 %: not too many
    assert len(TableEncoder.fit(many, "y").feature_names) == 61


def test_numbers_whose_spread_overflows(frame):
    frame["size"] = np.where(np.arange(40), 1.7e308, -1.7e308)
    text = "has values from -1.7e+308 to 1.7e+308, whose spread is no number that a computer holds."
    assert refusal(frame) == f"Column 'size' {text} Rescale it, or leave it out with --drop size."
    frame["price"] = frame.pop("size")
    assert refusal(frame, task="regression") == f"The target 'price' {text} Rescale it."


def test_a_missing_target_column(frame):
    assert refusal(frame, "prize") == (
        "There is no target column 'prize'. Did you mean 'price'? "
        "The columns are 'size', 'rooms', 'garden', 'city', 'price', 'kind'."
    )
    text = refusal(frame, ["prize", "zzz"], drop=["citty"])
    assert text.startswith("3 problems:")
    assert "There is no column 'citty' to drop. Did you mean 'city'?" in text


def test_targets_that_contradict(frame):
    assert "'price' cannot be the target and be dropped" in refusal(frame, drop=["price"])
    assert "'price' is named twice as a target" in refusal(frame, ["price", "price"])


@pytest.mark.parametrize(("target", "missing"), [("price", "refuse"), ("kind", "impute")])
def test_missing_targets_are_refused(frame, target, missing):
    text = refusal(with_cell(frame, target, 4, None), target, missing=missing)
    assert text == (
        f"The target '{target}' has 1 missing value (first in row 4). "
        "A row without its target teaches nothing: remove it."
    )


@pytest.mark.parametrize("task", ["regression", "classification"])
def test_infinite_targets_are_refused(frame, task):
    frame["stars"] = np.where(np.arange(40) < 20, 1.0, 2.0)
    frame.loc[2, "stars"] = np.inf
    assert "Column 'stars' has 1 infinite value (first in row 3: inf)" in refusal(frame, "stars", task=task)


def test_one_class(frame):
    frame["kind"] = "flat"
    assert refusal(frame, "kind").startswith("The target 'kind' has one class only, 'flat', in all 40 rows")


def test_one_class_in_training(frame):
    frame["kind"] = np.repeat(["flat", "house"], 20)
    assert refusal(frame, "kind", rows=np.arange(20)).startswith(
        "The target 'kind' has one class only, 'flat', in its training rows. Draw the training rows so"
    )


def test_rare_classes_are_named(frame):
    frame["kind"] = ["tent", "cave", *["flat", "house"] * 19]
    assert refusal(frame, "kind").startswith(
        "The target 'kind' has 2 classes with one row only: 'cave', 'tent'. A class needs at least 2"
    )


def test_a_constant_target(frame):
    frame["price"] = 3.0
    assert refusal(frame) == (
        "The target 'price' has the same value, 3, in all 40 rows: there is nothing to learn. "
        "Choose another target or add rows."
    )
    frame["price"] = np.repeat([0.1, 0.5], 20)
    text = refusal(frame, task="regression", rows=np.arange(20))
    assert "has the same value, 0.1, in all 20 training rows" in text


def test_text_forced_to_regression(frame):
    assert refusal(frame, "kind", task="regression").endswith(
        "and regression needs numbers. Give a numeric column, or use --task classification."
    )
    text = refusal(with_cell(frame, "price", 2, "high"), task="regression")
    assert "The target 'price' has text in 1 row (first in row 2: 'high')" in text
    assert text.endswith("Correct the cell, or use --task classification.")


def test_a_target_that_is_a_number_but_for_a_cell(frame):
    assert "has text in 1 row (first in row 2: 'high')" in refusal(with_cell(frame, "price", 2, "high"))
    frame["stars"] = (["0", "1", "2", "3", "4+"] * 8)[: len(frame)]
    assert "The target 'stars' has text in 8 rows (first in row 5: '4+')" in refusal(frame, "stars")
    assert TableEncoder.fit(frame, "stars", task="classification").classes == ["0", "1", "2", "3", "4+"]


def test_a_continuous_target_forced_to_classification(frame):
    assert refusal(frame, task="classification") == (
        "The target 'price' has 40 different values in 40 rows, too many for classes. Use --task regression."
    )


def test_an_identifier_as_target():
    frame = pd.DataFrame({"x": np.arange(60), "id": [f"u{i}" for i in range(60)]})
    text = refusal(frame, "id")
    assert "has 60 different values in 60 rows, too many for classes. Choose another target." in text


def test_a_date_as_target(frame):
    frame["when"] = pd.date_range("2024-01-01", periods=40)
    for task in ("regression", "classification", None):
        assert "Column 'when' holds dates or times" in refusal(frame, "when", task=task)


@pytest.mark.parametrize("rows", [1, 9])
def test_too_few_rows(frame, rows):
    counted = "1 row" if rows == 1 else "9 rows"
    assert refusal(frame.iloc[:rows]).startswith(f"The table has {counted}, and at least 10 are needed")


def test_no_feature_is_left(frame):
    assert refusal(frame[["price"]]).startswith("No feature column is left: the table has only its target.")
    frame["size"] = 1.0
    assert refusal(frame[["size", "price"]]).endswith(
        "No feature column is left: Column 'size' is left out: every training row has the same value, 1. "
        "Give at least one column that varies."
    )


def test_all_problems_are_listed_at_once(frame):
    frame.loc[3, "size"] = np.nan
    frame = with_cell(frame, "rooms", 5, np.inf)
    frame["when"] = pd.date_range("2024-01-01", periods=40)
    frame["price"] = 1.5
    text = refusal(frame)
    assert text.startswith("4 problems:")
    for name in ("size", "rooms", "when", "price"):
        assert f"'{name}'" in text


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"task": "regresion"}, "got 'regresion'. Did you mean 'regression'?"),
        ({"missing": "imput"}, "must be 'refuse' or 'impute', got 'imput'. Did you mean 'impute'?"),
        ({"target": []}, "target must name at least one column, got an empty list"),
        ({"target": ["price", "kind"], "task": "classification"}, "Classification has one target, got 2"),
        ({"rows": np.ones(40, bool)}, "a 1-D array of at least 2 integer positions, got type bool"),
        ({"rows": [1]}, "of at least 2 integer positions"),
        ({"rows": [[1, 2]]}, "got type int64 and shape (1, 2)"),
        ({"rows": [0, 40]}, "rows must lie in 0..39, got 0..40"),
        ({"rows": [-1, 3]}, "rows must lie in 0..39, got -1..3"),
    ],
)
def test_arguments_outside_their_options(frame, arguments, words):
    with pytest.raises(InvalidArgument) as caught:
        TableEncoder.fit(frame, **({"target": "price"} | arguments))
    assert words in str(caught.value)


def test_all_wrong_arguments_are_listed_at_once(frame):
    with pytest.raises(InvalidArgument, match=r"^3 problems:"):
        TableEncoder.fit(frame, "price", task="x", missing="y", rows=[0])


def later_refusal(frame, new, target="price", call="transform", **kwargs):
    encoder = TableEncoder.fit(frame, target, **kwargs)
    with pytest.raises(DataError) as caught:
        getattr(encoder, call)(new)
    return str(caught.value)


def test_the_wrong_width_at_prediction(frame):
    new = frame.rename(columns={"size": "Size"}).drop(columns=["rooms", "price"])
    assert later_refusal(frame, new) == (
        "The table lacks 2 of the 5 feature columns that training had: 'size' (did you mean 'Size'?), "
        "'rooms'. "
        "It has 'Size', 'garden', 'city', 'kind'. "
        "Name its columns as in training; their order and further columns do not matter."
    )
    assert "lacks 1 of the 1 target column that training had: 'price'" in later_refusal(
        frame, new, call="encode_target"
    )


def test_bad_cells_at_prediction_are_listed_at_once(frame):
    new = with_cell(frame, "size", 2, "big").astype({"rooms": float})
    new.loc[2, "rooms"] = np.inf
    new = with_cell(with_cell(new, "city", 4, None), "garden", 5, 7)
    text = later_refusal(frame, new)
    assert text.startswith("4 problems:")
    assert "Column 'size' is numeric and has text in 1 row (first in row 2: 'big')" in text
    assert "Column 'rooms' has 1 infinite value (first in row 3: inf)" in text
    assert "Column 'city' has 1 missing value (first in row 4)" in text
    assert "Column 'garden' was true or false in training and has 7 in row 5. Write true, false" in text


@pytest.mark.parametrize("column", ["size", "city", "garden"])
def test_missing_values_at_prediction(frame, column):
    text = later_refusal(frame, with_cell(frame, column, 3, None))
    assert f"Column '{column}' has 1 missing value (first in row 3)" in text


@pytest.mark.parametrize("column", ["size", "city"])
def test_dates_at_prediction(frame, column):
    new = frame.assign(**{column: pd.date_range("2024-01-01", periods=40)})
    assert f"Column '{column}' holds dates or times" in later_refusal(frame, new)


def test_text_at_prediction_is_refused_even_when_imputing(frame):
    new = with_cell(frame, "size", 2, "big")
    assert "has text in 1 row (first in row 2: 'big')" in later_refusal(frame, new, missing="impute")


def test_a_value_that_overflows_at_prediction(frame):
    frame["size"] = np.arange(40) * 1e-300
    text = later_refusal(frame, frame.assign(size=1e300))
    assert "Column 'size' has a value too large for its training scale in row 1: 1e+300" in text


def test_an_unknown_class(frame):
    new = with_cell(frame, "kind", 6, "hous")
    assert later_refusal(frame, new, "kind", "encode_target") == (
        "The target 'kind' has a class in row 6 that training did not have: 'hous'. Did you mean 'house'? "
        "The classes are 'flat', 'house'."
    )
