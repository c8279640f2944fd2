"""Reading the records of an architecture search."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from neuralopt.core.errors import StorageError
from neuralopt.storage import loads

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
    file = Path(folder) / FACTS
    try:
        facts = loads(file.read_bytes())
    except (OSError, ValueError, TypeError) as error:
        raise StorageError(f"{str(file)!r} cannot be read ({error}). Run the search again.") from error
    if not isinstance(facts, dict) or facts.get("format") != "neuralopt-architecture":
        raise StorageError(
            f"{str(file)!r} was not written by neuralopt. Give the records folder of an architecture search."
        )
    if isinstance(facts.get("version"), int) and facts["version"] > VERSION:
        raise StorageError(
            f"{str(file)!r} has format version {facts['version']}; this neuralopt reads up to {VERSION}. "
            "Install a newer neuralopt to read it."
        )
    absent = [key for key in _WANTED if key not in facts]
    rows = facts.get("evaluations", [])
    absent += [key for key in _OF_EVALUATIONS if any(key not in row for row in rows)]
    if absent or not rows:
        lacks = ", ".join(absent) or "evaluations"
        raise StorageError(f"{str(file)!r} is damaged: it lacks {lacks}. Run the search again.")
    return facts
