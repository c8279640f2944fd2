"""Sums, differences, products, the larger of two numbers, odd and even."""

from collections.abc import Iterator

from neuralopt.text.questions.base import Fact, fact

_TEXTS = {
    "en": {
        "sum": ("How much is {} plus {}?", "What do {} and {} add up to?", "What is the sum of {} and {}?"),
        "difference": (
            "How much is {} minus {}?",
            "What is left of {} when {} is taken away?",
            "What is the difference between {} and {}?",
        ),
        "product": (
            "How much is {} times {}?",
            "What is the product of {} and {}?",
            "What do you get when you multiply {} by {}?",
        ),
        "larger": (
            "Which number is larger, {} or {}?",
            "Of {} and {}, which is the greater one?",
            "Take the numbers {} and {}: which one is bigger?",
        ),
        "parity": (
            "Is {} an odd or an even number?",
            "Odd or even: what is {}?",
            "What is the parity of {}?",
        ),
    },
    "tr": {
        "sum": (
            "{} ile {} toplanırsa kaç eder?",
            "{} artı {} kaçtır?",
            "{} ve {} sayılarının toplamı nedir?",
        ),
        "difference": (
            "{} sayısından {} çıkarılırsa kaç kalır?",
            "{} eksi {} kaçtır?",
            "{} ile {} arasındaki fark nedir?",
        ),
        "product": (
            "{} ile {} çarpılırsa kaç eder?",
            "{} çarpı {} kaçtır?",
            "{} ve {} sayılarının çarpımı nedir?",
        ),
        "larger": (
            "{} ile {} sayılarından hangisi daha büyüktür?",
            "{} mi, {} mi daha büyük bir sayıdır?",
            "{} ve {} içinden büyük olanı hangisidir?",
        ),
        "parity": (
            "{} tek sayı mıdır, çift sayı mıdır?",
            "{} için hangisi doğrudur, tek mi çift mi?",
            "Tek ile çift sayılar arasında {} hangilerindendir?",
        ),
    },
}
_PARITY = {"en": ("even", "odd"), "tr": ("çift", "tek")}


def arithmetic(language: str) -> Iterator[Fact]:
    """Yield the facts; a wrong result is off by one, by two or by ten."""
    texts = _TEXTS[language]
    for a in range(2, 40):
        for b in range(2, 16):
            yield _result(texts["sum"], a, b, a + b)
            if a > b:
                yield _result(texts["difference"], a, b, a - b)
            if a < 13 and b < 13:
                yield _result(texts["product"], a, b, a * b)
    for a in range(11, 99, 3):
        for b in (a + 7, a - 5):
            yield fact(texts["larger"], [a, b], str(max(a, b)), [str(min(a, b))])
    for a in range(10, 100):
        yield fact(texts["parity"], [a], _PARITY[language][a % 2], _PARITY[language])


def _result(wordings: tuple[str, ...], a: int, b: int, result: int) -> Fact:
    near = (result + step for step in (1, -1, 2, -2, 10, -10))
    return fact(wordings, [a, b], str(result), (str(number) for number in near if number > 0))
