"""Schedules are asked for their values before a run, on the host: a law must hold at every step."""

import dataclasses
from collections.abc import Iterator
from typing import Any

import jax.numpy as jnp
import numpy as np

from neuralopt.core.errors import InvalidArgument, NeuraloptError
from neuralopt.core.method import broken, value_at
from neuralopt.schedules import Schedule, feedback_init, settle
from neuralopt.transforms import Accumulate, Transform

_CHECKED_STEPS, _ONE_BY_ONE = 1000, 50
_ROUNDING = 1e-9
"""Share of the largest value that a bound may be missed by: a sum of rounded numbers."""


def over_the_run(schedule: Any, total_steps: int, what: str) -> tuple[np.ndarray, np.ndarray]:
    """Return steps of a run, all or a thousand, and a schedule's values there.

    Parameters
    ----------
    schedule : Schedule
        With its units bound, feedback settled.
    total_steps : int >= 1
    what : str
        What it schedules, for the error.

    Returns
    -------
    steps : int array of shape (n,)
    values : float64 array of shape (n,)

    Raises
    ------
    InvalidArgument
        Where it gives no number.

    Examples
    --------
    >>> from neuralopt.schedules import Constant
    >>> over_the_run(Constant(0.5), 3, "dropout")
    (array([0, 1, 2]), array([0.5, 0.5, 0.5]))
    """
    steps = np.unique(np.linspace(0, total_steps - 1, _CHECKED_STEPS).astype(int))
    try:
        return steps, np.asarray(schedule(steps), np.float64)
    except Exception:  # a function of one's own may take one step at a time, as training asks it
        steps = steps[np.unique(np.linspace(0, len(steps) - 1, _ONE_BY_ONE).astype(int))]
    try:
        found = [value_at(schedule, jnp.asarray(step, jnp.int32)) for step in steps]
        return steps, np.asarray(found, np.float64)
    except NeuraloptError as error:
        raise InvalidArgument(f"{what}: {error}") from error
    except Exception as error:
        raise InvalidArgument(
            f"{what}: the schedule {schedule!r} could not be evaluated at steps 0 to {total_steps - 1}: "
            f"{type(error).__name__}: {error}. It must give a number for a step that is an int array."
        ) from error


def check_hyperparameters(optimizer: Any, total_steps: int) -> None:
    """Raise when a scheduled hyperparameter breaks its law during a run.

    Parameters
    ----------
    optimizer : Transform
        With its units bound. Feedback schedules are asked as they are before anything is observed.
    total_steps : int >= 1
        Of the run.

    Raises
    ------
    InvalidArgument
        With the first step and value that break a law.

    Examples
    --------
    >>> from neuralopt import optimizers, schedules
    >>> check_hyperparameters(optimizers.Adam(schedules.Cosine(-0.1, 10)), 20)  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    neuralopt.core.errors.InvalidArgument: Adam: learning_rate must satisfy 0 <= learning_rate at every ...
    """
    for owner, name, law, schedule, many in _scheduled(
        settle(optimizer, feedback_init(optimizer)), total_steps
    ):
        what = f"{type(owner).__name__}: {name}"
        steps, values = over_the_run(schedule, many, what)
        slack = _ROUNDING * np.max(np.abs(values), initial=0.0, where=np.isfinite(values))
        for step, value in zip(steps.tolist(), values.tolist(), strict=True):
            inside = min(max(value, law.low), law.high)
            value = inside if abs(value - inside) <= slack else value
            if not law.holds(value):
                where = f" at step {step} of {schedule!r}"
                raise InvalidArgument(f"{what} {broken(law, name, value, ' at every step', where)}")


def _scheduled(part: Any, steps: int) -> Iterator[tuple[Any, str, Any, Any, int]]:
    """Yield every scheduled hyperparameter: its owner, name, law and schedule, and how many steps it sees."""
    if isinstance(part, tuple | list):
        for inner in part:
            yield from _scheduled(inner, steps)
    elif isinstance(part, Transform) and dataclasses.is_dataclass(part):
        for field in dataclasses.fields(part):
            given, law = getattr(part, field.name), field.metadata.get("law")
            if law is not None and isinstance(given, Schedule):
                yield part, field.name, law, given, steps
            elif law is None:
                yield from _scheduled(given, _steps_within(part, steps))


def _steps_within(part: Any, steps: int) -> int:
    """Return how many steps what is wrapped takes at most."""
    if not isinstance(part, Accumulate) or isinstance(part.steps, Schedule):
        return steps
    return max(1, steps // int(part.steps))
