"""Question-answer pairs without a language model: from facts written for this project."""

import collections
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from neuralopt.core.errors import InvalidArgument, did_you_mean
from neuralopt.core.scalars import check_count
from neuralopt.text.questions import DOMAINS, LANGUAGES, Fact

if TYPE_CHECKING:
    import pandas

COLUMNS = ("question", "answer", "label", "topic", "language", "source")
"""The columns of a table of pairs; the first three are needed, the others say where a pair comes from."""

BUNDLED = "bundled"


def bundled_pairs(
    n: int = 600,
    language: str = "en",
    *,
    seed: int = 0,
    wordings: int = 3,
    hard: bool = False,
    domains: Sequence[str] | None = None,
) -> "pandas.DataFrame":
    """Return question-answer pairs made from bundled facts.

    A fact is asked in several wordings. Every question comes twice, with its right answer (+1) and with a
    wrong one (-1) of the same kind: another capital of the continent, a number near by, a plural by the wrong
    rule. So the labels are balanced, and a question by itself tells nothing.

    Parameters
    ----------
    n : int >= 2, default 600
        Rows. With an odd number one question has its right answer only.
    language : {"en", "tr"}, default "en"
        English or Turkish.
    seed : int >= 0, default 0
        The same seed gives the same pairs.
    wordings : {1, 2, 3}, default 3
        In how many ways a fact is asked. With 1 no fact of the test rows is among the training rows, so that
        what can be learned from them are rules only; with more, facts as well.
    hard : bool, default False
        Take as wrong what is right elsewhere, so that an answer is wrong as often as right and tells nothing
        by itself. Otherwise any answer of the kind is taken, and one that is right for several questions is
        right more often than wrong, which counts of words can learn.
    domains : sequence of str, optional
        Some of `DOMAINS`; by default all, in equal shares while each has facts left.

    Returns
    -------
    pandas.DataFrame
        Columns question, answer, label, topic, language, source.

    Raises
    ------
    InvalidArgument
        For an unknown language or domain, or more rows than there are.

    Examples
    --------
    >>> pairs = bundled_pairs(200, "tr", seed=1)
    >>> len(pairs), int(pairs["label"].sum()), pairs["question"].nunique()
    (200, 0, 100)
    """
    import pandas

    check_count("n", n, low=2)
    check_count("seed", seed, low=0)
    check_language(language)
    if wordings not in (1, 2, 3):
        raise InvalidArgument(f"wordings must be 1, 2 or 3, got {wordings!r}.")
    random = np.random.default_rng(seed)
    facts = _round_robin([_shuffled(name, language, random) for name in _checked(domains)])
    if n > 2 * wordings * len(facts):
        raise InvalidArgument(
            f"n must be at most {2 * wordings * len(facts)} here, the pairs that the bundled facts make, got "
            f"{n}. Take more domains or wordings, or a language model (neuralopt text generate --model NAME)."
        )
    facts = facts[: -(-n // (2 * wordings))]
    owed = collections.Counter({answer: 0 for _, fact in facts for answer in fact.wrong})
    for _, fact in facts:
        owed[fact.right] += wordings  # how often it is right, less how often it is given as wrong
    rows: list[tuple[str, str, int, str, str, str]] = []
    for topic, fact in facts:
        for way in random.permutation(len(fact.wordings))[:wordings]:
            candidates = random.permutation(fact.wrong).tolist()
            wrong = max(candidates, key=lambda answer: owed[answer]) if hard else candidates[0]
            owed[wrong] -= 1
            for answer, label in ((fact.right, 1), (wrong, -1)):
                rows.append((fact.wordings[way], answer, label, topic, language, BUNDLED))
    order = random.permutation(n)
    return pandas.DataFrame([rows[k] for k in order], columns=list(COLUMNS))


def check_language(language: str) -> None:
    """Raise unless a language is one of those that questions are asked in."""
    if language not in LANGUAGES:
        raise InvalidArgument(f"language must be one of {', '.join(LANGUAGES)}, got {language!r}.")


def _checked(domains: Sequence[str] | None) -> list[str]:
    names = list(DOMAINS if domains is None else domains)
    for name in names:
        if name not in DOMAINS:
            raise InvalidArgument(
                f"unknown domain {name!r}.{did_you_mean(str(name), DOMAINS)} Known: {', '.join(DOMAINS)}."
            )
    if not names:
        raise InvalidArgument(f"domains must name at least one of {', '.join(DOMAINS)}, got none.")
    return list(dict.fromkeys(names))


def _shuffled(name: str, language: str, random: np.random.Generator) -> list[tuple[str, Fact]]:
    facts = list(DOMAINS[name](language))
    return [(name, facts[k]) for k in random.permutation(len(facts))]


def _round_robin(lists: list[list[tuple[str, Fact]]]) -> list[tuple[str, Fact]]:
    longest = max(map(len, lists))
    return [members[k] for k in range(longest) for members in lists if k < len(members)]
