"""Files before the newest: ``run.ckpt.1`` is the one before ``run.ckpt``, ``.2`` the one before that."""

import contextlib
import glob
import os
import shutil
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from neuralopt.core.errors import StorageError
from neuralopt.storage.atomic import temporary_beside
from neuralopt.storage.container import read_container
from neuralopt.storage.destination import destination, write_failure


@contextlib.contextmanager
def keeping_older(path: Path, keep: int) -> Iterator[None]:
    """Keep the file that is replaced inside as the first of the older ones, which move up by one.

    The path itself never lacks a file, whenever the process is killed; where the new file cannot be written
    the older ones stay as they are.

    Parameters
    ----------
    path : Path
        The newest file.
    keep : int
        Files that are kept, the newest counted.

    Raises
    ------
    StorageError
        When the folder cannot be written to.
    """
    target = destination(path)
    if keep < 2 or not target.exists():
        yield
        return
    temporary = temporary_beside(target)
    try:
        _second_name(target, temporary)
        yield
        for place in range(keep - 2, 0, -1):
            with suppress(FileNotFoundError):
                os.replace(_older(target, place), _older(target, place + 1))
        os.replace(temporary, _older(target, 1))
    except OSError as error:
        raise write_failure(error, target) from error
    finally:
        with suppress(OSError):
            temporary.unlink()


def older_files(path: Path) -> list[Path]:
    """Return the older files that are there, the newest of them first."""
    target = path.resolve() if path.is_symlink() else path
    found = {}
    for file in target.parent.glob(f"{glob.escape(target.name)}.*"):
        place = file.name.removeprefix(f"{target.name}.")
        if place.isdecimal():  # one may be missing: of a run that was killed while they moved up
            found[int(place)] = file
    return [found[place] for place in sorted(found)]


def first_whole(path: Path, kind: str, version: int) -> Path | None:
    """Return the newest of the older files that can be read, or None."""
    for file in older_files(path):
        with suppress(StorageError):
            read_container(file, kind=kind, version=version, mmap=True)
            return file
    return None


def _older(path: Path, place: int) -> Path:
    return path.with_name(f"{path.name}.{place}")


def _second_name(file: Path, name: Path) -> None:
    try:
        os.link(file, name)
    except OSError:  # a disk without links; where the reason is another one the copy fails as well
        shutil.copyfile(file, name)
