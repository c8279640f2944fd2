"""Numbers as text, the same in the terminal and on the page."""

import math
from collections.abc import Mapping
from typing import Any


def learning_rate(value: float | None) -> str:
    """Write a learning rate as it is typed: ``3e-3``.

    Parameters
    ----------
    value : float or None
        The learning rate; None for a method that has none.

    Returns
    -------
    str
        At most three significant digits, or ``""`` for None.

    Examples
    --------
    >>> learning_rate(0.003), learning_rate(0.0316), learning_rate(1.0), learning_rate(None)
    ('3e-3', '3.16e-2', '1', '')
    """
    if value is None:
        return ""
    mantissa, exponent = f"{value:.2e}".split("e")
    mantissa = mantissa.rstrip("0").rstrip(".")
    return mantissa if int(exponent) == 0 else f"{mantissa}e{int(exponent)}"


def tried(row: Mapping[str, Any], config: Mapping[str, Any]) -> str:
    """Write the chosen learning rate of a row, and the schedule where several were tried.

    Parameters
    ----------
    row : mapping
        Of a ranking.
    config : mapping
        Of the ranking; older ones have no ``schedules``.

    Returns
    -------
    str

    Examples
    --------
    >>> row = dict(learning_rate=0.003, schedule="warmup-cosine")
    >>> tried(row, {}), tried(row, {"schedules": ["constant", "warmup-cosine"]})
    ('3e-3', '3e-3, warmup-cosine')
    """
    several = row["learning_rate"] is not None and len(config.get("schedules", ())) > 1
    return learning_rate(row["learning_rate"]) + (f", {row.get('schedule')}" if several else "")


def number(value: float, decimals: int) -> str:
    """Write a number with a fixed count of decimals, or in powers of ten where that would not fit.

    Parameters
    ----------
    value : float
        Any finite number.
    decimals : int
        Digits after the point, as given by `decimals_for`.

    Returns
    -------
    str
        The numeral.

    Examples
    --------
    >>> number(0.96432, 3), number(1.5e7, 0)
    ('0.964', '1.50e+07')
    """
    if abs(value) >= 1e6 or 0 < abs(value) < 1e-4:
        return f"{value:.2e}"
    return f"{value:.{decimals}f}"


def decimals_for(value: float) -> int:
    """Count the decimals that show three significant digits of a number.

    Parameters
    ----------
    value : float
        Any finite number.

    Returns
    -------
    int
        From 0 to 6.

    Examples
    --------
    >>> decimals_for(0.0312), decimals_for(12.34), decimals_for(2893.0)
    (4, 1, 0)
    """
    if value == 0:
        return 3
    return min(6, max(0, 2 - math.floor(math.log10(abs(value)))))


def estimate(value: float | None, low: float | None, high: float | None, decimals: int | None = None) -> str:
    """Write a value with its interval: ``0.964 [0.951, 0.975]``.

    Parameters
    ----------
    value, low, high : float or None
        The value and the ends of its interval; None for a method that diverged.
    decimals : int or None, default None
        Digits after the point; None shows three significant digits of the value.

    Returns
    -------
    str
        The numeral with its interval; the numeral alone when there is no interval; ``"diverged"``
        when there is no value.

    Examples
    --------
    >>> estimate(0.9641, 0.951, 0.975, decimals=3)
    '0.964 [0.951, 0.975]'
    >>> estimate(None, None, None)
    'diverged'
    """
    if value is None:
        return "diverged"
    places = decimals_for(value) if decimals is None else decimals
    if low is None or high is None:
        return number(value, places)
    return f"{number(value, places)} [{number(low, places)}, {number(high, places)}]"
