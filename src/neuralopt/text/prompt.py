"""What a language model is asked, and what is made of its answer."""

import re
from collections.abc import Sequence
from typing import Any, NamedTuple

from neuralopt.text.wording import from_json, key, tidy

_LONGEST = 300  # characters of a question or an answer
_FIELDS = ("question", "right_answer", "wrong_answer")
_NAMES = {"en": "English", "tr": "Turkish"}
TOPICS = (
    *("geography", "history", "biology", "physics", "chemistry", "mathematics", "astronomy", "medicine"),
    *("sports", "music", "painting", "literature", "film", "food and cooking", "plants", "animals"),
    *("technology", "computers", "transport", "economy", "law", "grammar", "weather", "everyday life"),
)


class Asked(NamedTuple):
    """A question with a right and a wrong answer, as a model wrote them."""

    question: str
    right: str
    wrong: str


def schema(count: int) -> dict[str, Any]:
    """Return the JSON schema of an answer with so many questions."""
    item = {
        "type": "object",
        "properties": {field: {"type": "string", "minLength": 1} for field in _FIELDS},
        "required": list(_FIELDS),
        "additionalProperties": False,
    }
    items = {"type": "array", "items": item, "minItems": count, "maxItems": count}
    return {
        "type": "object",
        "properties": {"items": items},
        "required": ["items"],
        "additionalProperties": False,
    }


def messages(language: str, topic: str, count: int, known: Sequence[str]) -> list[dict[str, str]]:
    """Return the messages that ask for questions on a topic, other than those already known."""
    system = (
        f"You write quiz material in {_NAMES[language]}. You answer with one JSON object and nothing else, "
        "of the "
        'form {"items": [{"question": "...", "right_answer": "...", "wrong_answer": "..."}]}.'
    )
    user = (
        f"Write {count} different short questions about {topic}, in {_NAMES[language]}. Each has one "
        "answer that is certainly right and one that is certainly wrong. The wrong answer is of the same "
        "kind and about as long as the right one, so that only someone who knows the matter can tell them "
        "apart: for a city another city, for a number another number. No answer is empty, and none repeats "
        "the question."
    )
    if known:
        user += " Do not ask these again: " + " | ".join(known)
    return [{"role": "system", "content": system}, {"role": "user", "content": user}]


def parse(text: str) -> list[Asked]:
    """Return the usable questions of a model's answer.

    Left out are items without text, with answers that are the same, or longer than 300 characters.

    Parameters
    ----------
    text : str
        JSON, also with a fence or words around it.

    Returns
    -------
    list of Asked
        In the order of the answer.

    Raises
    ------
    ValueError
        When no JSON of the wanted form is in it.

    Examples
    --------
    >>> parse('{"items": [{"question": "2 + 2?", "right_answer": "4", "wrong_answer": "5"}]}')
    [Asked(question='2 + 2?', right='4', wrong='5')]
    """
    held = _json(text)
    items = held.get("items", held.get("pairs")) if isinstance(held, dict) else held
    if not isinstance(items, list):
        raise ValueError("no list of items")
    found = []
    for item in items:
        if not isinstance(item, dict):
            continue
        values = [item.get(field) for field in _FIELDS]
        if not all(isinstance(v, str | int | float) and not isinstance(v, bool) for v in values):
            continue
        question, right, wrong = (tidy(str(v)) for v in values)
        if (
            all(0 < len(part) <= _LONGEST for part in (question, right, wrong))
            and key(question)
            and (key(right) or right) != (key(wrong) or wrong)
        ):
            found.append(Asked(question, right, wrong))
    return found


def _json(text: str) -> Any:
    """Return the JSON of a text, or of the outermost brackets in it."""
    try:
        return from_json(text)
    except ValueError:
        inner = re.search(r"\{.*\}|\[.*\]", text, re.DOTALL)
        if inner is None:
            raise
        return from_json(inner[0])
