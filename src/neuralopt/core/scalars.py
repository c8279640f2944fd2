"""Checks of single numbers that a user gives."""

import math
import numbers
from typing import Any

from neuralopt.core.errors import InvalidArgument


def check_count(name: str, value: Any, *, low: int = 1, high: int | None = None) -> int:
    """Return a whole number that is at least ``low`` and at most ``high``, or raise.

    Parameters
    ----------
    name : str
        The argument's name, for the error.
    value : int
        What was given; NumPy integers are taken, floats and bools are not.
    low : int, default 1
        The least value allowed.
    high : int, optional
        The largest value allowed.

    Returns
    -------
    int
        The value.

    Examples
    --------
    >>> check_count("epochs", 0)
    Traceback (most recent call last):
    neuralopt.core.errors.InvalidArgument: epochs must be a whole number >= 1, got 0.
    """
    if isinstance(value, bool) or not isinstance(value, numbers.Integral) or int(value) < low:
        raise InvalidArgument(f"{name} must be a whole number >= {low}, got {value!r}.")
    if high is not None and int(value) > high:
        raise InvalidArgument(f"{name} must be a whole number from {low} to {high}, got {value!r}.")
    return int(value)


def check_number(name: str, value: Any, *, low: float = 0.0, low_open: bool = False, unit: str = "") -> float:
    """Return a finite number that is at least ``low``, or raise.

    Parameters
    ----------
    name : str
        The argument's name, for the error.
    value : float
        What was given.
    low : float, default 0
        The least value allowed.
    low_open : bool, default False
        Whether ``low`` itself is too little.
    unit : str
        For the error.

    Returns
    -------
    float
        The value.

    Examples
    --------
    >>> check_number("timeout", "5", low_open=True, unit="seconds")
    Traceback (most recent call last):
    neuralopt.core.errors.InvalidArgument: timeout must be a finite number > 0 seconds, got '5'.
    """
    real = isinstance(value, numbers.Real) and not isinstance(value, bool) and math.isfinite(value)
    if not real or value < low or (low_open and value == low):
        law = f"{'>' if low_open else '>='} {low:g}{unit and ' '}{unit}"
        raise InvalidArgument(f"{name} must be a finite number {law}, got {value!r}.")
    return float(value)
