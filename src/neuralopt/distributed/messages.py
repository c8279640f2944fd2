"""What a gang's workers and the one that started them tell each other."""

from typing import Any, NamedTuple


class Place(NamedTuple):
    """Where a worker stands in its gang."""

    rank: int
    workers: int
    host: str  # of the first worker, where they meet
    port: int
    own: str  # address of this one
    timeout: float  # seconds to find the others


class Answer(NamedTuple):
    """What a worker tells after a chunk of epochs."""

    state: Any  # LoopState in NumPy; of others than the first worker only what is its own
    rows: Any  # columns of the history; None of others than the first
    checksum: int  # of the parameters
    sent: int | None  # bytes, as the sockets tell


def brief(error: BaseException) -> str:
    """Return the class and the text of an error; of one inside a compiled step, those of its cause.

    Parameters
    ----------
    error : BaseException

    Returns
    -------
    str

    Examples
    --------
    >>> brief(ValueError("no"))
    'ValueError: no'
    """
    text = str(error)
    if from_callback(error):
        return text.partition("\n-----")[0].strip().splitlines()[-1]
    return f"{type(error).__name__}: {text}"


def from_callback(error: BaseException) -> bool:
    """Return whether an error was raised by a function that a compiled step calls."""
    return "error calling callback" in first_line(str(error))


def first_line(text: str) -> str:
    """Return the beginning of a text."""
    return text.partition("\n")[0][:200]
