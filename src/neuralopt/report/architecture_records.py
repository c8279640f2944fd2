"""Reading the records of an architecture search."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from neuralopt.report.facts import lacking, read_facts

VERSION = 1
FACTS = "architecture.json"
_WANTED = (
    *("neuralopt", "title", "created", "machine", "config", "summary", "task", "model", "metric", "space"),
    *("best", "evaluations", "lineage", "trained", "predictors"),
)
_OF_EVALUATIONS = (
    *("arm", "number", "parent", "architecture", "score", "metric", "parameters", "multiply_adds"),
    *("epochs", "seconds"),
)


def load_architecture(folder: str | Path) -> Mapping[str, Any]:
    """Read the records of an architecture search.

    Parameters
    ----------
    folder : str or Path
        With ``architecture.json`` in it.

    Returns
    -------
    mapping
        Its contents.

    Raises
    ------
    StorageError
        When they are damaged or were written by a newer version.
    """
    file, cure = Path(folder) / FACTS, "Run the search again."
    facts = read_facts(
        file,
        format="neuralopt-architecture",
        version=VERSION,
        wanted=_WANTED,
        whose="an architecture search",
        cure=cure,
    )
    rows = facts["evaluations"]
    absent = [key for key in _OF_EVALUATIONS if any(key not in row for row in rows)]
    if absent or not rows:
        raise lacking(file, absent or ["evaluations"], cure)
    return facts
