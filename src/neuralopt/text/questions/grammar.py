"""Forms of words: plurals, past tenses, articles, cases and opposites."""

from collections.abc import Iterator

from neuralopt.text.questions.base import Fact, fact, table

_FRONT, _BACK, _VOICELESS = "eiöü", "aıou", "fstkçşhp"
_ENGLISH = {
    "plural": (
        "What is the plural of the word {}?",
        "How do you write {} when there are many of them?",
        "One {}, two ... what?",
    ),
    "past": (
        "What is the past tense of the verb {}?",
        "How do you write the verb {} when it happened yesterday?",
        "Today they {}, and yesterday they ... what?",
    ),
    "article": (
        "Which indefinite article stands before the word {}?",
        "Does the word {} take a or an?",
        "What goes before the word {}, a or an?",
    ),
    "opposite": (
        "What is the opposite of the word {}?",
        "Which word means the contrary of {}?",
        "Something is not {} at all. What is it then?",
    ),
}
_TURKISH = {
    "plural": (
        "{} sözcüğünün çoğulu nedir?",
        "{} sözcüğü birden çok olunca nasıl yazılır?",
        "Bir {}, ama çok sayıda ... ne?",
    ),
    "place": (
        "{} sözcüğünün bulunma durumu nedir?",
        "{} sözcüğü bulunma ekini alınca nasıl yazılır?",
        "Bir şey nerede diye sorulunca {} sözcüğü hangi biçimi alır?",
    ),
    "opposite": (
        "{} sözcüğünün zıt anlamlısı nedir?",
        "{} sözcüğünün karşıtı hangi sözcüktür?",
        "Hiç {} olmayan bir şey nasıldır?",
    ),
}


def grammar(language: str) -> Iterator[Fact]:
    """Yield the facts; wrong forms follow a rule that holds for other words."""
    yield from _turkish() if language == "tr" else _english()


def _english() -> Iterator[Fact]:
    for row in table("plurals_en"):
        word = row["word"]
        forms = (word + "s", word + "es", word[:-1] + "ies")
        yield fact(_ENGLISH["plural"], [word], row["answer"], forms)
    for row in table("pasts_en"):
        word = row["word"]
        forms = (word + "ed", word + "d", word[:-1] + "ied", word + word[-1] + "ed")
        yield fact(_ENGLISH["past"], [word], row["answer"], forms)
    for row in table("articles_en"):
        yield fact(_ENGLISH["article"], [row["word"]], row["answer"], ("a", "an"))
    yield from _opposites("opposites_en", _ENGLISH["opposite"])


def _opposites(name: str, wordings: tuple[str, ...]) -> Iterator[Fact]:
    rows = table(name)
    words = [word for row in rows for word in row.values()]
    for row in rows:
        for one, other in (row.values(), reversed(row.values())):
            yield fact(wordings, [one], other, (word for word in words if word != one))


def _turkish() -> Iterator[Fact]:
    for row in table("words_tr"):
        word = row["word"]
        front = next(letter for letter in reversed(word) if letter in _FRONT + _BACK) in _FRONT
        vowel, other = ("e", "a") if front else ("a", "e")
        hard, soft = ("t", "d") if word[-1] in _VOICELESS else ("d", "t")
        yield fact(_TURKISH["plural"], [word], f"{word}l{vowel}r", [f"{word}l{other}r"])
        forms = (word + hard + other, word + soft + vowel)
        yield fact(_TURKISH["place"], [word], word + hard + vowel, forms)
    yield from _opposites("opposites_tr", _TURKISH["opposite"])
