"""Turns of phrase that the error texts of this room share."""

import shlex
from collections.abc import Iterable, Sequence

import numpy as np

from neuralopt.core.errors import did_you_mean


def listing(names: Iterable[object], limit: int = 8) -> str:
    """Return quoted names with commas, the end of a long list as a count."""
    known = [repr(str(name)) for name in names]
    shown = ", ".join(known[:limit])
    return f"{shown} and {len(known) - limit} more" if len(known) > limit else shown


def counted(number: int, noun: str, plural: str | None = None) -> str:
    """Return ``1 row`` or ``2 rows``."""
    return f"{number} {noun if number == 1 else plural or noun + 's'}"


def absent(names: Sequence[str], known: Sequence[str], limit: int = 8) -> str:
    """Return quoted names, each with the known name that it resembles, the end of a long list as a count."""
    hints = [did_you_mean(name, known).removeprefix(" Did") for name in names[:limit]]
    shown = ", ".join(f"'{name}' (did{hint})" if hint else f"'{name}'" for name, hint in zip(names, hints))
    return f"{shown} and {len(names) - limit} more" if len(names) > limit else shown


def dropping(name: str) -> str:
    """Return the option that leaves a column out, as a shell takes it."""
    return f"--drop {shlex.quote(name)}"


def first_row(mask: np.ndarray) -> int:
    """Return the number of the first row that is set; rows count from 1 and the header is not counted."""
    return int(np.argmax(mask)) + 1
