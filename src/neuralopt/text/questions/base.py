"""What a domain is made of: facts, each asked in several wordings, with wrong answers of its kind."""

import csv
from collections.abc import Iterable, Sequence
from importlib.resources import files
from typing import NamedTuple

LANGUAGES = ("en", "tr")


class Fact(NamedTuple):
    """A question in several wordings, its right answer, and wrong ones that are right of other facts."""

    wordings: tuple[str, ...]
    right: str
    wrong: tuple[str, ...]


def table(name: str) -> list[dict[str, str]]:
    """Return the rows of a bundled table of facts."""
    text = (files("neuralopt.text") / "data" / f"{name}.csv").read_text(encoding="utf-8")
    return list(csv.DictReader(text.splitlines()))


def fact(wordings: Iterable[str], subjects: Sequence[object], right: str, pool: Iterable[str]) -> Fact:
    """Return a fact about subjects, its wrong answers all the other members of a pool."""
    texts = tuple(capital(wording.format(*subjects)) for wording in wordings)
    return Fact(texts, right, tuple(dict.fromkeys(member for member in pool if member != right)))


def capital(text: str) -> str:
    """Return a text with its first letter in upper case, that of Turkish for an i.

    Examples
    --------
    >>> capital("inek hangi hayvan grubundandır?")[:4], capital("what?")
    ('İnek', 'What?')
    """
    first = "İ" if text[0] == "i" else text[0].upper()
    return first + text[1:]
