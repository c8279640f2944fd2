"""Capitals, countries and continents."""

from collections.abc import Iterator

from neuralopt.text.questions.base import Fact, fact, table

_CONTINENTS = {
    "europe": {"en": "Europe", "tr": "Avrupa"},
    "asia": {"en": "Asia", "tr": "Asya"},
    "africa": {"en": "Africa", "tr": "Afrika"},
    "north america": {"en": "North America", "tr": "Kuzey Amerika"},
    "south america": {"en": "South America", "tr": "Güney Amerika"},
    "oceania": {"en": "Oceania", "tr": "Okyanusya"},
}
_TEXTS = {
    "en": {
        "capital": (
            "Which city is the capital of {}?",
            "What is the capital city of {} called?",
            "Where is the government of {} seated?",
        ),
        "country": (
            "{} is the capital of which country?",
            "Which country has {} as its capital?",
            "Of which state is {} the capital city?",
        ),
        "continent": (
            "On which continent is {}?",
            "{} belongs to which continent?",
            "In what part of the world would you look for {}?",
        ),
    },
    "tr": {
        "capital": (
            "{} ülkesinin başkenti neresidir?",
            "{} hangi kentten yönetilir?",
            "{} devletinin başkentinin adı nedir?",
        ),
        "country": (
            "{} hangi ülkenin başkentidir?",
            "Başkenti {} olan ülke hangisidir?",
            "{} kentini başkent yapmış olan devlet hangisidir?",
        ),
        "continent": (
            "{} hangi kıtada yer alır?",
            "{} ülkesi dünyanın hangi kıtasındadır?",
            "{} hangi kıtanın ülkelerinden biridir?",
        ),
    },
}


def geography(language: str) -> Iterator[Fact]:
    """Yield the facts; a wrong capital or country is one of the same continent."""
    rows, texts = table("countries"), _TEXTS[language]
    continents = [names[language] for names in _CONTINENTS.values()]
    for row in rows:
        near = [other for other in rows if other["continent"] == row["continent"]]
        name, capital = row[language], row[f"capital_{language}"]
        yield fact(texts["capital"], [name], capital, (other[f"capital_{language}"] for other in near))
        yield fact(texts["country"], [capital], name, (other[language] for other in near))
        yield fact(texts["continent"], [name], _CONTINENTS[row["continent"]][language], continents)
