"""How a joint fit that was killed goes on: what has ended is kept whole, what runs keeps its state."""

from collections.abc import Callable
from typing import Any

import numpy as np

from neuralopt.core.results import Status
from neuralopt.engine import TrainResult
from neuralopt.engine.identity import data_digest
from neuralopt.joint.base import Base
from neuralopt.joint.record import Record
from neuralopt.models import MLP
from neuralopt.models.mlp import Params
from neuralopt.storage import Slot


def as_whole(record: Record, mlp: MLP, train: Callable[[], tuple[Base, bool]]) -> tuple[Base, bool]:
    """Return what one phase of training gave, from the checkpoint where it had ended.

    Parameters
    ----------
    record : Record
        Of the fit; after the phase it is as the phase left it.
    mlp : MLP
        The network's shapes.
    train : callable
        The phase: returns the network and whether it had settled.

    Returns
    -------
    (Base, bool)
    """

    def compute() -> list[Any]:
        base, settled = train()
        return [settled, *record.arrays(), *flat(base.params)]

    settled, rows, seen, *params = record.replay(compute)
    record.restore(rows, seen)
    return Base(mlp, layers(params)), bool(settled)


def flat(params: Params) -> list[np.ndarray]:
    """Return the arrays of a network one after the other."""
    return [np.asarray(array, np.float64) for layer in params for array in layer]


def layers(arrays: list[np.ndarray]) -> Params:
    """Return the network that `flat` took apart."""
    return list(zip(arrays[::2], arrays[1::2], strict=True))


def rows_of(X: np.ndarray, y: np.ndarray) -> str:
    """Return what identifies rows; labels may be of any kind."""
    return data_digest((X, y if y.dtype.kind in "biuf" else y.astype(str)))


def go_on(result: TrainResult) -> None:
    """Raise where a run of the engine within a fit did not end well: a Ctrl-C ends the fit, too."""
    if result.status is Status.INTERRUPTED:
        raise KeyboardInterrupt
    result.raise_for_status()


class Recorded(Slot):
    """The place of a run of the engine whose epochs are written down beside it.

    Parameters
    ----------
    slot : Slot
    record : Record
    """

    def __init__(self, slot: Slot, record: Record) -> None:
        self._slot, self._record = slot, record

    @property
    def found(self) -> bool:
        """Whether there is a state to go on from."""
        return self._slot.found

    @property
    def due(self) -> bool:
        """Whether the last writing is long enough ago."""
        return self._slot.due

    def read(self) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
        """Return the state of the run; what was written down is taken back."""
        content, arrays = self._slot.read()
        self._record.restore(arrays["rows"], arrays["seen"])
        return content, {name: array for name, array in arrays.items() if name not in ("rows", "seen")}

    def write(self, content: dict[str, Any], arrays: dict[str, np.ndarray]) -> None:
        """Write the state of the run and what was written down so far."""
        rows, seen = self._record.arrays()
        self._slot.write(content, {**arrays, "rows": rows, "seen": seen})
