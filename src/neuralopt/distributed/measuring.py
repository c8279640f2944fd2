"""What one worker computes for a step, measured."""

import time
from typing import Any

import numpy as np

from neuralopt.core import tree
from neuralopt.distributed.data_parallel import DataParallel
from neuralopt.engine import Callback, Report, train

_EPOCHS = 10_000


def measure_step(
    model: Any,
    data: Any,
    *,
    batch_size: int,
    loss: Any,
    optimizer: Any,
    exchange: Any,
    seconds: float = 0.5,
) -> float:
    """Return the seconds that one worker computes for a step with an exchange, nothing being sent.

    The fastest tenth of the epochs of so many seconds counts, for others may share the machine.
    """
    result = train(
        model,
        data,
        optimizer=optimizer,
        loss=loss,
        epochs=_EPOCHS,
        batch_size=batch_size,
        divergence=np.inf,
        callbacks=[_Until(seconds)],
        distribute=DataParallel(workers=1, exchange=exchange),
    )
    rows = len(tree.leaves(data)[0])
    steps = -(-rows // batch_size)
    return float(np.quantile(result.history["seconds"][1:], 0.1)) / steps


class _Until(Callback):
    """End a run after some seconds, and two chunks at least."""

    def __init__(self, seconds: float) -> None:
        self._seconds, self._end, self._chunks = seconds, np.inf, 0

    def on_start(self, epochs: int, steps: int) -> None:
        """See `Callback.on_start`."""
        self._chunks = 0

    def on_chunk(self, report: Report) -> bool:
        """See `Callback.on_chunk`."""
        self._chunks += 1
        if self._chunks == 1:
            self._end = time.monotonic() + self._seconds
        return self._chunks > 2 and time.monotonic() >= self._end
