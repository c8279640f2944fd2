"""A phase of a training that has several: kept as a whole once it has ended."""

import time
from collections.abc import Callable
from typing import Any

import numpy as np

from neuralopt.core.results import Status
from neuralopt.engine import History
from neuralopt.search.run import Found
from neuralopt.storage import Replay, dumps, loads


class _Cut(KeyboardInterrupt):
    """Ctrl-C ended a phase; what it had found goes with it, its state stays in the checkpoint."""

    def __init__(self, found: Found) -> None:
        super().__init__()
        self.found = found


def as_whole(replay: Replay, train: Callable[[], Found], begun: float) -> tuple[Found, float]:
    """Return what a phase gave, from the checkpoint where it had ended.

    Parameters
    ----------
    replay : Replay
    train : callable
        The phase.
    begun : float
        The reading of the clock when the training began.

    Returns
    -------
    (Found, float)
        What the phase gave, and the seconds of the training when it had ended.
    """

    def compute() -> list[Any]:
        found = train()
        if found.status is Status.INTERRUPTED:
            raise _Cut(found)
        words = {"choice": found.choice, "columns": list(found.history)}
        head = np.frombuffer(dumps(words).encode("ascii"), np.uint8)
        columns = [np.asarray(found.history[name]) for name in found.history]
        layers = [array for layer in found.params for array in layer]
        return [head, found.status.code, found.value, time.perf_counter() - begun, *columns, *layers]

    try:
        head, code, value, spent, *arrays = replay(compute)
    except _Cut as cut:
        return cut.found, time.perf_counter() - begun
    words = loads(head.tobytes())
    columns, layers = arrays[: len(words["columns"])], arrays[len(words["columns"]) :]
    history = History(dict(zip(words["columns"], columns, strict=True)))
    params = list(zip(layers[::2], layers[1::2], strict=True))
    return Found(params, float(value), history, Status.from_code(int(code)), words["choice"]), float(spent)
