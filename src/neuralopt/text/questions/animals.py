"""Groups of animals, their legs, wings and eggs."""

from collections.abc import Iterator

from neuralopt.text.questions.base import Fact, fact, table

_GROUPS = {
    "mammal": {"en": "mammals", "tr": "memeliler"},
    "bird": {"en": "birds", "tr": "kuşlar"},
    "fish": {"en": "fish", "tr": "balıklar"},
    "reptile": {"en": "reptiles", "tr": "sürüngenler"},
    "amphibian": {"en": "amphibians", "tr": "iki yaşamlılar"},
    "insect": {"en": "insects", "tr": "böcekler"},
}
_ANSWERS = {"en": {"yes": "yes", "no": "no"}, "tr": {"yes": "evet", "no": "hayır"}}
_TEXTS = {
    "en": {
        "group": (
            "To which group of animals does the {} belong?",
            "Among which animals is the {} counted?",
            "What kind of animal is the {}?",
        ),
        "legs": (
            "How many legs does the {} have?",
            "On how many legs does the {} go?",
            "What is the number of legs of the {}?",
        ),
        "flies": (
            "Can the {} fly?",
            "Is the {} able to fly?",
            "Does the {} move through the air by its own strength?",
        ),
        "eggs": (
            "Does the {} lay eggs?",
            "Does the {} hatch from an egg?",
            "Is the {} an animal that lays eggs?",
        ),
    },
    "tr": {
        "group": (
            "{} hangi hayvan grubuna girer?",
            "{} hangi hayvanlardan sayılır?",
            "{} ne tür bir hayvandır?",
        ),
        "legs": (
            "{} kaç bacaklı bir hayvandır?",
            "{} adlı hayvanın bacak sayısı kaçtır?",
            "{} yürürken kaç bacak kullanır?",
        ),
        "flies": (
            "{} uçabilen bir hayvan mıdır?",
            "{} uçar mı?",
            "{} kendi gücüyle havada ilerleyebilir mi?",
        ),
        "eggs": (
            "{} yumurtlayan bir hayvan mıdır?",
            "{} yumurta ile mi çoğalır?",
            "{} yumurtadan çıkan bir hayvan mıdır?",
        ),
    },
}
_LEGS = ("0", "2", "4", "6")


def animals(language: str) -> Iterator[Fact]:
    """Yield the facts; wrong answers are the other groups, other numbers of legs, or the opposite."""
    texts, answers = _TEXTS[language], _ANSWERS[language]
    groups = [names[language] for names in _GROUPS.values()]
    for row in table("animals"):
        name = [row[language]]
        yield fact(texts["group"], name, _GROUPS[row["group"]][language], groups)
        yield fact(texts["legs"], name, row["legs"], _LEGS)
        yield fact(texts["flies"], name, answers[row["flies"]], answers.values())
        yield fact(texts["eggs"], name, answers[row["eggs"]], answers.values())
