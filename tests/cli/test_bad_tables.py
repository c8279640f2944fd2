"""Tables that cannot be used: one sentence with value, cause and cure, exit code 2, nothing left behind."""

import errno
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from neuralopt.benchmark.task import split_rows


def write(frame, name="data.csv"):
    frame.to_csv(name, index=False)
    return name


@pytest.mark.parametrize(
    ("content", "sentences"),
    [
        ("", ["'data.csv' is empty (0 bytes)", "write it again"]),
        ("\n\n", ["'data.csv' holds blank lines only", "column names"]),
        ("a,y\n", ["'data.csv' has column names and no rows", "Add the data"]),
        ("a,y\n1,2\n", ["'data.csv' has 1 row of data, and at least 2 are needed"]),
        ("a,y\n1,2\n2,3\n", ["The table has 2 rows, and at least 10 are needed"]),
        ("a,y\n1,2,3\n2,3\n", ["Row 1 of 'data.csv'", "has 3 cells, and the header has 2"]),
        ("a,,y\n1,2,3\n", ["column without a name"]),
        ("a,a,y\n1,2,3\n", ["more than once: 'a'"]),
    ],
)
def test_a_file_without_a_table(refused, content, sentences):
    Path("data.csv").write_text(content)
    said = refused("data.csv", "-t", "y")
    for sentence in sentences:
        assert sentence in said


def test_bytes_that_are_no_text(refused):
    Path("data.csv").write_bytes(b"a,y\n1,\xff\n")
    assert "is not UTF-8 text: line 2 has the byte 0xff" in refused("data.csv", "-t", "y")


def test_one_class(refused, kinds):
    said = refused(write(kinds.assign(kind="oak")), "-t", "kind")
    assert "The target 'kind' has one class only, 'oak', in all 60 rows" in said
    assert "Choose another target or add rows of another class." in said


def test_a_constant_target(refused, numbers):
    said = refused(write(numbers.assign(y=1.5)), "-t", "y")
    assert "The target 'y' has the same value, 1.5, in all 60 rows" in said
    assert "there is nothing to learn" in said


def test_a_target_that_is_constant_in_the_training_rows(refused, numbers):
    test_row = split_rows(None, len(numbers), 0)[2][0]
    said = refused(write(numbers.assign(y=np.where(np.arange(60) == test_row, 2.5, 1.5))), "-t", "y")
    assert "The target 'y' has the same value, 1.5, in all 36 training rows" in said


@pytest.mark.parametrize(
    ("cell", "sentence"),
    [
        ("", "Column 'b' has 1 missing value (first in row 8)"),
        ("NaN", "Column 'b' has 1 missing value (first in row 8)"),
        ("inf", "Column 'b' has 1 infinite value (first in row 8: inf)"),
        ("-Infinity", "Column 'b' has 1 infinite value (first in row 8: -inf)"),
        ("heavy", "Column 'b' is numeric and has text in 1 row (first in row 8: 'heavy')"),
    ],
)
def test_a_cell_that_is_no_number(refused, numbers, cell, sentence):
    frame = numbers.astype({"b": object})
    frame.loc[7, "b"] = cell
    assert sentence in refused(write(frame), "-t", "y")


@pytest.mark.parametrize("cell", ["", "inf", "heavy"])
def test_a_target_cell_that_is_no_number(refused, numbers, cell):
    frame = numbers.astype({"y": object})
    frame.loc[7, "y"] = cell
    said = refused(write(frame), "-t", "y", "--task", "regression")
    assert "he target 'y' has " in said or "Column 'y' has 1 infinite value" in said
    assert "first in row 8" in said


def test_everything_wrong_is_said_at_once(refused, numbers):
    frame = numbers.astype({"a": object, "b": object})
    frame.loc[3, "a"], frame.loc[7, "b"] = "", "heavy"
    said = refused(write(frame), "-t", "y")
    assert "2 problems" in said
    assert "Column 'a'" in said
    assert "Column 'b'" in said


def test_a_target_that_is_not_there(refused, kinds):
    said = refused(write(kinds), "-t", "Kindd")
    assert "There is no target column 'Kindd'. Did you mean 'kind'?" in said
    assert "'a', 'b', 'c', 'kind'" in said


def test_no_target_given(refused, kinds):
    said = refused(write(kinds))
    assert "--target is needed: which column of 'data.csv' is to be predicted? It has 'a', 'b'" in said


def test_a_column_to_drop_that_is_not_there(refused, kinds):
    assert "There is no column 'aa' to drop. Did you mean 'a'?" in refused(
        write(kinds), "-t", "kind", "--drop", "aa"
    )


def test_only_the_target(refused, kinds):
    assert "No feature column is left" in refused(write(kinds[["kind"]].assign(a=1)), "-t", "kind")


def test_a_class_with_one_row(refused, kinds):
    frame = kinds.copy()
    frame.loc[5, "kind"] = "yew"
    assert "1 class with one row only: 'yew'. A class needs at least 2" in refused(write(frame), "-t", "kind")


def test_two_rows_in_every_class(refused):
    frame = pd.DataFrame({"a": np.arange(12.0), "kind": [f"k{i % 6}" for i in range(12)]})
    said = refused(write(frame), "-t", "kind")
    assert "Every class of the target 'kind' has 2 rows only (6 classes in 12 rows)" in said
    assert "Add rows, or merge classes." in said


def test_more_classes_than_rows_allow(refused):
    frame = pd.DataFrame({"a": np.arange(200.0), "kind": [f"k{i // 2}" for i in range(200)]})
    assert "has 100 different values in 200 rows, too many for classes" in refused(write(frame), "-t", "kind")


def test_a_column_with_too_many_categories(refused, numbers):
    frame = pd.concat([numbers] * 2).assign(code=[f"id-{i}" for i in range(120)])
    said = refused(write(frame), "-t", "y")
    assert "Column 'code' has 120 different texts in 120 rows, too many for categories" in said
    assert "--drop code" in said


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("missing.csv", "There is no file 'missing.csv'"),
        ("digist", "There is no file 'digist' and no bundled table of that name. Did you mean 'digits'?"),
        ("data.xlsx", "has the suffix '.xlsx', and tables are read from .csv"),
        ("folder.csv", "'folder.csv' is a folder, and a file is needed"),
        ("nowhere/data.csv", "the folder 'nowhere' does not exist"),
        ("fake.parquet", "is not a readable Parquet file"),
        ("fake.npz", "is not a NumPy archive"),
    ],
)
def test_a_file_that_cannot_be_read(refused, name, sentence):
    Path("folder.csv").mkdir()
    for other in ("data.xlsx", "fake.parquet", "fake.npz"):
        Path(other).write_text("a,y\n1,2\n")
    assert sentence in refused(name, "-t", "y")


def test_an_unreadable_file(refused, kinds, monkeypatch):
    def deny(*args, **kwargs):  # as for a user who is not root
        raise PermissionError(errno.EACCES, "Permission denied")

    write(kinds)
    monkeypatch.setattr("neuralopt.core.files.Path.open", deny)
    said = refused("data.csv", "-t", "kind")
    assert "'data.csv' cannot be read: permission denied. Make it readable (chmod u+r 'data.csv')" in said


def test_with_several_tables_the_error_says_which(refused, kinds, numbers):
    write(kinds, "trees.csv")
    write(numbers, "prices.csv")
    said = refused("trees.csv", "prices.csv", "-t", "nothing")
    assert "2 problems" in said
    assert "trees: There is no target column 'nothing'" in said
    assert "prices: There is no target column 'nothing'" in said


def test_the_same_table_twice(refused, kinds):
    assert "'data.csv' is given more than once" in refused(write(kinds), "data.csv", "-t", "kind")
