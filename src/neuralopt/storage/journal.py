"""An append-only file of JSON lines that survives a kill in the middle of a line."""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from neuralopt.core.errors import InvalidArgument, StorageError
from neuralopt.core.files import readable_file
from neuralopt.storage.atomic import sync_folder, write_all
from neuralopt.storage.destination import destination, write_failure
from neuralopt.storage.text import dumps, loads


class Journal:
    """Append-only JSON lines, each on the disk when `append` returns.

    A line counts once its line end is there. A last line without one is the trace of a kill or a power cut:
    `read` leaves it out and the next `append` removes it. One process writes a journal at a time.

    Parameters
    ----------
    path : str or path-like
        The file; it is made by the first `append`.

    Examples
    --------
    >>> import tempfile
    >>> journal = Journal(f"{tempfile.mkdtemp()}/trials.jsonl")
    >>> journal.append({"trial": 0, "loss": 0.5})
    >>> journal.append({"trial": 1, "loss": float("inf")})
    >>> journal.read()
    [{'loss': 0.5, 'trial': 0}, {'loss': inf, 'trial': 1}]
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path = Path(path).expanduser()

    def append(self, entry: dict[str, Any]) -> None:
        """Add one line and flush it to the disk.

        Parameters
        ----------
        entry : dict
            Plain data with string keys; NaN and infinity are kept, see `dumps`.

        Raises
        ------
        InvalidArgument
            When the entry is not a dict, or holds something that JSON cannot keep.
        StorageError
            When the line cannot be written; the journal is then as it was before.
        """
        self.extend([entry])

    def extend(self, entries: Sequence[dict[str, Any]]) -> None:
        """Add several lines and flush them to the disk once.

        After a kill in the middle a whole number of them is there, in their order.

        Parameters
        ----------
        entries : sequence of dict
            As for `append`.

        Raises
        ------
        InvalidArgument, StorageError
            As for `append`; then none of them is there.
        """
        for entry in entries:
            if not isinstance(entry, dict):
                raise InvalidArgument(
                    f"A journal entry is a dict, got {type(entry).__name__}. Wrap it: {{'value': ...}}."
                )
        line = b"".join(dumps(entry).encode("ascii") + b"\n" for entry in entries)
        if not line:
            return
        target = destination(self.path)
        is_new = not target.exists()
        try:
            handle = os.open(target, os.O_RDWR | os.O_CREAT | getattr(os, "O_BINARY", 0), 0o666)
            try:
                _append_synced(handle, line)
            finally:
                os.close(handle)
            if is_new:
                sync_folder(target.parent)
        except OSError as error:
            raise write_failure(error, target) from error

    def read(self) -> list[dict[str, Any]]:
        """Return the entries in the order in which they were appended.

        Returns
        -------
        list of dict
            Empty when the journal has not been begun.

        Raises
        ------
        StorageError
            When a line is damaged (the text gives its number), or the file cannot be read.
        """
        if not self.path.exists() or (self.path.is_file() and self.path.stat().st_size == 0):
            return []
        *lines, _torn = readable_file(self.path).read_bytes().split(b"\n")
        return [self._entry(line, number) for number, line in enumerate(lines, start=1)]

    def _entry(self, line: bytes, number: int) -> dict[str, Any]:
        try:
            entry = loads(line)
        except ValueError:  # of which JSON and UTF-8 errors are kinds
            entry = None
        if not isinstance(entry, dict):
            raise StorageError(
                f"Line {number} of '{self.path}' is damaged: it is not a JSON object. "
                "Something other than neuralopt changed the file, or the disk is failing. "
                "Restore it from a copy, or delete that line and all that follow it, to go on from there."
            )
        return entry


def _append_synced(handle: int, line: bytes) -> None:
    end = _end_of_whole_lines(handle)
    os.ftruncate(handle, end)
    os.lseek(handle, end, os.SEEK_SET)
    try:
        write_all(handle, line)
    except OSError:
        os.ftruncate(handle, end)
        raise


def _end_of_whole_lines(handle: int, block: int = 1 << 16) -> int:
    """Return the offset after the last line end, reading backwards."""
    start = os.lseek(handle, 0, os.SEEK_END)
    while start > 0:
        size = min(block, start)
        start -= size
        os.lseek(handle, start, os.SEEK_SET)
        found = os.read(handle, size).rfind(b"\n")
        if found >= 0:
            return start + found + 1
    return 0
