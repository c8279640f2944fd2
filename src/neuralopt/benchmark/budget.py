"""What every gradient method gets, the same for all."""

import dataclasses
import math
from typing import TYPE_CHECKING

import numpy as np

from neuralopt.core.errors import InvalidArgument, raise_problems
from neuralopt.core.validation import check_count
from neuralopt.models import MLP

if TYPE_CHECKING:
    from neuralopt.benchmark.task import Task

_STEPS, _FEWEST, _MOST = 3000, 20, 200


@dataclasses.dataclass(frozen=True)
class Budget:
    """What every gradient method gets, the same for all.

    Parameters
    ----------
    rates : int or tuple of float, default 5
        How many learning rates over each method's range, or the rates themselves.
    seeds : int, default 5
        Paired runs at every learning rate: same initial parameters, same order of rows.
    epochs : int or None, default None
        Passes over the training rows; None aims at 3000 steps within 20 to 200 epochs.
    batch_size : int, default 32
        Rows of a mini-batch; GD takes all rows.
    hidden : tuple of int, default (64,)
        Widths of the hidden layers; empty for a linear network.
    activation : str, default "tanh"
        Of the hidden layers.
    widen : int, default 0
        How often a method's learning rates go on beyond the edge where the best lies, at most.

    Raises
    ------
    InvalidArgument
        For everything at once that is no positive whole number, no learning rate or no activation.

    Examples
    --------
    >>> Budget(seeds=0)
    Traceback (most recent call last):
    neuralopt.core.errors.InvalidArgument: seeds must be a whole number >= 1, got 0.
    """

    rates: int | tuple[float, ...] = 5
    seeds: int = 5
    epochs: int | None = None
    batch_size: int = 32
    hidden: tuple[int, ...] = (64,)
    activation: str = "tanh"
    widen: int = 0

    def __post_init__(self) -> None:
        problems: list[str] = []
        if isinstance(self.rates, tuple | list):
            _check_rates(self.rates, problems)
        counts = {"seeds": self.seeds, "batch_size": self.batch_size}
        counts |= {} if isinstance(self.rates, tuple | list) else {"rates": self.rates}
        counts |= {} if self.epochs is None else {"epochs": self.epochs}
        for name, value in counts.items():
            try:
                check_count(name, value)
            except InvalidArgument as error:
                problems.append(str(error))
        try:
            MLP((1, *self.hidden, 1), self.activation)
        except InvalidArgument as error:
            problems.append(str(error).replace("layer size", "hidden width"))
        raise_problems(problems)

    def epochs_for(self, task: "Task") -> int:
        """Return the epochs of a run on a task."""
        steps = max(1, len(task.train.X) // self.batch_size)
        return self.epochs or int(np.clip(_STEPS // steps, _FEWEST, _MOST))

    def network(self, task: "Task") -> MLP:
        """Return the network that is trained on a task."""
        return task.network(self.hidden, self.activation)


def _check_rates(rates: tuple[float, ...] | list[float], problems: list[str]) -> None:
    shown = ", ".join(map(str, rates)) or "none"
    if not rates or not all(0 < rate < math.inf for rate in rates):
        problems.append(f"learning rates must be finite and > 0, at least one, got {shown}.")
    elif len(set(rates)) < len(rates):
        problems.append(f"learning rates must be different, got {shown}.")
