"""One writer at a time: a lock that the system takes back when its process ends, however it ends."""

import os
import sys
from pathlib import Path
from types import TracebackType

from neuralopt.core.errors import StorageError
from neuralopt.storage.destination import destination, write_failure

if sys.platform == "win32":
    import msvcrt

    def _seize(handle: int) -> None:
        os.lseek(handle, 0, os.SEEK_SET)
        msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)
else:
    import fcntl

    def _seize(handle: int) -> None:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)


class FileLock:
    """Hold a file for this process alone; for use with ``with``.

    The system lets go of it when the process ends, after a kill too, so that nothing has to be cleaned up.

    Parameters
    ----------
    path : str or path-like
        The lock's own file, beside what it guards; it stays, and has the process's number in it.
    what : str
        What it guards, for the error.

    Raises
    ------
    StorageError
        On entry, when another process holds it.

    Examples
    --------
    >>> import tempfile
    >>> with FileLock(f"{tempfile.mkdtemp()}/study.lock", "the study"):
    ...     pass
    """

    def __init__(self, path: str | os.PathLike[str], what: str) -> None:
        self._path, self._what = Path(path).expanduser(), what
        self._handle: int | None = None

    def __enter__(self) -> "FileLock":
        target = destination(self._path)
        try:
            handle = os.open(target, os.O_RDWR | os.O_CREAT, 0o666)
        except OSError as error:
            raise write_failure(error, target) from error
        try:
            _seize(handle)
        except OSError as error:
            holder = os.read(handle, 32).decode("ascii", "replace").strip()
            os.close(handle)
            raise StorageError(
                f"{self._what} is being written by another process{f' ({holder})' if holder else ''}. "
                "Wait until it has ended, or end it; two at a time would mix their entries."
            ) from error
        os.ftruncate(handle, 0)
        os.write(handle, f"process {os.getpid()}\n".encode("ascii"))
        self._handle = handle
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._handle is not None:
            os.close(self._handle)  # which lets go of it
            self._handle = None
