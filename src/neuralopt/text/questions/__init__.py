"""Facts written for this project, in Turkish and English, domain by domain."""

from collections.abc import Callable, Iterator

from neuralopt.text.questions.animals import animals
from neuralopt.text.questions.arithmetic import arithmetic
from neuralopt.text.questions.base import LANGUAGES, Fact
from neuralopt.text.questions.calendar import calendar
from neuralopt.text.questions.chemistry import chemistry
from neuralopt.text.questions.geography import geography
from neuralopt.text.questions.grammar import grammar

DOMAINS: dict[str, Callable[[str], Iterator[Fact]]] = {
    "geography": geography,
    "arithmetic": arithmetic,
    "animals": animals,
    "chemistry": chemistry,
    "calendar": calendar,
    "grammar": grammar,
}
"""Name to the facts of a domain in a language."""

__all__ = ["DOMAINS", "LANGUAGES", "Fact"]
