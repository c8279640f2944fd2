"""What every gradient method gets, the same for all."""

import dataclasses
import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from neuralopt.core.errors import InvalidArgument, raise_problems
from neuralopt.core.scalars import check_count
from neuralopt.models import MLP
from neuralopt.schedules import WarmupCosine

if TYPE_CHECKING:
    from neuralopt.benchmark.task import Task

_STEPS, _FEWEST, _MOST = 3000, 20, 200
_WARMUP = 0.05  # of a run
# a comparison of more would not end in a person's lifetime; what is larger is a slip of the keyboard
_LARGEST = {"seeds": 10_000, "rates": 10_000, "batch_size": 2**31 - 1, "epochs": 10_000_000}


def _warmup_cosine(steps: int) -> Callable[[float], Any]:
    return lambda rate: WarmupCosine(peak=rate, warmup_steps=int(_WARMUP * steps), total_steps=steps)


SCHEDULES: dict[str, Callable[[int], Callable[[float], Any] | None]] = {
    "constant": lambda steps: None,
    "warmup-cosine": _warmup_cosine,
}
"""Name to what makes a schedule of a learning rate for a run of so many steps."""


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
    widen : int, default 2
        How often a method's learning rates go on beyond the edge where the best lies, at most. Rates that
        are given themselves stay as they are.
    schedules : tuple of str, default ("constant",)
        Tried with every learning rate, "constant" and "warmup-cosine"; the best by validation is kept.

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
    widen: int = 2
    schedules: tuple[str, ...] = ("constant",)

    def __post_init__(self) -> None:
        problems: list[str] = []
        if isinstance(self.rates, tuple | list):
            _check_rates(self.rates, problems)
        counts = {"seeds": self.seeds, "batch_size": self.batch_size}
        counts |= {} if isinstance(self.rates, tuple | list) else {"rates": self.rates}
        counts |= {} if self.epochs is None else {"epochs": self.epochs}
        for name, value in counts.items():
            try:
                check_count(name, value, high=_LARGEST[name])
            except InvalidArgument as error:
                problems.append(str(error))
        try:
            MLP((1, *self.hidden, 1), self.activation)
        except InvalidArgument as error:
            problems.append(str(error).replace("layer size", "hidden width"))
        unknown = sorted(set(map(str, self.schedules)) - set(SCHEDULES))
        if unknown or not self.schedules:
            named = ", ".join(unknown) or "none"
            problems.append(f"schedules must be among {', '.join(SCHEDULES)}, got {named}.")
        raise_problems(problems)

    @classmethod
    def thorough(cls, **given: Any) -> "Budget":
        """Return the full protocol: nine rates, widened at an edge, ten seeds, two schedules.

        Parameters
        ----------
        **given
            Fields that differ.

        Returns
        -------
        Budget
        """
        full: dict[str, Any] = {"rates": 9, "seeds": 10, "widen": 3, "schedules": tuple(SCHEDULES)}
        return cls(**(full | given))

    def schedule(self, name: str, steps: int) -> Callable[[float], Any] | None:
        """Return what makes a schedule of a learning rate for a run of so many steps; None for constants."""
        return SCHEDULES[name](steps)

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
