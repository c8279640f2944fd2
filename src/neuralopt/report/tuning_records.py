"""Reading the records of a study."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from neuralopt.report.facts import read_facts
from neuralopt.storage import read_container

VERSION = 1
FACTS, ARRAYS = "tuning.json", "tuning.safetensors"
_WANTED = (
    *("neuralopt", "title", "created", "machine", "config", "notes", "names", "directions", "method"),
    *("pruner", "space", "trials", "order", "best", "best_text", "importance", "front", "interrupted"),
    *("seconds", "model"),
)


@dataclass(frozen=True)
class TuningRecords:
    """A study as its records tell it.

    Attributes
    ----------
    facts : mapping
        The contents of ``tuning.json``.
    arrays : mapping of str to array
        What trials reported: ``trial``, ``step`` and ``value``, one entry for each report.
    """

    facts: Mapping[str, Any]
    arrays: Mapping[str, np.ndarray]

    @property
    def space(self) -> dict[str, Mapping[str, Any]]:
        """The dimensions by name, in the order of the study."""
        return dict(self.facts["space"])

    @property
    def complete(self) -> list[Mapping[str, Any]]:
        """The trials that were evaluated to the end and gave finite values."""
        return [
            t
            for t in self.facts["trials"]
            if t["state"] == "COMPLETE" and t["values"] and np.isfinite(t["values"]).all()
        ]

    @property
    def sign(self) -> int:
        """1 where the first objective is minimised, -1 where it is maximised."""
        return 1 if self.facts["directions"][0] == "minimize" else -1


def load_tuning(folder: Path) -> TuningRecords:
    """Read the records of a study.

    Parameters
    ----------
    folder : Path
        With ``tuning.json`` in it.

    Returns
    -------
    TuningRecords
        Facts and arrays.

    Raises
    ------
    StorageError
        When they are damaged or were written by a newer version.
    """
    facts = read_facts(
        folder / FACTS,
        format="neuralopt-tuning",
        version=VERSION,
        wanted=_WANTED,
        whose="a study",
        cure="Write it again: neuralopt tune --resume.",
    )
    return TuningRecords(facts, read_container(folder / ARRAYS, kind="tuning-record", version=VERSION).arrays)
