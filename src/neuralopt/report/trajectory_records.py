"""Reading the ways of a task's optimizers."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from neuralopt.core.errors import StorageError
from neuralopt.storage import read_container

_VERSION = 1
_HEADER = ("task", "methods", "far", "labels", "loss", "loss_rows", "explained", "embedding", "random_walk")
_ALL = {"distance": "epoch", "embedding": "embedding_epoch"}
_NEAR = {"plane": "epoch", "residual": "epoch"}


@dataclass(frozen=True)
class Trajectories:
    """What a comparison kept of the ways of its optimizers on one task.

    Attributes
    ----------
    header : mapping
        Names, scores, shares of variance.
    arrays : mapping of str to array
        For every method ``plane/``, ``residual/``, ``embedding/`` and others; the loss on the plane.
    """

    header: Mapping[str, Any]
    arrays: Mapping[str, np.ndarray]


def read_trajectories(folder: Path, task: Mapping[str, Any]) -> Trajectories | None:
    """Return a task's trajectories, None where it has none; StorageError when they are damaged.

    Parameters
    ----------
    folder : Path
    task : mapping
        The task's part of the ranking.

    Returns
    -------
    Trajectories or None
    """
    name = task.get("trajectories")
    if name is None:
        return None
    if Path(name).name != name or "\\" in name:
        raise StorageError(f"{name!r} is not the name of a file in the records folder.")
    held = read_container(folder / name, kind="trajectories", version=_VERSION)
    if problem := _problem(held.header, held.arrays, task):
        raise StorageError(f"{str(folder / name)!r} is damaged: {problem}.")
    return Trajectories(held.header, held.arrays)


def _problem(header: Mapping[str, Any], arrays: Mapping[str, np.ndarray], task: Mapping[str, Any]) -> str:
    if absent := [key for key in _HEADER if key not in header]:
        return f"its header lacks {', '.join(absent)}"
    if header["task"] != task["name"]:
        return f"it belongs to {header['task']!r}"
    if unknown := set(header["methods"]) - {row["method"] for row in task["rows"]}:
        return f"the ranking has no {', '.join(sorted(unknown))}"
    parts = {m: _ALL if m in header["far"] else _ALL | _NEAR for m in header["methods"]}
    names = {m: (*own, *own.values(), "slice") for m, own in parts.items()}
    wanted = [f"{key}/{m}" for m, keys in names.items() for key in keys]
    if absent := [key for key in (*wanted, "grid/x", "grid/y", "grid/loss", "slice_x") if key not in arrays]:
        return f"it lacks the array {', '.join(absent[:3])}"
    for method in header["methods"]:
        for key, like in parts[method].items():
            if len(arrays[f"{key}/{method}"]) != len(arrays[f"{like}/{method}"]):
                return f"{key}/{method} has another length than {like}/{method}"
        if arrays[f"slice/{method}"].shape != arrays["slice_x"].shape:
            return f"slice/{method} has another length than slice_x"
    if arrays["grid/loss"].shape != (len(arrays["grid/y"]), len(arrays["grid/x"])):
        return "the grid's losses do not fit its coordinates"
    surface = arrays.get("slice_plane", np.zeros((1, 1)))
    if surface.ndim != 2 or surface.shape[0] != surface.shape[1]:
        return "the losses around the best model are no square"
    return ""
