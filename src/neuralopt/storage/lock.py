"""One process at a time: a lock that ends with the process that holds it, however that ends."""

import os
from pathlib import Path
from types import TracebackType

from neuralopt.core.errors import StorageError
from neuralopt.storage.destination import destination, write_failure


class Lock:
    """A lock on a file, held inside a ``with`` block.

    The operating system gives it up when the process ends, by ``kill -9`` too; nothing is left to clear
    away. Where the system has no such locks (some network drives, Windows) it is not taken.

    Parameters
    ----------
    path : str or path-like
        The lock's file; it stays, empty.
    what : str
        What is locked, for the error.

    Raises
    ------
    StorageError
        On entering, when another process holds it.

    Examples
    --------
    >>> import tempfile
    >>> path = f"{tempfile.mkdtemp()}/lock"
    >>> with Lock(path, "the study"), Lock(path, "the study"):
    ...     pass
    Traceback (most recent call last):
        ...
    neuralopt.core.errors.StorageError: the study is in use by another process. ...
    """

    def __init__(self, path: str | os.PathLike[str], what: str) -> None:
        self._path, self._what = Path(path).expanduser(), what
        self._handle: int | None = None

    def __enter__(self) -> "Lock":
        try:
            import fcntl
        except ImportError:  # Windows
            return self
        target = destination(self._path)
        try:
            handle = os.open(target, os.O_RDWR | os.O_CREAT, 0o666)
        except OSError as error:
            raise write_failure(error, target) from error
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(handle)
            raise StorageError(
                f"{self._what} is in use by another process. Wait until it ends or end it, "
                "or give another folder."
            ) from None
        except OSError:  # a file system without locks
            os.close(handle)
            return self
        self._handle = handle
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._handle is not None:
            os.close(self._handle)
            self._handle = None
