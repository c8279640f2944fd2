"""What one method did on one task, in memory and in its file."""

import dataclasses
from pathlib import Path
from typing import Any

import numpy as np

from neuralopt.core.errors import StorageError
from neuralopt.storage import read_container, write_container

KIND, VERSION = "record", 1


@dataclasses.dataclass(frozen=True)
class Record:
    """What one method did on one task: a JSON header and arrays.

    Arrays are indexed by learning rate (L), seed (S) and epoch (E): ``train_loss``,
    ``validation_loss``, ``validation_metric`` of shape (L, S, E), NaN after a run ended;
    ``test_loss``, ``test_metric``, ``best_epoch`` of shape (L, S); ``model/<layer>/W`` and ``/b`` of
    the chosen run. A reference has L = S = 1 and E = 0. ``trajectory`` of shape (points, parameters) and
    ``trajectory_epoch`` of the first seed's run at the chosen rate have a file of their own, until the
    comparison is complete.
    """

    header: dict[str, Any]
    arrays: dict[str, np.ndarray]

    def params(self) -> list[tuple[np.ndarray, np.ndarray]]:
        """Return the parameters of the chosen run's network, a list of (W, b)."""
        count = len(self.header["network"]["layer_sizes"]) - 1
        return [(self.arrays[f"model/{k}/W"], self.arrays[f"model/{k}/b"]) for k in range(count)]


def model_arrays(params: Any) -> dict[str, np.ndarray]:
    """Return a network's parameters under the names they have in a record."""
    pairs = [(f"model/{k}/W", f"model/{k}/b", W, b) for k, (W, b) in enumerate(params)]
    return {name: array for w, c, W, b in pairs for name, array in ((w, W), (c, b))}


def write_record(path: Path, record: Record) -> None:
    """Write a record whole or not at all."""
    write_container(path, kind=KIND, version=VERSION, header=record.header, arrays=record.arrays)


def read_record(path: Path) -> Record | None:
    """Return a record, or None when it is not there or was damaged, so that it is made again."""
    if not path.exists():
        return None
    try:
        held = read_container(path, kind=KIND, version=VERSION)
    except StorageError:
        return None
    return Record(held.header, held.arrays)
