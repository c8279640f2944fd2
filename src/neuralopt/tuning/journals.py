"""Reading the journal of a study; light, so that a list of trials appears at once."""

from pathlib import Path

from neuralopt.core.errors import InvalidArgument, StorageError
from neuralopt.storage import Journal
from neuralopt.tuning.trials import Event

VERSION = 1
JOURNAL = "study.jsonl"


def read_events(journal: Journal) -> list[Event]:
    """Return the events of a study's journal, or raise where it is none.

    Parameters
    ----------
    journal : Journal
        Perhaps not yet begun.

    Returns
    -------
    list of dict
    """
    events = journal.read()
    if events and (events[0].get("event") != "study" or "version" not in events[0]):
        raise StorageError(f"'{journal.path}' is a journal, but not of a study. Give the folder of a study.")
    if events and events[0]["version"] > VERSION:
        raise StorageError(
            f"'{journal.path}' was written by neuralopt {events[0]['neuralopt']} as version "
            f"{events[0]['version']} of a study; this neuralopt reads up to version {VERSION}. "
            "Upgrade it: pip install --upgrade neuralopt"
        )
    return events


def load_study_events(folder: str | Path) -> list[Event]:
    """Return the events of the study in a folder."""
    path = Path(folder).expanduser()
    events = read_events(Journal(path / JOURNAL if path.is_dir() else path))
    if not events:
        raise InvalidArgument(
            f"there is no study in '{folder}': it has no {JOURNAL}. Give the folder that -o named."
        )
    return events
