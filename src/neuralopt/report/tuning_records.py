"""Reading the records of a study."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from neuralopt.core.errors import StorageError
from neuralopt.storage import loads, read_container

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
    file = folder / FACTS
    try:
        facts = loads(file.read_bytes())
    except (OSError, ValueError, TypeError) as error:
        raise StorageError(
            f"{str(file)!r} cannot be read ({error}). Write it again: neuralopt tune --resume."
        ) from error
    if not isinstance(facts, dict) or facts.get("format") != "neuralopt-tuning":
        raise StorageError(f"{str(file)!r} was not written by neuralopt. Give the records folder of a study.")
    if isinstance(facts.get("version"), int) and facts["version"] > VERSION:
        raise StorageError(
            f"{str(file)!r} has format version {facts['version']}; this neuralopt reads up to {VERSION}. "
            "Install a newer neuralopt to read it."
        )
    if absent := [key for key in _WANTED if key not in facts]:
        raise StorageError(
            f"{str(file)!r} is damaged: it lacks {', '.join(absent)}. Write it again: "
            "neuralopt tune --resume."
        )
    return TuningRecords(facts, read_container(folder / ARRAYS, kind="tuning-record", version=VERSION).arrays)
