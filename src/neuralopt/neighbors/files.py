"""A lookup as a file: the rows that are left in order of their ids, and the metric as it was fitted."""

import os
from pathlib import Path
from typing import Any

import numpy as np

from neuralopt.neighbors.metrics import METRICS, Euclidean
from neuralopt.neighbors.rows import Rows
from neuralopt.storage import read_container, write_container

_KIND, _VERSION = "lookup", 1


def write_lookup(
    path: str | os.PathLike[str], settings: dict[str, Any], rows: Rows, metric: Euclidean
) -> Path:
    """Write a container of kind ``"lookup"``."""
    left = np.flatnonzero(rows.alive)
    left = left[np.argsort(rows.ids[left])]
    arrays = {f"metric.{name}": value for name, value in metric.state().items()}
    arrays |= {"X": rows.take(left).astype(rows.fixed_X.dtype, copy=False), "ids": rows.ids[left]}
    if rows.y is not None:
        arrays["y"] = rows.targets(left)
    header = {"settings": settings, "next_id": rows.next_id}
    return write_container(path, kind=_KIND, version=_VERSION, header=header, arrays=arrays)


def read_lookup(path: str | os.PathLike[str], mmap: bool) -> tuple[dict[str, Any], Rows, Euclidean]:
    """Read and verify what `write_lookup` wrote."""
    found = read_container(path, kind=_KIND, version=_VERSION, mmap=mmap)
    settings, arrays = found.header["settings"], found.arrays
    rows = Rows(arrays["X"], arrays.get("y"), np.array(arrays["ids"]), mapped=mmap)
    rows.next_id = found.header["next_id"]
    prefix = "metric."
    state = {name.removeprefix(prefix): np.array(a) for name, a in arrays.items() if name.startswith(prefix)}
    return settings, rows, METRICS[settings["metric"]].restored(state)
