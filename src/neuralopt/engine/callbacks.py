"""What happens between chunks: early stopping, your own, and what they are told."""

import dataclasses
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from neuralopt.core.errors import InvalidArgument
from neuralopt.core.results import Status
from neuralopt.core.scalars import check_count
from neuralopt.engine.history import History
from neuralopt.transforms import DecayPolicy


@dataclasses.dataclass(frozen=True)
class Report:
    """What a callback is told after a chunk of epochs.

    Attributes
    ----------
    epoch : int
        Epochs done.
    epochs : int
        Epochs at most.
    steps_per_second : float
        Of the last chunk, compilation left out.
    history : History
        All epochs so far.
    rows : dict of arrays
        The epochs of this chunk.
    params : tree
        The parameters that are trained, as they are now, on the device; copy what you keep
        (``numpy.array``), the next chunk takes the memory over.
    status : Status
        RUNNING, or why the run has ended.
    evaluated : callable
        ``evaluated() -> tree``: the parameters as they are evaluated, on the device; for a method that
        averages, the averages.
    """

    epoch: int
    epochs: int
    steps_per_second: float
    history: History
    rows: dict[str, np.ndarray]
    params: Any
    status: Status
    evaluated: Callable[[], Any]


class Callback:
    """Called between chunks of epochs; inherit and define what you need.

    Attributes
    ----------
    every : int or None
        A chunk ends at every multiple of this many epochs, and may end in between; None leaves the
        length of chunks to the engine, which aims at four a second.
    """

    every: int | None = None

    def on_policy(self, policy: DecayPolicy) -> None:
        """Be told which parameters decay and why, before the start; only where any do."""

    def on_resume(self, history: History) -> None:
        """Be told what a resumed run had recorded before, ahead of its start."""

    def on_start(self, epochs: int, steps: int) -> None:
        """Be told that a run of so many epochs, of so many steps each, begins; may set ``every``."""

    def on_first(self, report: Report) -> None:
        """Look at a `Report` before the first step; ``rows`` is empty, and epochs are done where resumed."""

    def on_chunk(self, report: Report) -> bool | None:
        """Look at a `Report`; return True to end the run."""

    def on_end(self, status: Status) -> None:
        """Be told that the run has ended; called after an error as well."""


def check_callbacks(callbacks: Any) -> None:
    """Raise unless callbacks are a sequence of `Callback`."""
    if not isinstance(callbacks, Sequence) or not all(isinstance(c, Callback) for c in callbacks):
        raise InvalidArgument(
            f"callbacks must be a list of Callback objects, got {callbacks!r}. "
            "Put a single one in brackets; make a class that inherits neuralopt.Callback of a function."
        )


@dataclasses.dataclass(frozen=True)
class EarlyStopping(Callback):
    """End a run when the monitored loss has stopped improving.

    The validation loss is monitored, or the training loss when there are no validation data. The
    decision is taken inside the compiled loop after every epoch, so it does not depend on how
    epochs are grouped into chunks.

    Parameters
    ----------
    patience : int >= 1, default 20
        Epochs without improvement before the run ends.
    min_delta : float >= 0, default 0
        How much lower than the best so far counts as an improvement.
    restore_best : bool, default True
        Return the parameters of the best epoch instead of the last one's.

    Examples
    --------
    >>> EarlyStopping(patience=5).restore_best
    True
    """

    patience: int = 20
    min_delta: float = 0.0
    restore_best: bool = True

    def __post_init__(self) -> None:
        check_count("patience", self.patience)
        if not (np.isfinite(self.min_delta) and self.min_delta >= 0):
            raise InvalidArgument(f"min_delta must be finite and >= 0, got {self.min_delta!r}.")
