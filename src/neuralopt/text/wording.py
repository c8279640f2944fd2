"""Texts as they are compared: what differs only in case, spaces or marks is the same."""

import json
import re
import unicodedata
from typing import Any

import numpy as np


def tidy(text: str) -> str:
    """Return a text in composed form, its spaces and line ends as single spaces, no control characters.

    Examples
    --------
    >>> tidy("  What\\n is\\tthis? ")
    'What is this?'
    """
    composed = unicodedata.normalize("NFC", text)
    return " ".join("".join(c if c.isprintable() else " " for c in composed).split())


def lowered(text: str) -> str:
    """Return a text in lower case; the dotted capital of Turkish becomes a plain i.

    Examples
    --------
    >>> lowered("İzmir")
    'izmir'
    """
    return unicodedata.normalize("NFC", text.replace("İ", "i")).lower()


def key(text: str) -> str:
    """Return what two spellings of a text share: words, numbers and signs, in lower case.

    Examples
    --------
    >>> key("What is H2O ?") == key("what is  h2o")
    True
    >>> key("3 + 4?") == key("3 - 4?")
    False
    """
    folded = unicodedata.normalize("NFKC", lowered(tidy(text))).casefold()
    return " ".join(re.sub(r"[^\w+\-*/<>=%°^]+", " ", folded).split())


def cell_text(cell: Any) -> str:
    """Return a table's cell as a text: whole numbers without a point, nothing for a missing one.

    Examples
    --------
    >>> cell_text(12.0), cell_text(float("nan")), cell_text(" Paris ")
    ('12', '', 'Paris')
    """
    if isinstance(cell, float | np.floating):
        if not np.isfinite(cell):
            return ""
        return str(int(cell)) if cell == int(cell) else str(cell)
    missing = cell is None or type(cell).__name__ in ("NAType", "NaTType")
    return "" if missing else tidy(str(cell))


def from_json(text: str | bytes) -> Any:
    """Return what JSON says; a ValueError for anything else, also for brackets nested without end."""
    try:
        return json.loads(text)
    except RecursionError:
        raise ValueError("it is nested too deeply") from None
