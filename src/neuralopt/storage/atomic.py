"""Writing a file whole or not at all, with a sentence for every way in which that fails."""

import errno
import os
import secrets
import zlib
from contextlib import suppress
from pathlib import Path
from typing import Any

from neuralopt.storage.destination import destination, write_failure
from neuralopt.storage.text import dumps

_PREFIX, _SUFFIX = ".neuralopt-", ".tmp"
_PROBE = bytes(4096)  # one block: an empty probe file fits on a full disk


def write_bytes(path: str | os.PathLike[str], data: bytes | memoryview) -> Path:
    """Write a file so that the path holds either what it held before or all of the new content.

    The bytes go to a temporary file in the same folder, are flushed to the disk and renamed into place; the
    folder is flushed too. A failure removes the temporary file. Missing folders are created. A symbolic link
    is followed, and an existing file keeps its permission bits.

    Parameters
    ----------
    path : str or path-like
        The file; ``~`` stands for the home folder.
    data : bytes-like
        The content.

    Returns
    -------
    pathlib.Path
        The file written.

    Raises
    ------
    StorageError
        When it cannot be written (permission, full disk, a folder in its place); the text says which.

    Examples
    --------
    >>> import tempfile
    >>> folder = tempfile.mkdtemp()
    >>> write_bytes(f"{folder}/a/b.bin", b"abc").read_bytes()
    b'abc'
    """
    target = destination(path)
    temporary = temporary_beside(target)
    try:
        _write_synced(temporary, data, _mode(target))
        os.replace(temporary, target)
        sync_folder(target.parent)
    except OSError as error:
        raise write_failure(error, target) from error
    finally:
        with suppress(OSError):
            temporary.unlink()
    return target


def write_text(path: str | os.PathLike[str], text: str) -> Path:
    r"""Write a UTF-8 text file whole or not at all; see `write_bytes`.

    Parameters
    ----------
    path : str or path-like
        The file.
    text : str
        The content; line ends are kept as they are.

    Returns
    -------
    pathlib.Path
        The file written.

    Raises
    ------
    StorageError
        When it cannot be written.

    Examples
    --------
    >>> import tempfile
    >>> write_text(f"{tempfile.mkdtemp()}/a.txt", "één\n").read_bytes()
    b'\xc3\xa9\xc3\xa9n\n'
    """
    return write_bytes(path, text.encode("utf-8"))


def write_json(path: str | os.PathLike[str], value: Any) -> Path:
    r"""Write plain data as indented strict JSON, whole or not at all; see `dumps` and `write_bytes`.

    Parameters
    ----------
    path : str or path-like
        The file.
    value : dict, list, str, int, float, bool or None
        Plain data; NaN and infinity are tagged as in `dumps`, and `loads` restores them.

    Returns
    -------
    pathlib.Path
        The file written.

    Raises
    ------
    InvalidArgument
        When the data hold something that JSON cannot keep.
    StorageError
        When the file cannot be written.

    Examples
    --------
    >>> import tempfile
    >>> write_json(f"{tempfile.mkdtemp()}/a.json", {"b": 1, "a": 0.5}).read_text()
    '{\n  "a": 0.5,\n  "b": 1\n}\n'
    """
    return write_text(path, dumps(value, indent=2) + "\n")


def check_writable(path: str | os.PathLike[str]) -> Path:
    """Find out before long work whether a file can be written there.

    Missing folders are created; one block is written beside the file and removed again. A file that is
    already there is not touched.

    Parameters
    ----------
    path : str or path-like
        The file that will be written later.

    Returns
    -------
    pathlib.Path
        The file that a later write will make: ``~`` expanded, symbolic links followed.

    Raises
    ------
    StorageError
        When it cannot be written; the text says why and what to do.

    Examples
    --------
    >>> import tempfile
    >>> check_writable(f"{tempfile.mkdtemp()}/run/model.safetensors").name
    'model.safetensors'
    """
    target = destination(path)
    probe = temporary_beside(target)
    try:
        _write_synced(probe, _PROBE, 0o600)
    except OSError as error:
        raise write_failure(error, target) from error
    finally:
        with suppress(OSError):
            probe.unlink()
    return target


def remove_leftovers(folder: str | os.PathLike[str], of: str | None = None) -> None:
    """Remove the temporary files that a killed process left in a folder; call it where nobody else writes.

    Parameters
    ----------
    folder : str or path-like
        The folder; those inside it are not looked at.
    of : str, optional
        Only those of the file of this name: others may be written at this moment.

    Examples
    --------
    >>> import tempfile
    >>> remove_leftovers(tempfile.mkdtemp())
    """
    begin = _PREFIX if of is None else _begin(of)
    for leftover in Path(folder).glob(f"{begin}*{_SUFFIX}"):
        with suppress(OSError):
            leftover.unlink()


def is_leftover(name: str) -> bool:
    """Return whether a file's name is that of a temporary one, which `remove_leftovers` may remove."""
    return name.startswith(_PREFIX) and name.endswith(_SUFFIX)


def temporary_beside(target: Path) -> Path:
    """Return a new name in the folder of a file, by which `remove_leftovers` knows whose it is."""
    return target.parent / f"{_begin(target.name)}{secrets.token_hex(8)}{_SUFFIX}"


def sync_folder(folder: Path) -> None:
    """Flush a folder's entries, so that a rename survives a power cut."""
    if not hasattr(os, "O_DIRECTORY"):  # Windows: folders cannot be opened, renames are journalled
        return
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    except OSError as error:
        if error.errno != errno.EINVAL:  # some network disks do not know it
            raise
    finally:
        os.close(handle)


def write_all(handle: int, data: bytes | memoryview) -> None:
    """Write every byte and flush them to the disk."""
    rest = memoryview(data).cast("B")
    while rest:
        rest = rest[os.write(handle, rest) :]  # the system may take less than it is given
    os.fsync(handle)


def _begin(name: str) -> str:
    # not the name itself: with more letters it could be too long for the disk
    return f"{_PREFIX}{zlib.crc32(os.fsencode(name)):08x}-"


def _mode(target: Path) -> int | None:
    try:
        return target.stat().st_mode & 0o777
    except FileNotFoundError:
        return None


def _write_synced(file: Path, data: bytes | memoryview, mode: int | None) -> None:
    handle = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0), mode or 0o666)
    try:
        if mode is not None and hasattr(os, "fchmod"):
            os.fchmod(handle, mode)  # the umask does not apply to a file that replaces another
        write_all(handle, data)
    finally:
        os.close(handle)
