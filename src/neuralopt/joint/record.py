"""What joint training writes down after every epoch."""

import time
from collections.abc import Callable
from typing import Any

import numpy as np

from neuralopt.engine import History
from neuralopt.joint.base import Base

EVERY = 5  # epochs between two looks at the real rows


class Record:
    """Gathers the history of `JointOptimizer.fit`.

    Parameters
    ----------
    real : callable or None
        Takes a Base; returns the alignment error, lambda and degrees of freedom on the real rows.
    weights : (float, float)
        Of the supervised and the alignment term.
    """

    def __init__(self, real: Callable[[Base], tuple[float, float, float]] | None, weights: tuple) -> None:
        self.history = History()
        self._real, self._weights = real, weights
        self._seen = (np.nan, np.nan, np.nan)
        self._clock = time.perf_counter()

    def add(
        self, base: Callable[[], Base], supervised: float, learning_rate: float, losses: Any = None
    ) -> None:
        """Write one epoch down; the real rows are looked at in every fifth, their figures held between."""
        if self._real is not None and self.history.epochs % EVERY == 0:
            self._seen = self._real(base())
        aligned = self._seen[0]
        first, second = self._weights
        known = first * supervised + second * (aligned**2 if np.isfinite(aligned) else 0.0)
        now = time.perf_counter()
        row = {
            "loss": known if losses is None else losses,
            "alignment_error": aligned,
            "supervised_loss": supervised,
            "ridge_lambda": self._seen[1],
            "dof": self._seen[2],
            "learning_rate": learning_rate,
            "epoch_time": now - self._clock,
        }
        self._clock = now
        self.history.extend({name: np.array([value], np.float64) for name, value in row.items()})
