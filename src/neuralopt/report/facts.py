"""The JSON facts of a record, checked before anything is made of them."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from neuralopt.core.errors import StorageError
from neuralopt.storage import loads


def read_facts(
    file: Path, *, format: str, version: int, wanted: Sequence[str], whose: str, cure: str
) -> dict[str, Any]:
    """Read the facts of a record, or say what is wrong with them.

    Parameters
    ----------
    file : Path
        The JSON file.
    format : str
        That it must name.
    version : int
        The newest that is read.
    wanted : sequence of str
        Keys that must be there.
    whose : str
        Whose records these are, for the error: ``"a study"``.
    cure : str
        How they are written again, for the error: ``"Run the search again."``

    Returns
    -------
    dict

    Raises
    ------
    StorageError
        When the file is damaged, foreign or newer.
    """
    try:
        facts = loads(file.read_bytes())
    except (OSError, ValueError, TypeError) as error:
        raise StorageError(f"{str(file)!r} cannot be read ({error}). {cure}") from error
    if not isinstance(facts, dict) or facts.get("format") != format:
        raise StorageError(f"{str(file)!r} was not written by neuralopt. Give the records folder of {whose}.")
    if isinstance(facts.get("version"), int) and facts["version"] > version:
        raise StorageError(
            f"{str(file)!r} has format version {facts['version']}; this neuralopt reads up to {version}. "
            "Install a newer neuralopt to read it."
        )
    if absent := [key for key in wanted if key not in facts]:
        raise lacking(file, absent, cure)
    return facts


def lacking(file: Path, absent: Sequence[str], cure: str) -> StorageError:
    """Return the error of a record without some of its keys.

    Parameters
    ----------
    file : Path
    absent : sequence of str
    cure : str

    Returns
    -------
    StorageError
    """
    return StorageError(f"{str(file)!r} is damaged: it lacks {', '.join(absent)}. {cure}")
