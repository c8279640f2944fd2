"""Parquet files to a data frame."""

import re
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from neuralopt.core.errors import DataError, raise_problems
from neuralopt.datasets.schema import check_names

_INDEX = re.compile(r"__index_level_\d+__")


def read_parquet(file: Path) -> pd.DataFrame:
    """Return the table of a Parquet file; an index that pandas saved without a name is left out."""
    try:
        table = pq.ParquetFile(file).read()
    except (pa.ArrowException, OSError) as error:
        reason = str(error).splitlines()[0].rstrip(".")
        raise DataError(
            f"'{file}' is not a readable Parquet file ({reason}). Write it again, or give the file its "
            "true suffix."
        ) from error
    table = table.select([i for i, name in enumerate(table.column_names) if not _INDEX.fullmatch(name)])
    check_names(table.column_names, file)
    raise_problems(
        [
            f"Column '{field.name}' of '{file}' has the type {field.type}, and a cell must hold one value. "
            "Split it into plain columns or remove it."
            for field in table.schema
            if pa.types.is_nested(field.type) or _is_binary(field.type)
        ],
        DataError,
    )
    for i, field in enumerate(table.schema):
        if pa.types.is_decimal(field.type):
            table = table.set_column(i, field.name, table.column(i).cast(pa.float64()))
    return table.to_pandas(ignore_metadata=True, date_as_object=False)


def _is_binary(kind: pa.DataType) -> bool:
    return pa.types.is_binary(kind) or pa.types.is_large_binary(kind) or pa.types.is_fixed_size_binary(kind)
