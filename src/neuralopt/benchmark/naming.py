"""Names as parts of file names: short, plain, and no two the same."""

import re
from collections.abc import Sequence

_LONGEST = 60  # of 255 bytes, so that four bytes a letter and a method's name behind it fit


def slug(name: str, otherwise: str = "task") -> str:
    """Return a name as part of a file name: letters and digits of any script, single dashes between.

    Parameters
    ----------
    name : str
    otherwise : str, default "task"
        For a name without letters or digits.

    Returns
    -------
    str
        At most 60 characters. Never holds two dashes in a row, which part the names in a record's file name.

    Examples
    --------
    >>> slug("A / B (2)"), slug("çağrı"), slug("!!")
    ('a-b-2', 'çağrı', 'task')
    """
    folded = "".join(c if c.isalnum() else "-" for c in name.lower())
    return re.sub("-+", "-", folded)[:_LONGEST].strip("-") or otherwise


def distinct_slugs(names: Sequence[str]) -> dict[str, str]:
    """Return a slug for every name, with a number where two would be the same.

    Parameters
    ----------
    names : sequence of str
        All different.

    Returns
    -------
    dict of str to str

    Examples
    --------
    >>> distinct_slugs(["a b", "a/b", "c"])
    {'a b': 'a-b', 'a/b': 'a-b-2', 'c': 'c'}
    """
    given: dict[str, str] = {}
    for name in names:
        wanted, number = slug(name), 2
        free = wanted
        while free in given.values():
            free, number = f"{wanted}-{number}", number + 1
        given[name] = free
    return given
