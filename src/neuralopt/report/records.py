"""Reading a records folder: the ranking and one record for each of its rows."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from neuralopt.core.errors import InvalidArgument, StorageError, did_you_mean
from neuralopt.report.schema import plain_numbers, ranking_problems
from neuralopt.report.trajectory_records import Trajectories, read_trajectories
from neuralopt.storage import loads, read_container

VERSION = 1
RANKING = "ranking.json"
_CURVES = ("train_loss", "validation_loss", "validation_metric")
_FINALS = ("test_loss", "test_metric")


@dataclass(frozen=True)
class Record:
    """What one method left behind: its curves over learning rates, seeds and epochs.

    Attributes
    ----------
    header : mapping
        Names, learning rates, seeds, statuses, seconds.
    arrays : mapping of str to array
        Curves of shape (L, S, E), final figures of shape (L, S).
    """

    header: Mapping[str, Any]
    arrays: Mapping[str, np.ndarray]

    @property
    def best(self) -> int | None:
        """Index of the chosen learning rate; None when every one of several diverged."""
        best = self.header["best"]
        return 0 if best is None and len(self.arrays["test_loss"]) == 1 else best

    @property
    def diverged(self) -> np.ndarray:
        """Whether a run diverged, shape (L, S) of bool."""
        return np.array(self.header["diverged"], dtype=bool) | ~np.isfinite(self.arrays["test_loss"])


@dataclass(frozen=True)
class TaskRecords:
    """One task of the ranking, with the records of its methods that could be read.

    Attributes
    ----------
    task : mapping
        The task's part of the ranking.
    records : mapping of str to Record
        By method.
    trajectories : Trajectories or None
        The ways of the optimizers, where they were recorded.
    """

    task: Mapping[str, Any]
    records: Mapping[str, Record]
    trajectories: Trajectories | None = None


@dataclass(frozen=True)
class Records:
    """A whole records folder.

    Attributes
    ----------
    folder : Path
        Where it is.
    ranking : mapping
        The whole ranking.
    tasks : tuple of TaskRecords
        In the order of the ranking.
    problems : tuple of str
        One sentence for each record that could not be read.
    """

    folder: Path
    ranking: Mapping[str, Any]
    tasks: tuple[TaskRecords, ...]
    problems: tuple[str, ...]


def load_records(path: str | Path) -> Records:
    """Read a records folder.

    A record that is missing or damaged does not stop the reading: the ranking holds the results,
    so only that method's curves are lost, and ``problems`` says so.

    Parameters
    ----------
    path : str or Path
        The folder that a comparison has written, with ``ranking.json`` in it.

    Returns
    -------
    Records
        The ranking, the records of every task, and one sentence for each unreadable record.

    Raises
    ------
    InvalidArgument
        When there is no such folder, or it is not a records folder.
    StorageError
        When the ranking is damaged or was written by a newer version.

    Examples
    --------
    >>> load_records("no/such/folder")  # doctest: +ELLIPSIS
    Traceback (most recent call last):
        ...
    neuralopt.core.errors.InvalidArgument: There is no folder 'no/such/folder' to make a report...
    """
    folder = Path(path)
    ranking = _read_ranking(folder)
    problems: list[str] = []
    tasks = []
    for task in ranking["tasks"]:
        records = {}
        for row in task["rows"]:
            try:
                records[row["method"]] = _read_record(folder, row, task["name"])
            except StorageError as error:
                problems.append(
                    f"{row['label']} on {task['name']} is in the ranking but not in the curves: {error}"
                )
        trajectories = None
        try:
            trajectories = read_trajectories(folder, task)
        except StorageError as error:
            problems.append(f"The trajectories on {task['name']} could not be read: {error}")
        tasks.append(TaskRecords(task, records, trajectories))
    return Records(folder, ranking, tuple(tasks), tuple(problems))


def _read_ranking(folder: Path) -> dict[str, Any]:
    if not folder.exists():
        near = did_you_mean(folder.name, [p.name for p in folder.parent.glob("*") if p.is_dir()])
        raise InvalidArgument(
            f"There is no folder {str(folder)!r} to make a report from.{near} "
            "Give the records folder that a comparison has written."
        )
    file = folder / RANKING
    if not file.is_file():
        inner = folder / "records"
        near = f" Did you mean {str(inner)!r}?" if (inner / RANKING).is_file() else ""
        raise InvalidArgument(
            f"{str(folder)!r} is not a records folder: it has no {RANKING}.{near} "
            "Give the records folder that a comparison has written."
        )
    try:
        ranking = loads(file.read_bytes())
    except (OSError, ValueError) as error:
        raise StorageError(
            f"{str(file)!r} cannot be read as JSON ({error}). It is damaged; run the comparison again with "
            "resume, which rewrites it from the records."
        ) from error
    if not isinstance(ranking, dict) or ranking.get("format") != "neuralopt-ranking":
        raise StorageError(
            f"{str(file)!r} was not written by neuralopt. Give the records folder of a comparison."
        )
    version = ranking.get("version")
    if isinstance(version, int) and version > VERSION:
        raise StorageError(
            f"{str(file)!r} has format version {version}; this neuralopt reads up to {VERSION}. "
            "Install a newer neuralopt to read it."
        )
    if problems := ranking_problems(ranking):
        raise StorageError(
            f"{str(file)!r} is damaged: {'; '.join(problems)}. Run the comparison again with resume, "
            "which rewrites it from the records."
        )
    return plain_numbers(ranking)


def _read_record(folder: Path, row: Mapping[str, Any], task: str) -> Record:
    name = row["record"]
    if Path(name).name != name or "\\" in name:
        raise StorageError(f"{name!r} is not the name of a file in the records folder.")
    container = read_container(folder / name, kind="record", version=VERSION)
    record = Record(container.header, container.arrays)
    if problem := _record_problem(record, row["method"], task):
        raise StorageError(f"{str(folder / name)!r} is damaged: {problem}.")
    return record


def _record_problem(record: Record, method: str, task: str) -> str:
    """Say what is wrong with a record's contents, or return an empty string."""
    header, arrays = record.header, record.arrays
    wanted = ("task", "method", "label", "learning_rates", "seeds", "best", "statuses", "diverged")
    if absent := [key for key in wanted if key not in header]:
        return f"its header lacks {', '.join(absent)}"
    if (header["task"], header["method"]) != (task, method):
        return f"it belongs to {header['method']!r} on {header['task']!r}"
    if absent := [key for key in _CURVES + _FINALS if key not in arrays]:
        return f"it lacks the array {', '.join(absent)}"
    runs = (max(1, len(header["learning_rates"])), len(header["seeds"]))
    for key in _CURVES + _FINALS:
        shape = arrays[key].shape
        if shape[:2] != runs or len(shape) != (3 if key in _CURVES else 2):
            return f"{key} has shape {shape} for {runs[0]} learning rates and {runs[1]} seeds"
    for key in ("statuses", "diverged"):
        if (len(header[key]), {len(row) for row in header[key]}) != (runs[0], {runs[1]}):
            return f"its {key} are not {runs[0]} x {runs[1]}"
    if header["best"] is not None and header["best"] not in range(runs[0]):
        return f"its best learning rate is number {header['best']} of {runs[0]}"
    return ""
