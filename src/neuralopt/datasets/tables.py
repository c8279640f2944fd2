"""A user's file to a data frame, whatever its format."""

import os
from collections.abc import Collection
from pathlib import Path

import pandas as pd

from neuralopt.core.errors import DataError, did_you_mean
from neuralopt.core.files import readable_file
from neuralopt.datasets.delimited import read_delimited
from neuralopt.datasets.npz import read_npz
from neuralopt.datasets.parquet import read_parquet
from neuralopt.datasets.schema import check_rows

_READERS = {
    ".csv": read_delimited,
    ".tsv": read_delimited,
    ".txt": read_delimited,
    ".parquet": read_parquet,
    ".npz": read_npz,
}


def read_table(
    path: str | os.PathLike[str], *, min_rows: int = 2, texts: Collection[str] = ()
) -> pd.DataFrame:
    """Read a CSV, TSV, TXT, Parquet or NPZ file as a table.

    Text files are UTF-8, with or without a byte order mark, and begin with a line of column names; comma,
    semicolon or tab as delimiter is found by looking, decimals have a point. Empty cells and pandas' usual
    words (``NA``, ``NaN``, ``null``, ``None``, ...) are missing values. A NumPy archive holds ``X`` of shape
    (n, d), with ``y`` of shape (n,) or (n, k) and ``feature_names`` if wanted, which become the columns ``x0,
    x1, ...`` (or those names) and ``y`` (or ``y0, y1, ...``); or it holds 1-D arrays, each a column. Nothing
    is unpickled.

    Row numbers in error texts count from 1, the header not counted.

    Parameters
    ----------
    path : str or path-like
        The file; its suffix says the format, in upper or lower case.
    min_rows : int, default 2
        Fewer rows are refused. For prediction give 1.
    texts : collection of str, default ()
        Columns of text files that are taken as they stand: ``None`` and ``007`` are texts there.

    Returns
    -------
    pandas.DataFrame
        The table, its columns named by strings and its index 0, 1, ...

    Raises
    ------
    DataError
        When the file is missing, unreadable, empty, has no or too few rows, or does not hold one clean table.

    Examples
    --------
    >>> import tempfile
    >>> file = Path(tempfile.mkdtemp()) / "a.csv"
    >>> _ = file.write_text("x;y\\n0.5;a\\n1.5;b\\n")
    >>> read_table(file)
         x  y
    0  0.5  a
    1  1.5  b
    """
    suffix = Path(path).suffix.lower()
    file = readable_file(path, DataError)
    if suffix not in _READERS:
        raise DataError(
            f"'{file}' has the suffix '{suffix}', and tables are read from {', '.join(_READERS)}."
            f"{did_you_mean(suffix, _READERS)} Convert it, or rename it when it is one of these."
        )
    reader = _READERS[suffix]
    frame = reader(file, texts) if reader is read_delimited else reader(file)
    check_rows(len(frame), min_rows, file)
    return frame
