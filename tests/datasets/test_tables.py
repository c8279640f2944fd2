"""Reading tables: every format gives the same frame, every broken file its sentence."""

import datetime
import decimal

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from neuralopt.core.errors import DataError
from neuralopt.datasets import read_table

FRAME = pd.DataFrame(
    {"x": [0.1, 1e-300, -2.5], "n": [1, 2, 3], "city": ["İzmir", "a,b", 'say "hi"'], "ok": [True] * 3}
)


def refusal(path, **kwargs):
    with pytest.raises(DataError) as caught:
        read_table(path, **kwargs)
    return str(caught.value)


@pytest.fixture
def write(tmp_path):
    def write(content, name="t.csv"):
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return write


@pytest.fixture
def savez(tmp_path):
    def savez(**arrays):
        np.savez(tmp_path / "t.npz", **arrays)
        return tmp_path / "t.npz"

    return savez


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("name", ["t.csv", "t.CSV", "t.tsv", "t.txt"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig"])
def test_text_is_read_whatever_its_delimiter(tmp_path, delimiter, name, encoding):
    FRAME.to_csv(tmp_path / name, sep=delimiter, index=False, encoding=encoding)
    pd.testing.assert_frame_equal(read_table(tmp_path / name), FRAME)


def test_parquet_and_npz_give_the_same_frame(tmp_path):
    FRAME.to_parquet(tmp_path / "t.parquet")
    pd.testing.assert_frame_equal(read_table(tmp_path / "t.parquet"), FRAME)
    np.savez(
        tmp_path / "t.npz",
        **{name: FRAME[name].to_numpy(dtype=FRAME[name].to_numpy().dtype) for name in "xn"},
    )
    pd.testing.assert_frame_equal(read_table(tmp_path / "t.npz"), FRAME[["x", "n"]])


@settings(max_examples=40, deadline=None)
@given(values=st.lists(st.floats(allow_nan=False, allow_infinity=False), min_size=2, max_size=20))
def test_floats_in_text_keep_every_bit(tmp_path_factory, values):
    path = tmp_path_factory.getbasetemp() / "floats.csv"
    path.write_text("x,y\n" + "".join(f"{v!r},0\n" for v in values))
    np.testing.assert_array_equal(read_table(path)["x"].to_numpy(dtype=float), values)


def test_blank_lines_are_no_rows_and_blanks_round_names_do_not_count(write):
    frame = read_table(write("\n a , b\n1, 2\n\n3, 4\n   \n"))
    assert frame.to_dict("list") == {"a": [1, 3], "b": [2, 4]}


def test_a_missing_cell_in_one_column_as_pandas_writes_it(write):
    assert read_table(write('a\n1\n""\n2\n'))["a"].isna().tolist() == [False, True, False]


def test_one_column(write):
    assert read_table(write("a\n1\n2\n")).to_dict("list") == {"a": [1, 2]}


def test_empty_cells_are_missing(write):
    frame = read_table(write("a,b\n1,\n,x\nNA,null\n"))
    assert frame.isna().to_numpy().tolist() == [[False, True], [True, False], [True, True]]


def test_quoted_cells_may_hold_line_ends_and_delimiters(write):
    frame = read_table(write('a;b\n"x;\ny";1\nz;2\n'))
    assert frame.to_dict("list") == {"a": ["x;\ny", "z"], "b": [1, 2]}


def test_blanks_after_a_delimiter_do_not_count(write):
    frame = read_table(write('a, b\n1, "x,y"\n2, z\n'))
    assert frame.to_dict("list") == {"a": [1, 2], "b": ["x,y", "z"]}


def test_one_row_is_enough_when_asked(write):
    assert len(read_table(write("a,b\n1,2\n"), min_rows=1)) == 1


def test_paths_that_cannot_be_read(write, tmp_path, monkeypatch):
    path = write("a,b\n1,2\n3,4\n", "measurements.csv")
    assert refusal(tmp_path / "measurement.csv").endswith("Did you mean 'measurements.csv'?")
    assert "is a folder" in refusal(tmp_path)
    assert "is empty (0 bytes)" in refusal(write("", "empty.csv"))

    def deny(*args, **kwargs):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("pathlib.Path.open", deny)
    assert "cannot be read: permission denied" in refusal(path)


@pytest.mark.parametrize("name", ["t.xlsx", "t.parquett", "t"])
def test_an_unknown_suffix(write, name):
    text = refusal(write("a,b\n1,2\n", name))
    assert "and tables are read from .csv, .tsv, .txt, .parquet, .npz." in text
    assert ("Did you mean '.parquet'?" in text) is (name == "t.parquett")


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("\n \n", "holds blank lines only"),
        ("a,b\n", "has column names and no rows"),
        ("a,b\n1,2\n", "has 1 row of data, and at least 2 are needed"),
        ("a,b,a\n1,2,3\n4,5,6\n", "has column names that occur more than once: 'a'. Rename them"),
        ("a,,b\n1,2,3\n4,5,6\n", "has 1 column without a name (column 2)"),
        ("a,b,\n1,2,\n4,5,\n", "has 1 column without a name (column 3)"),
        ("a,b\n1,2\n3\n4,5\n", "Row 2 of '{path}' (the header not counted) has 1 cell, and the header has 2"),
        ("a,b\n1,2\n3,4,5\n", "Row 2 of '{path}' (the header not counted) has 3 cells"),
        ("a;b;c\n1;2;3\n4;5\n", "the delimiter is a semicolon"),
        (
            'a,b\n1,2\n"3,4\n',
            "has 1 cell, and the header has 2; the delimiter is a comma. Look for a quote that",
        ),
        ('a,b\n1,2\n3,"4\n', "cannot be parsed: Error tokenizing data"),
        (
            "a;b\n1,5;x\n2;y\n",
            "Column 'a' of '{path}' has decimal commas (row 1: '1,5'). Write decimal points",
        ),
        ("a\tb\n2\tx\n-1,5e3\ty\n", "Column 'a' of '{path}' has decimal commas (row 2: '-1,5e3')"),
        ("a,b\n1,caf\u00e9\n".encode("latin-1"), "is not UTF-8 text: line 2 has the byte 0xe9"),
        ("a,b\n1,2\n".encode("utf-16"), "is UTF-16 text. Save it as UTF-8"),
        (b"a,b\n1,\0\n", "is not text: line 2 has a zero byte"),
        (
            "a,b\n1," + "x" * 200_000 + "\n",
            "Row 1 of '{path}' cannot be parsed: field larger than field limit",
        ),
    ],
)
def test_text_that_is_no_table(write, content, words):
    path = write(content)
    assert words.replace("{path}", str(path)) in refusal(path)


def test_many_ragged_rows_are_named_together(write):
    text = refusal(write("a,b\n" + "1\n" * 9))
    assert text.startswith("5 problems:")
    assert "Row 5 of" in text


def test_commas_in_real_text_are_no_decimal_commas(write):
    assert read_table(write("a;b\n1,5;x\n2,x;y\n"))["a"].tolist() == ["1,5", "2,x"]


def test_npz_with_a_matrix(savez):
    X, y = np.arange(6.0).reshape(3, 2), np.array([1, 0, 1])
    assert list(read_table(savez(X=X, y=y)).columns) == ["x0", "x1", "y"]
    frame = read_table(savez(X=X, y=np.stack([y, y], 1), feature_names=np.array(["a", "b"])))
    assert list(frame.columns) == ["a", "b", "y0", "y1"]
    np.testing.assert_array_equal(frame[["a", "b"]].to_numpy(), X)
    assert list(read_table(savez(X=X.astype(">f4"))).columns) == ["x0", "x1"]


def test_npz_with_columns_of_any_plain_type(savez):
    frame = read_table(
        savez(b=np.array([True, False]), s=np.array(["u", "v"]), h=np.array([1, 2], np.float16))
    )
    assert frame.to_dict("list") == {"b": [True, False], "s": ["u", "v"], "h": [1.0, 2.0]}


@pytest.mark.parametrize(
    ("arrays", "words"),
    [
        ({"a": np.zeros(3), "b": np.zeros(4)}, "has arrays of different length: 'a' 3, 'b' 4"),
        ({"X": np.zeros((3, 2)), "y": np.zeros(4)}, "has arrays of different length: 'X' 3, 'y' 4"),
        ({"X": np.zeros(3)}, "X in '{path}' has shape (3,), and (n, d) is needed"),
        ({"X": np.zeros((3, 2)), "y": np.zeros((3, 1, 1))}, "y in '{path}' has shape (3, 1, 1)"),
        ({"X": np.zeros((3, 2)), "z": np.zeros(3)}, "arrays that have no place beside it: 'z'"),
        ({"X": np.zeros((3, 2)), "feature_names": np.array(["a"])}, "for each of the 2 columns of X"),
        ({"X": np.zeros((3, 2)), "feature_names": np.zeros(2)}, "feature_names in '{path}' has type float64"),
        ({"X": np.zeros((3, 2)), "feature_names": np.array(["a", "a"])}, "occur more than once: 'a'"),
        (
            {"X": np.zeros((3, 1)), "y": np.zeros(3), "feature_names": np.array(["y"])},
            "occur more than once: 'y'",
        ),
        ({"a": np.zeros((3, 2))}, "The array 'a' of '{path}' has shape (3, 2), and without X"),
        (
            {"a": np.array([None, 1])},
            "The array 'a' of '{path}' cannot be used: Object arrays cannot be loaded",
        ),
        ({"a": np.zeros(3, complex)}, "The array 'a' of '{path}' cannot be used: its type is complex128"),
        ({"a": np.zeros(0)}, "has column names and no rows"),
        ({}, "holds no arrays"),
    ],
)
def test_npz_that_is_no_table(savez, arrays, words):
    path = savez(**arrays)
    assert words.replace("{path}", str(path)) in refusal(path)


@pytest.mark.parametrize("name", ["t.npz", "t.parquet"])
def test_a_file_whose_suffix_lies(write, name):
    kind = {"t.npz": "a NumPy archive", "t.parquet": "a readable Parquet file"}[name]
    assert f"is not {kind}" in refusal(write("a,b\n1,2\n", name))


@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
def test_a_damaged_npz(tmp_path, save):
    path = tmp_path / "t.npz"
    save(path, a=np.random.default_rng(0).normal(size=1000))
    whole = path.read_bytes()
    for place in range(200, len(whole) - 200, 97):
        path.write_bytes(whole[:place] + bytes([whole[place] ^ 0x10]) + whole[place + 1 :])
        assert "is not a NumPy archive" in refusal(path)


def test_an_archive_of_something_else(tmp_path):
    import zipfile

    with zipfile.ZipFile(tmp_path / "t.npz", "w") as archive:
        archive.writestr("readme.txt", "hello")
    assert "The array 'readme.txt' of" in refusal(tmp_path / "t.npz")


def test_a_truncated_parquet(tmp_path):
    FRAME.to_parquet(tmp_path / "t.parquet")
    data = (tmp_path / "t.parquet").read_bytes()
    (tmp_path / "t.parquet").write_bytes(data[: len(data) // 2])
    assert "is not a readable Parquet file" in refusal(tmp_path / "t.parquet")


def test_parquet_without_one_value_a_cell(tmp_path):
    table = pa.table({"l": [[1], [2]], "s": [{"a": 1}, {"a": 2}], "b": [b"x", b"y"], "ok": [1, 2]})
    pq.write_table(table, tmp_path / "t.parquet")
    text = refusal(tmp_path / "t.parquet")
    assert text.startswith("3 problems:")
    assert "Column 'l' of" in text
    assert "has the type binary, and a cell must hold one value" in text


def test_parquet_with_names_twice(tmp_path):
    pq.write_table(pa.table([[1, 2], [2, 3]], names=["a", "a"]), tmp_path / "t.parquet")
    assert "occur more than once: 'a'" in refusal(tmp_path / "t.parquet")


def test_parquet_types(tmp_path):
    table = pa.table(
        {
            "money": [decimal.Decimal("1.25"), None],
            "day": [datetime.date(2024, 1, 2), None],
            "count": [1, None],
            "kind": pa.array(["u", "v"]).dictionary_encode(),
        }
    )
    pq.write_table(table, tmp_path / "t.parquet")
    frame = read_table(tmp_path / "t.parquet")
    assert frame["money"].dtype == frame["count"].dtype == np.float64
    assert frame["money"][0] == 1.25
    assert frame["day"].dtype.kind == "M"
    assert isinstance(frame["kind"].dtype, pd.CategoricalDtype)


def test_an_unnamed_index_in_parquet_is_no_feature_and_a_named_one_is_a_column(tmp_path):
    FRAME.set_axis([3, 1, 7]).to_parquet(tmp_path / "t.parquet")
    pd.testing.assert_frame_equal(read_table(tmp_path / "t.parquet"), FRAME)
    FRAME.set_axis(pd.Index([3, 1, 7], name="id")).to_parquet(tmp_path / "t.parquet")
    assert read_table(tmp_path / "t.parquet")["id"].tolist() == [3, 1, 7]
