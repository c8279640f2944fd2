"""The table that a command is given: a file or a bundled name, and what is to be predicted."""

from pathlib import Path
from typing import TYPE_CHECKING

from neuralopt.core.errors import DataError, InvalidArgument, did_you_mean
from neuralopt.datasets import bundled_names, bundled_target, load_bundled, read_table
from neuralopt.datasets.wording import listing

if TYPE_CHECKING:
    import pandas


def named_table(data: str, target: list[str]) -> tuple[str, "pandas.DataFrame", list[str]]:
    """Return the name, the rows and the target columns of what a command was given.

    Parameters
    ----------
    data : str
        A file, or a bundled table's name; a file of that name comes first.
    target : list of str
        May be empty for a bundled table, which has its own.

    Returns
    -------
    name : str
    frame : pandas.DataFrame
    target : list of str

    Raises
    ------
    DataError
        When there is no such table.
    InvalidArgument
        When a file is given without a target.
    """
    path = Path(data)
    if data in bundled_names() and not path.exists():
        return data, load_bundled(data), target or [bundled_target(data)]
    if not path.suffix and not path.exists():
        raise DataError(
            f"There is no file {data!r} and no bundled table of that name."
            f"{did_you_mean(data, bundled_names())} Bundled: {', '.join(bundled_names())}."
        )
    frame = read_table(path)
    if not target:
        raise InvalidArgument(
            f"--target is needed: which column of {data!r} is to be predicted? "
            f"It has {listing(frame.columns, 20)}."
        )
    return path.stem, frame, target
