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
