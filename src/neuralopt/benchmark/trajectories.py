"""The ways of a comparison's optimizers: kept while it runs, concluded into one record for each task."""

import shutil
from pathlib import Path
from typing import Any

import numpy as np

from neuralopt.benchmark.records import Record
from neuralopt.benchmark.task import Task
from neuralopt.benchmark.trajectory_analysis import analyse
from neuralopt.core.errors import StorageError
from neuralopt.models import MLP
from neuralopt.storage import Container, read_container, write_container

KIND, VERSION = "trajectories", 1
POINTS, LARGEST = 30, 200_000
"""Points of a path; parameters of the largest network whose paths are recorded."""
_PATH, _PARTS = "path", ("trajectory", "trajectory_epoch")
_FEWEST = 5  # points of all paths together; fewer make no picture


def points_for(network: MLP) -> int | None:
    """Return how many points of its paths are recorded; None for a network that is too large."""
    return POINTS if network.parameter_count <= LARGEST else None


def too_large(records: list[Record]) -> list[str]:
    """Return a sentence on networks whose paths are too large to be recorded, or nothing."""
    sizes = [r.header["parameters"] for r in records if r.header["family"] == "gradient"]
    if not sizes or (largest := max(sizes)) <= LARGEST:
        return []
    return [
        f"No trajectories: they are recorded of networks up to {LARGEST:,} parameters, "
        f"this one has {largest:,}."
    ]


def path_arrays(path: tuple[np.ndarray, np.ndarray] | None) -> dict[str, np.ndarray]:
    """Return a sweep's path under the names that it has in a record."""
    return {} if path is None else dict(zip(_PARTS, reversed(path), strict=True))


def keep_path(file: Path, record: Record) -> Record:
    """Write a record's path to a file of its own beside the records; return the record without it.

    A path is as large as some thirty models. It is needed until the task is concluded, also by a
    comparison that is resumed.
    """
    if _PARTS[0] not in record.arrays:
        return record
    arrays = {name: record.arrays[name] for name in _PARTS}
    write_container(_place(file), kind=_PATH, version=VERSION, header={}, arrays=arrays)
    return Record(record.header, {k: a for k, a in record.arrays.items() if k not in _PARTS})


def drop_paths(folder: Path) -> None:
    """Remove the paths of a comparison that is complete."""
    shutil.rmtree(folder / "paths", ignore_errors=True)


def write_trajectories(
    folder: Path, task: Task, slug: str, records: list[tuple[str, Record]], rows: list[dict[str, Any]]
) -> dict[str, str]:
    """Write a task's record of trajectories; return its name for the ranking, or nothing.

    Parameters
    ----------
    folder : Path
    task : Task
    slug : str
    records : list of (file name, Record)
    rows : list of dict
        In the order of the ranking.

    Returns
    -------
    dict
        With the key ``trajectories`` where there are any.
    """
    name = f"{slug}--trajectories.safetensors"
    while name in dict(records):  # somebody named an optimizer so
        name = f"{Path(name).stem}-of-all.safetensors"
    file, kept = folder / "records" / name, _kept(folder / "records" / name)
    paths = {
        record.header["method"]: path
        for own, record in records
        if (path := _path(folder / "records" / own)) is not None
    }
    if kept is None or not set(paths) <= set(kept.header["methods"]):
        if sum(len(epoch) for epoch, _ in paths.values()) < _FEWEST:
            return {}
        order = [row["method"] for row in rows if row["method"] in paths]
        by_method = {record.header["method"]: record for _, record in records}
        header, arrays = analyse({m: paths[m] for m in order}, {m: by_method[m] for m in order}, task)
        write_container(file, kind=KIND, version=VERSION, header=header, arrays=arrays)
    return {"trajectories": name}


def _place(file: Path) -> Path:
    return file.parents[1] / "paths" / file.name


def _path(file: Path) -> tuple[np.ndarray, np.ndarray] | None:
    if not _place(file).exists():
        return None
    try:
        arrays = read_container(_place(file), kind=_PATH, version=VERSION).arrays
    except StorageError:  # damaged: this method is left out of the pictures
        return None
    return arrays["trajectory_epoch"], arrays["trajectory"]


def _kept(file: Path) -> Container | None:
    if not file.exists():
        return None
    try:
        return read_container(file, kind=KIND, version=VERSION)
    except StorageError:
        return None
