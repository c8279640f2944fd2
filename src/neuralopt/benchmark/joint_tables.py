"""Two tables, one of simulated and one of real rows, as arrays of the same columns."""

import contextlib
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from neuralopt.core.errors import DataError
from neuralopt.datasets import TableEncoder
from neuralopt.datasets.fit_table import checked_frame
from neuralopt.datasets.wording import absent, counted, listing

if TYPE_CHECKING:
    import pandas

FEWEST = 3  # real rows that can be left out one by one


class Tables(NamedTuple):
    """Encoded rows: inputs standardised by the simulated ones, targets in their units or class indices."""

    encoder: TableEncoder
    X_sim: np.ndarray  # (n, d)
    y_sim: np.ndarray  # (n, k) or (n,)
    X_real: np.ndarray  # (m, d)
    y_real: np.ndarray  # (m, k) or (m,)


def read_both(
    simulated: "pandas.DataFrame",
    real: "pandas.DataFrame",
    targets: Sequence[str],
    *,
    names: tuple[str, str] = ("the simulated table", "the real table"),
    task: str | None = None,
    drop: Sequence[str] = (),
    missing: str = "refuse",
) -> Tables:
    """Check both tables and encode them alike.

    Parameters
    ----------
    simulated, real : pandas.DataFrame
        With the same columns, in any order.
    targets : sequence of str
        Columns to predict, in both tables.
    names : (str, str)
        What the tables are called in error texts.
    task : {"regression", "classification"}, optional
        By default recognised from the simulated target.
    drop : sequence of str
        Columns to leave out; a table may lack them.
    missing : {"refuse", "impute"}, default "refuse"
        What to do with missing cells of inputs; they are imputed by the simulated rows.

    Returns
    -------
    Tables
        The encoding is that of the simulated table.

    Raises
    ------
    DataError
        When columns differ, the target is missing, cells are not numbers, or there are too few rows.
    """
    frames = [checked_frame(frame) for frame in (simulated, real)]
    known = [name for frame in frames for name in frame.columns]
    frames = [frame.drop(columns=[n for n in drop if n in known], errors="ignore") for frame in frames]
    for frame, name in zip(frames, names, strict=True):
        lacking = [target for target in targets if target not in frame.columns]
        if lacking:
            raise DataError(
                f"{name} has no target column {absent(lacking, list(frame.columns))}. "
                f"It has {listing(frame.columns, 20)}."
            )
    _same_columns(frames, names)
    if len(frames[1]) < FEWEST:
        raise DataError(
            f"{names[1]} has {counted(len(frames[1]), 'row')}, and at least {FEWEST} are needed: the error "
            "of a model is measured by leaving out one real row after the other. Measure more, or train "
            "on the simulated rows alone by neuralopt compare."
        )
    target = targets[0] if len(targets) == 1 else list(targets)
    unknown = [name for name in drop if name not in known]
    with _named(names[0]):
        encoder = TableEncoder.fit(frames[0], target, task=task, drop=unknown, missing=missing)
        X_sim, y_sim = encoder.transform(frames[0]), encoder.encode_target(frames[0])
    with _named(names[1]):
        X_real, y_real = encoder.transform(frames[1]), encoder.encode_target(frames[1])
    if encoder.task == "regression":
        y_sim, y_real = encoder.decode_regression(y_sim), encoder.decode_regression(y_real)
    return Tables(encoder, X_sim, y_sim, X_real, y_real)


def _same_columns(frames: list["pandas.DataFrame"], names: tuple[str, str]) -> None:
    """Raise with the names of the columns that only one table has."""
    columns = [list(frame.columns) for frame in frames]
    problems = []
    for here, there in ((0, 1), (1, 0)):
        only = [name for name in columns[here] if name not in columns[there]]
        if only:
            problems.append(f"{names[there]} lacks {absent(only, columns[there])}, which {names[here]} has")
    if problems:
        raise DataError(
            f"The two tables have different columns: {'; '.join(problems)}. "
            "Give both the same columns, or leave out one by --drop."
        )


@contextlib.contextmanager
def _named(name: str) -> Iterator[None]:
    """Put a table's name before the errors of the block."""
    try:
        yield
    except DataError as error:
        raise DataError(f"{name}: {error}") from None
