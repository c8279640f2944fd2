"""Checks of plain data that come back from a file, all problems at once."""

import math
from collections.abc import Callable, Mapping
from typing import Any

Check = Callable[[Any], Any]


def restored(
    data: Any, checks: Mapping[str, Check], where: str, problems: list[str]
) -> dict[str, Any] | None:
    """Return the checked fields of a dict, or None after adding to the problems."""
    if not isinstance(data, dict):
        problems.append(f"{where} must be a dict, got {type(data).__name__}.")
        return None
    before = len(problems)
    problems += [f"{where} lacks the field '{name}'." for name in checks if name not in data]
    problems += [f"{where} has the unknown field {name!r}." for name in data if name not in checks]
    fields = {}
    for name in checks.keys() & data.keys():
        try:
            fields[name] = checks[name](data[name])
        except (TypeError, ValueError) as error:
            problems.append(f"{where}['{name}'] must be {error}, got {data[name]!r}.")
    return fields if len(problems) == before else None


def text(value: Any) -> str:
    """Accept a string."""
    if not isinstance(value, str):
        raise TypeError("a string")
    return value


def flag(value: Any) -> bool:
    """Accept a boolean."""
    if not isinstance(value, bool):
        raise TypeError("true or false")
    return value


def finite(value: Any) -> float:
    """Accept a finite number."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise ValueError("a finite number")
    return float(value)


def positive(value: Any) -> float:
    """Accept a finite number above zero."""
    if finite(value) <= 0:
        raise ValueError("a number above 0")
    return float(value)


def one_of(*options: Any) -> Check:
    """Return the check that accepts one of the given values."""

    def check(value: Any) -> Any:
        if value not in options:
            raise ValueError("one of " + ", ".join(repr(option) for option in options))
        return value

    return check


def several(check: Check, distinct: bool = False) -> Check:
    """Return the check that accepts a non-empty list, each item by ``check``."""

    def check_all(value: Any) -> tuple[Any, ...]:
        if not isinstance(value, list | tuple) or not value:
            raise TypeError("a list with at least one item")
        try:
            items = tuple(check(item) for item in value)
        except (TypeError, ValueError) as error:
            raise ValueError(f"a list, each item {error}") from None
        if distinct and len(set(items)) < len(items):
            raise ValueError("a list without repetition")
        return items

    return check_all


def texts(value: Any) -> tuple[str, ...]:
    """Accept a list of strings, which may be empty."""
    if not isinstance(value, list | tuple) or not all(isinstance(item, str) for item in value):
        raise TypeError("a list of strings")
    return tuple(value)
