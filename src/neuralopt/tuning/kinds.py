"""The kinds of hyperparameters, as one writes them in a space."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from neuralopt.tuning.dimensions import Categorical, Int, LogUniform, Uniform, When


def uniform(low: float, high: float, *, when: When | None = None) -> Uniform:
    """Return a hyperparameter between two bounds.

    Parameters
    ----------
    low, high : float
        ``low < high``.
    when : mapping, optional
        Only where another, categorical or whole, hyperparameter has this value or one of these:
        ``when={"optimizer": "sgd"}``.

    Returns
    -------
    Uniform
        For a `Space`.

    Examples
    --------
    >>> uniform(0, 0.9).value(0.5)
    0.45
    """
    return Uniform(low, high, when=when)


def log_uniform(low: float, high: float, *, when: When | None = None) -> LogUniform:
    """Return a hyperparameter whose logarithm is uniform between two bounds.

    Parameters
    ----------
    low, high : float
        ``0 < low < high``.
    when : mapping, optional
        As for `uniform`.

    Returns
    -------
    LogUniform
        For a `Space`.

    Examples
    --------
    >>> round(log_uniform(1e-4, 1e-2).value(0.5), 6)
    0.001
    """
    return LogUniform(low, high, when=when)


def integer(low: int, high: int, *, step: int = 1, log: bool = False, when: When | None = None) -> Int:
    """Return a hyperparameter of whole numbers, both bounds included.

    Parameters
    ----------
    low, high : int
        ``low <= high``.
    step : int >= 1, default 1
        Between neighbours.
    log : bool, default False
        Uniform in the logarithm; then ``1 <= low``.
    when : mapping, optional
        As for `uniform`.

    Returns
    -------
    Int
        For a `Space`.

    Examples
    --------
    >>> [integer(8, 64, step=8).value(u) for u in (0, 0.5, 1)]
    [8, 40, 64]
    """
    return Int(low, high, step, log, when=when)


def categorical(choices: Sequence[Any], *, when: When | None = None) -> Categorical:
    """Return a hyperparameter that is one of several choices without an order.

    Parameters
    ----------
    choices : sequence
        Text, numbers, True, False, None, or tuples of these.
    when : mapping, optional
        As for `uniform`.

    Returns
    -------
    Categorical
        For a `Space`.

    Examples
    --------
    >>> categorical(["tanh", "relu"]).value(0.7)
    'relu'
    """
    given: Any = tuple(choices) if isinstance(choices, list | np.ndarray) else choices
    return Categorical(given, when=when)
