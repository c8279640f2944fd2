"""What joint training writes down after every epoch."""

import time
from collections.abc import Callable
from typing import Any

import numpy as np

from neuralopt.engine import History
from neuralopt.joint.base import Base
from neuralopt.storage import Replay

EVERY = 5  # epochs between two looks at the real rows
_COLUMNS = (
    *("loss", "alignment_error", "supervised_loss", "ridge_lambda", "dof", "learning_rate"),
    "epoch_time",
)


class Record:
    """Gathers the history of `JointOptimizer.fit`.

    Parameters
    ----------
    real : callable or None
        Takes a Base; returns the alignment error, lambda and degrees of freedom on the real rows.
    weights : (float, float)
        Of the supervised and the alignment term.
    replay : Replay, optional
        Of the fit that is written down; by default nothing is kept for a second run.

    Attributes
    ----------
    history : History
    replay : Replay
    """

    def __init__(
        self,
        real: Callable[[Base], tuple[float, float, float]] | None,
        weights: tuple,
        replay: Replay | None = None,
    ) -> None:
        self.history, self.replay = History(), replay or Replay()
        self._real, self._weights = real, weights
        self._seen = (np.nan, np.nan, np.nan)
        self._clock = time.perf_counter()

    def add(
        self,
        base: Callable[[], Base],
        supervised: float,
        learning_rate: float,
        losses: Any = None,
        *,
        walked: bool = False,
    ) -> None:
        """Write one epoch down; the real rows are looked at in every fifth, their figures held between.

        What a descent that is ``walked`` again after a kill looked at is kept step by step.
        """
        *seen, seconds = self.replay(lambda: self._look(base)) if walked else self._look(base)
        self._seen = (float(seen[0]), float(seen[1]), float(seen[2]))
        aligned = self._seen[0]
        first, second = self._weights
        known = first * supervised + second * (aligned**2 if np.isfinite(aligned) else 0.0)
        row = {
            "loss": known if losses is None else losses,
            "alignment_error": aligned,
            "supervised_loss": supervised,
            "ridge_lambda": self._seen[1],
            "dof": self._seen[2],
            "learning_rate": learning_rate,
            "epoch_time": seconds,
        }
        self.history.extend({name: np.array([value], np.float64) for name, value in row.items()})

    def arrays(self) -> list[np.ndarray]:
        """Return all that was written down, to be kept."""
        columns = [np.asarray(self.history[name]) for name in self.history]
        return [np.array(columns).reshape(len(columns), self.history.epochs), np.array(self._seen)]

    def restore(self, rows: np.ndarray, seen: np.ndarray) -> None:
        """Take what `arrays` returned, and go on from there."""
        self._seen = (float(seen[0]), float(seen[1]), float(seen[2]))
        self.history, self._clock = History(dict(zip(_COLUMNS, rows, strict=False))), time.perf_counter()

    def _look(self, base: Callable[[], Base]) -> tuple[float, ...]:
        """Return what the real rows say, and the seconds since the last epoch."""
        seen = self._seen
        if self._real is not None and self.history.epochs % EVERY == 0:
            seen = self._real(base())
        now = time.perf_counter()
        seconds, self._clock = now - self._clock, now
        return *seen, seconds
