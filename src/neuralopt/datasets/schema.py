"""The checks that a table of any format must pass."""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from neuralopt.core.errors import DataError, raise_problems
from neuralopt.datasets.wording import counted, listing


def check_names(names: Sequence[str], file: Path) -> None:
    """Refuse columns without a name and names that occur twice."""
    problems = []
    nameless = [i for i, name in enumerate(names, start=1) if not name]
    if nameless:
        problems.append(
            f"'{file}' has {counted(len(nameless), 'column')} without a name (column {nameless[0]}). "
            "It may be an index saved by pandas (save with index=False) or a delimiter at the end of every "
            "line. Name the column or remove it."
        )
    twice = [name for name, count in Counter(names).items() if name and count > 1]
    if twice:
        problems.append(
            f"'{file}' has column names that occur more than once: {listing(twice)}. "
            "Rename them, so that each column has its own name."
        )
    raise_problems(problems, DataError)


def check_rows(rows: int, min_rows: int, file: Path) -> None:
    """Refuse a table with too few rows."""
    if rows == 0:
        raise DataError(f"'{file}' has column names and no rows. Add the data, one row a line.")
    if rows < min_rows:
        raise DataError(
            f"'{file}' has {counted(rows, 'row')} of data, and at least {min_rows} are needed. Add more rows."
        )
