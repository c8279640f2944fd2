"""Reading the records of a joint fit."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from neuralopt.core.errors import StorageError
from neuralopt.storage import loads, read_container

VERSION = 1
FACTS, ARRAYS = "joint.json", "joint.safetensors"
_WANTED = (
    *("neuralopt", "title", "created", "machine", "config", "model", "summary", "notes", "task", "target"),
    *("targets", "n_sim", "n_real", "features", "candidates", "chosen", "converged", "before", "after"),
    *("accuracy", "shift", "cover", "coverage"),
)


@dataclass(frozen=True)
class JointRecords:
    """A joint fit as its records tell it.

    Attributes
    ----------
    facts : mapping
        The contents of ``joint.json``.
    arrays : mapping of str to array
        Curves and rows.
    """

    facts: Mapping[str, Any]
    arrays: Mapping[str, np.ndarray]


def load_joint(folder: Path) -> JointRecords:
    """Read the records of a joint fit.

    Parameters
    ----------
    folder : Path
        With ``joint.json`` in it.

    Returns
    -------
    JointRecords
        Facts and arrays.

    Raises
    ------
    StorageError
        When they are damaged or were written by a newer version.
    """
    file = folder / FACTS
    try:
        facts = loads(file.read_bytes())
    except (OSError, ValueError, TypeError) as error:
        raise StorageError(f"{str(file)!r} cannot be read ({error}). Run the joint fit again.") from error
    if not isinstance(facts, dict) or facts.get("format") != "neuralopt-joint":
        raise StorageError(
            f"{str(file)!r} was not written by neuralopt. Give the records folder of a joint fit."
        )
    if isinstance(facts.get("version"), int) and facts["version"] > VERSION:
        raise StorageError(
            f"{str(file)!r} has format version {facts['version']}; this neuralopt reads up to {VERSION}. "
            "Install a newer neuralopt to read it."
        )
    if absent := [key for key in _WANTED if key not in facts]:
        raise StorageError(
            f"{str(file)!r} is damaged: it lacks {', '.join(absent)}. Run the joint fit again."
        )
    return JointRecords(facts, read_container(folder / ARRAYS, kind="joint-record", version=VERSION).arrays)
