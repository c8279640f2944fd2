"""The file that generated pairs are kept in, and that generation goes on from."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from neuralopt.core.errors import DataError, InvalidArgument
from neuralopt.datasets import read_table
from neuralopt.storage import write_text
from neuralopt.text.bundled import BUNDLED, COLUMNS
from neuralopt.text.wording import cell_text

if TYPE_CHECKING:
    import pandas

Row = tuple[Any, ...]
"""A pair as in `COLUMNS`."""


def kept_rows(output: Path, language: str, source: str) -> list[Row]:
    """Return the pairs of a language and a source that a file holds; refuse any other file."""
    if not output.exists():
        return []
    frame = read_table(output, min_rows=1, texts=COLUMNS)
    if list(frame.columns) != list(COLUMNS):
        raise DataError(
            f"'{output}' exists and is not a file of generated pairs: its columns are "
            f"{', '.join(map(str, frame.columns))}. Give another name with -o."
        )
    rows = [tuple(cell_text(cell) for cell in row) for row in frame.itertuples(index=False)]
    for what, place, wanted in (("language", 4, language), ("source", 5, source)):
        for row in rows:
            if row[place] != wanted:
                raise InvalidArgument(
                    f"'{output}' holds pairs of the {what} {row[place]!r}, and {wanted!r} is asked for "
                    "now. Give another name with -o, so that the two are not mixed."
                )
    if any(row[2] not in ("1", "-1") for row in rows):
        raise DataError(
            f"'{output}' holds labels that are not -1 or 1. Restore it, or give another name with -o."
        )
    return [(q, a, int(label), *rest) for q, a, label, *rest in rows]


def write_bundled(frame: "pandas.DataFrame", output: str | Path, language: str) -> Path:
    """Write bundled pairs in place of such pairs; any other file is refused, as `generate_pairs` does."""
    output = Path(output).expanduser()
    kept_rows(output, language, BUNDLED)
    return write_text(output, frame.to_csv(index=False))
