"""Comma, semicolon and tab separated text to a data frame."""

import csv
import io
from collections.abc import Collection, Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import pandas as pd

from neuralopt.core.errors import DataError, raise_problems
from neuralopt.datasets.schema import check_names
from neuralopt.datasets.wording import counted, first_row

_DELIMITERS = {",": "comma", ";": "semicolon", "\t": "tab"}
_SAMPLE_ROWS = 50
_SHOWN = 5
_QUOTE = "Look for a quote that is not closed."
_DECIMAL_COMMA = r"\s*[+-]?\d+(?:,\d+(?:[eE][+-]?\d+)?)?\s*"


def read_delimited(file: Path, texts: Collection[str] = ()) -> pd.DataFrame:
    """Return the table of a text file whose delimiter is found by looking; columns of texts as they stand."""
    text = _decoded(file)
    delimiter = _sniffed(text)
    names = [name.strip() for name in next(_rows(text, delimiter), [])]
    if not names:
        raise DataError(f"'{file}' holds blank lines only. Give a table with a line of column names.")
    check_names(names, file)
    _check_widths(text, delimiter, len(names), file)
    wanted = [name for name in texts if name in names]
    try:
        frame = _parsed(text, delimiter, names)
        if wanted:
            frame[wanted] = _parsed(text, delimiter, names, dtype=str, na_filter=False)[wanted]
    except pd.errors.ParserError as error:
        raise DataError(f"'{file}' cannot be parsed: {error}. {_QUOTE}") from error
    if delimiter != ",":
        _check_decimal_commas(frame.drop(columns=wanted), file)
    return frame


def _parsed(text: str, delimiter: str, names: list[str], **options: Any) -> pd.DataFrame:
    return pd.read_csv(
        io.StringIO(text),
        sep=delimiter,
        header=0,
        names=names,
        skipinitialspace=True,
        low_memory=False,  # a column's type comes from all of its cells
        **options,
    )


def _decoded(file: Path) -> str:
    data = file.read_bytes()
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise DataError(f"'{file}' is UTF-16 text. Save it as UTF-8 (in a spreadsheet: 'CSV UTF-8').")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise DataError(
            f"'{file}' is not UTF-8 text: line {line} has the byte 0x{data[error.start]:02x}. "
            "It may be in an older encoding such as Latin-1, or not text at all. Save it as UTF-8."
        ) from None
    if "\0" in text:
        line = text.count("\n", 0, text.index("\0")) + 1
        raise DataError(f"'{file}' is not text: line {line} has a zero byte. Give a CSV file saved as UTF-8.")
    return text


def _rows(text: str, delimiter: str) -> Iterator[list[str]]:
    """Yield the rows that pandas will see: blank lines are no rows."""
    for row in csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, skipinitialspace=True):
        if len(row) > 1 or (row and row[0].strip()):
            yield row


def _sniffed(text: str) -> str:
    best, score = ",", (False, 0)
    for delimiter in _DELIMITERS:
        try:
            widths = [len(row) for row in islice(_rows(text, delimiter), _SAMPLE_ROWS)]
        except csv.Error:
            continue
        if widths and (len(set(widths)) == 1 and widths[0] > 1, widths[0]) > score:
            best, score = delimiter, (len(set(widths)) == 1 and widths[0] > 1, widths[0])
    return best


def _check_widths(text: str, delimiter: str, width: int, file: Path) -> None:
    """Name the rows whose number of cells differs from the header's."""
    problems, number = [], 0
    try:
        for number, row in enumerate(islice(_rows(text, delimiter), 1, None), start=1):
            if len(row) != width:
                cure = _QUOTE if any("\n" in cell for cell in row) else "Complete the row, or quote the cell."
                problems.append(
                    f"Row {number} of '{file}' (the header not counted) has {counted(len(row), 'cell')}, "
                    "and the "
                    f"header has {width}; the delimiter is a {_DELIMITERS[delimiter]}. {cure}"
                )
                if len(problems) == _SHOWN:
                    break
    except csv.Error as error:
        problems.append(f"Row {number + 1} of '{file}' cannot be parsed: {error}. {_QUOTE}")
    raise_problems(problems, DataError)


def _check_decimal_commas(frame: pd.DataFrame, file: Path) -> None:
    problems = []
    for name in frame.columns:
        texts = frame[name].dropna()
        if not pd.api.types.is_string_dtype(texts.dtype) or texts.empty:
            continue
        with_comma = frame[name].str.contains(",", regex=False, na=False).to_numpy(dtype=bool)
        if with_comma.any() and texts.str.fullmatch(_DECIMAL_COMMA).all():
            row = first_row(with_comma)
            problems.append(
                f"Column '{name}' of '{file}' has decimal commas (row {row}: '{frame[name].iloc[row - 1]}'). "
                "Write decimal points: 1.5 instead of 1,5."
            )
    raise_problems(problems, DataError)
