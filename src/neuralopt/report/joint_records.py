"""Reading the records of a joint fit."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from neuralopt.report.facts import read_facts
from neuralopt.storage import read_container

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
    facts = read_facts(
        folder / FACTS,
        format="neuralopt-joint",
        version=VERSION,
        wanted=_WANTED,
        whose="a joint fit",
        cure="Run the joint fit again.",
    )
    return JointRecords(facts, read_container(folder / ARRAYS, kind="joint-record", version=VERSION).arrays)
