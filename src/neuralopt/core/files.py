"""The checks that every reader of a file makes before it looks inside."""

import os
from itertools import islice
from pathlib import Path

from neuralopt.core.errors import NeuraloptError, StorageError, did_you_mean


def readable_file(path: str | os.PathLike[str], kind: type[NeuraloptError] = StorageError) -> Path:
    """Return the path of a file that is there, is not a folder or empty, and may be read.

    Parameters
    ----------
    path : str or path-like
        The file; ``~`` stands for the home folder.
    kind : type
        The class of the error: `StorageError` for files of neuralopt, `DataError` for users' tables.

    Returns
    -------
    pathlib.Path
        The path with ``~`` expanded.

    Raises
    ------
    StorageError
        Or the given ``kind``, when there is no such file, it is a folder, it is empty, or it may not be read.

    Examples
    --------
    >>> readable_file("no-such-folder/model.safetensors")
    Traceback (most recent call last):
    neuralopt.core.errors.StorageError: There is no file 'no-such-folder/model.safetensors': ...
    """
    file = Path(path).expanduser()
    try:
        with file.open("rb") as stream:
            empty = not stream.read(1)
    except FileNotFoundError:
        raise kind(_absence(file)) from None
    except IsADirectoryError:
        raise kind(
            f"'{file}' is a folder, and a file is needed. Give the path of a file inside it."
        ) from None
    except PermissionError:
        raise kind(
            f"'{file}' cannot be read: permission denied. "
            f"Make it readable (chmod u+r '{file}') or run as the user who owns it."
        ) from None
    except OSError as error:
        raise kind(
            f"'{file}' cannot be read: {error.strerror or error}. Check the path and the disk."
        ) from error
    if empty:
        raise kind(f"'{file}' is empty (0 bytes). Whatever wrote it did not finish: write it again.")
    return file


def _absence(file: Path) -> str:
    if not file.parent.is_dir():
        return f"There is no file '{file}': the folder '{file.parent}' does not exist. Check the path."
    try:
        siblings = [entry.name for entry in islice(file.parent.iterdir(), 2000)]
    except PermissionError:
        siblings = []
    hint = did_you_mean(file.name, siblings)
    return f"There is no file '{file}'.{hint or ' Check the name and the folder.'}"
