"""Where a file will be written, and the sentence for every reason why it cannot be."""

import errno
import os
import shutil
from contextlib import suppress
from pathlib import Path

from neuralopt.core.errors import StorageError

_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
_DENIED = {errno.EACCES, errno.EPERM}


def destination(path: str | os.PathLike[str]) -> Path:
    """Return the regular file that a write to ``path`` makes, its folder created."""
    target = Path(path).expanduser()
    try:
        if target.is_symlink():
            target = target.resolve()
        _make_folder(target)
        _check_occupant(target)
    except OSError as error:
        raise write_failure(error, target) from error
    return target


def _make_folder(target: Path) -> None:
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
    except (FileExistsError, NotADirectoryError):
        raise StorageError(
            f"'{target}' cannot be written: a part of the folder '{target.parent}' is a file. "
            "Choose another path."
        ) from None


def _check_occupant(target: Path) -> None:
    if target.is_dir():
        raise StorageError(
            f"'{target}' cannot be written: it is a folder. Give the path of a file inside it."
        )
    if target.exists() and not target.is_file():
        raise StorageError(
            f"'{target}' cannot be written: it is a device or a pipe. Give the path of a file."
        )
    if target.exists() and not os.access(target, os.W_OK):  # a rename would go round the protection
        raise StorageError(
            f"'{target}' cannot be written: permission denied, the file is write-protected. "
            f"Unprotect it (chmod u+w '{target}') or choose another path."
        )


def write_failure(error: OSError, target: Path) -> StorageError:
    """Return the sentence for an operating system's refusal to write ``target``."""
    if isinstance(error, StorageError):
        return error
    start = f"'{target}' cannot be written: "
    if error.errno in _FULL:
        room = ""
        with suppress(OSError):
            room = f" ({shutil.disk_usage(target.parent).free / 1e6:.1f} MB free)"
        cause = f"no space left for it{room}. Free some space or a quota, or choose a path on another disk."
    elif error.errno in _DENIED:
        cause = f"permission denied in '{target.parent}'. Choose another folder, or ask for write access."
    elif error.errno == errno.EROFS:
        cause = "the disk is mounted read-only. Choose a path on another disk."
    elif error.errno == errno.ENAMETOOLONG:
        cause = "the name is too long for this disk. Choose a shorter one."
    else:
        cause = f"{error.strerror or error}. Check the disk, or choose another path."
    return StorageError(start + cause)
