"""What a sweep gave."""

import dataclasses
import numbers
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from neuralopt.core import tree
from neuralopt.core.errors import InvalidArgument
from neuralopt.core.results import Status
from neuralopt.engine.statistics import Statistics


@dataclasses.dataclass(frozen=True)
class SweepResult:
    """What a sweep gave; every array is indexed by learning rate, then seed.

    Attributes
    ----------
    learning_rates : float array of shape (L,)
    seeds : tuple of int, length S
    history : dict of arrays of shape (L, S, epochs)
        The columns of `History` except seconds; NaN after a run has ended.
    status : tuple of tuples of Status
    best_epoch : int array of shape (L, S)
        Counted from 1; 0 when no loss was finite.
    seconds, compile_seconds : float
        Wall time of all runs together, and of compiling before them.
    """

    learning_rates: np.ndarray
    seeds: tuple[int, ...]
    history: dict[str, np.ndarray]
    status: tuple[tuple[Status, ...], ...]
    best_epoch: np.ndarray
    seconds: float
    compile_seconds: float
    _params: Any
    _statistics: Any
    _rebuild: Callable[[Any, Any], Any]
    _paths: tuple[np.ndarray, np.ndarray] | None = None

    def params(self, learning_rate: int, seed: int) -> Any:
        """Return the parameters of one run, by its indices: the best epoch's, as `train` gives them.

        Raises InvalidArgument for an index that there is not, such as a learning rate itself.
        """
        return self._of(self._params, learning_rate, seed)

    def statistics(self, learning_rate: int, seed: int) -> Statistics | None:
        """Return the batch statistics that belong to `params`, of a module that carries them."""
        return Statistics.of(
            self._of(self._statistics, learning_rate, seed), self.params(learning_rate, seed)
        )

    def model(self, learning_rate: int, seed: int) -> Any:
        """Return the trained model of one run, by its indices."""
        return self._rebuild(
            self.params(learning_rate, seed), self._of(self._statistics, learning_rate, seed)
        )

    def path(self, learning_rate: int) -> tuple[np.ndarray, np.ndarray] | None:
        """Return the way of the first seed's run at a learning rate, by its index, up to its end.

        Parameters
        ----------
        learning_rate : int
            Its index.

        Returns
        -------
        (epoch, trajectory) or None
            Epochs done at every point, shape (n,), and the parameters there, float32 of shape
            (n, parameters). None where the sweep was not asked for trajectories.
        """
        if self._paths is None:
            return None
        epoch = self._paths[0]
        points = self._paths[1][_place("learning_rate", learning_rate, self.learning_rates)]
        sound = np.isfinite(points).all(axis=1)
        return epoch[sound], points[sound]

    def joined(self, other: "SweepResult") -> "SweepResult":
        """Return both sweeps of the same model and seeds as one, its learning rates in ascending order."""
        order = np.argsort(np.concatenate([self.learning_rates, other.learning_rates]))
        runs = (order[:, None] * len(self.seeds) + np.arange(len(self.seeds))).ravel()

        def columns(mine: Any, its: Any) -> Any:
            return np.concatenate([mine, its])[order]

        def stacked(mine: Any, its: Any) -> Any:
            return np.concatenate([mine, its])[runs]

        return dataclasses.replace(
            self,
            learning_rates=columns(self.learning_rates, other.learning_rates),
            history={name: columns(column, other.history[name]) for name, column in self.history.items()},
            status=tuple((*self.status, *other.status)[k] for k in order),
            best_epoch=columns(self.best_epoch, other.best_epoch),
            seconds=self.seconds + other.seconds,
            compile_seconds=self.compile_seconds + other.compile_seconds,
            _params=tree.map(stacked, self._params, other._params),
            _paths=_joined_paths(self._paths, other._paths, order),
            _statistics=tree.map(stacked, self._statistics, other._statistics),
        )

    def _of(self, stacked: Any, learning_rate: int, seed: int) -> Any:
        row = _place("learning_rate", learning_rate, self.learning_rates) * len(self.seeds)
        run = row + _place("seed", seed, self.seeds)
        return tree.map(lambda leaf: leaf[run], stacked)


def _place(name: str, index: int, held: Sequence[Any] | np.ndarray) -> int:
    """Return an index into the runs, counted from the end where it is negative."""
    shown = ", ".join(f"{value:g}" for value in held[:8]) + (", ..." if len(held) > 8 else "")
    if isinstance(index, bool) or not isinstance(index, numbers.Integral):
        raise InvalidArgument(
            f"{name} is the index of one of {shown}, a whole number from 0 to {len(held) - 1}, got {index!r}."
        )
    if not -len(held) <= index < len(held):
        raise InvalidArgument(f"{name} must be from 0 to {len(held) - 1}, the index of {shown}; got {index}.")
    return int(index) % len(held)


def _joined_paths(mine: Any, its: Any, order: np.ndarray) -> Any:
    if mine is None or its is None:
        return None
    # a sweep all of whose runs ended early has fewer points
    longest, shorter = (mine, its) if len(mine[0]) >= len(its[0]) else (its, mine)
    missing = len(longest[0]) - len(shorter[0])
    padded = [
        np.pad(points, ((0, 0), (0, len(longest[0]) - len(epoch)), (0, 0)), constant_values=np.nan)
        if missing
        else points
        for epoch, points in (mine, its)
    ]
    return longest[0], np.concatenate(padded)[order]
