"""The checks of a whole table and of the arguments that go with it, then the fit of each column."""

from collections import Counter
from typing import Any

import numpy as np
import pandas as pd

from neuralopt.core.errors import DataError, InvalidArgument, did_you_mean, raise_problems
from neuralopt.datasets.cells import column_of, kind_of, numbers
from neuralopt.datasets.columns import Column
from neuralopt.datasets.fit_column import fit_column
from neuralopt.datasets.fit_target import fit_classification, fit_regression
from neuralopt.datasets.targets import Target
from neuralopt.datasets.tasks import CLASSIFICATION, REGRESSION, recognise_task
from neuralopt.datasets.wording import counted, listing

MIN_ROWS = 10
_SINGLY = 3  # columns that do not vary: more than this share one note
_TASKS = (REGRESSION, CLASSIFICATION)
_MISSING = ("refuse", "impute")


def checked_frame(frame: Any) -> pd.DataFrame:
    """Return a table whose columns are named by distinct strings."""
    if not isinstance(frame, pd.DataFrame):
        raise InvalidArgument(
            f"A pandas.DataFrame is needed, got {type(frame).__name__}. Wrap it: pandas.DataFrame(values, "
            "columns=names)."
        )
    names = [str(name) for name in frame.columns]
    twice = [name for name, count in Counter(names).items() if count > 1]
    if twice:
        raise DataError(
            f"The table has column names that occur more than once: {listing(twice)}. Rename them."
        )
    return frame.set_axis(names, axis=1)


def fit_table(
    frame: pd.DataFrame,
    targets: tuple[str, ...],
    task: str | None,
    missing: str,
    drop: list[str],
    rows: Any,
) -> tuple[list[Column], Target, list[str]]:
    """Return the encodings of the features and of the target, and the notes; see `TableEncoder.fit`."""
    frame = checked_frame(frame)
    positions = _checked_arguments(frame, targets, task, missing, rows)
    _check_names(frame, targets, drop)
    notes: list[str] = []
    problems: list[str] = []
    if len(frame) < MIN_ROWS:
        problems.append(
            f"The table has {counted(len(frame), 'row')}, and at least {MIN_ROWS} are needed to train and "
            "to test. "
            "Add more rows."
        )
        raise_problems(problems, DataError)
    columns, left_out = [], {}
    features = [name for name in frame.columns if name not in targets and name not in drop]
    for name in features:
        impute = missing == "impute"
        column = fit_column(column_of(frame, name), positions, impute, notes, left_out, problems)
        if column is not None:
            columns.append(column)
    without = _why_left_out(left_out)
    notes += without
    target = _fit_target(frame, targets, task, positions, notes, problems)
    if not columns and not problems:
        cause = " ".join(without) if features else "the table has only its target."
        problems.append(f"No feature column is left: {cause} Give at least one column that varies.")
    raise_problems(problems, DataError)
    assert target is not None
    return columns, target, notes


def _why_left_out(left_out: dict[str, str]) -> list[str]:
    """Return a note for every column that does not vary, or one for many."""
    if len(left_out) <= _SINGLY:
        return list(left_out.values())
    return [
        f"{len(left_out)} columns are left out, because their training rows do not vary: {listing(left_out)}."
    ]


def _checked_arguments(
    frame: pd.DataFrame, targets: tuple[str, ...], task: str | None, missing: str, rows: Any
) -> np.ndarray:
    """Return the training positions, or raise for every argument that is not one of its options."""
    problems = []
    if task is not None and task not in _TASKS:
        problems.append(
            "task must be 'regression', 'classification' or None, got "
            f"{task!r}.{did_you_mean(str(task), _TASKS)}"
        )
    if missing not in _MISSING:
        problems.append(
            f"missing must be 'refuse' or 'impute', got {missing!r}.{did_you_mean(str(missing), _MISSING)}"
        )
    if not targets:
        problems.append("target must name at least one column, got an empty list.")
    if task == CLASSIFICATION and len(targets) > 1:
        problems.append(f"Classification has one target, got {len(targets)}: {listing(targets)}. Choose one.")
    positions = np.arange(len(frame)) if rows is None else np.asarray(rows)
    if rows is not None:
        if positions.ndim != 1 or positions.dtype.kind not in "iu" or len(positions) < 2:
            problems.append(
                f"rows must be a 1-D array of at least 2 integer positions, got type {positions.dtype} and "
                "shape "
                f"{positions.shape}. For a boolean mask give numpy.flatnonzero(mask)."
            )
        elif positions.min() < 0 or positions.max() >= len(frame):
            problems.append(
                f"rows must lie in 0..{len(frame) - 1}, got {positions.min()}..{positions.max()}. "
                "Give positions in this table, counted from 0."
            )
    raise_problems(problems)
    return positions


def _check_names(frame: pd.DataFrame, targets: tuple[str, ...], drop: list[str]) -> None:
    known = list(frame.columns)
    problems = [
        f"There is no target column '{name}'.{did_you_mean(name, known)} The columns are "
        f"{listing(known, 20)}."
        for name in targets
        if name not in known
    ]
    problems += [
        f"There is no column '{name}' to drop.{did_you_mean(name, known)} The columns are "
        f"{listing(known, 20)}."
        for name in drop
        if name not in known
    ]
    both = [name for name in targets if name in drop]
    if both:
        problems.append(f"{listing(both)} cannot be the target and be dropped. Choose one of the two.")
    twice = [name for name, count in Counter(targets).items() if count > 1]
    if twice:
        problems.append(f"{listing(twice)} is named twice as a target. Name each target once.")
    raise_problems(problems, DataError)


def _fit_target(
    frame: pd.DataFrame,
    targets: tuple[str, ...],
    task: str | None,
    rows: np.ndarray,
    notes: list[str],
    problems: list[str],
) -> Target | None:
    first = column_of(frame, targets[0])
    if task is None and len(targets) == 1:
        if kind_of(first) == "text" and (cells := numbers(first)).bad.any() and cells.mostly:
            task = REGRESSION  # numbers, but for a few cells that are then named
        else:
            task, reason = recognise_task(first)
            notes.append(f"{reason} Use --task to decide otherwise.")
    if task == CLASSIFICATION:
        return fit_classification(first, rows, notes, problems)
    return fit_regression(frame, targets, rows, problems)
