"""Elements: their symbols, atomic numbers and kinds."""

from collections.abc import Iterator

from neuralopt.text.questions.base import Fact, fact, table

_KINDS = {
    "metal": {"en": "metal", "tr": "metal"},
    "nonmetal": {"en": "nonmetal", "tr": "ametal"},
    "noble gas": {"en": "noble gas", "tr": "soy gaz"},
}
_TEXTS = {
    "en": {
        "symbol": (
            "What is the chemical symbol of {}?",
            "Which letters stand for {} in a formula?",
            "How is {} abbreviated in the periodic table?",
        ),
        "name": (
            "Which element has the symbol {}?",
            "What does {} stand for in a chemical formula?",
            "The abbreviation {} means which element?",
        ),
        "number": (
            "What is the atomic number of {}?",
            "How many protons does an atom of {} have?",
            "At which place of the periodic table is {}?",
        ),
        "kind": (
            "Is {} a metal, a nonmetal or a noble gas?",
            "What kind of element is {}?",
            "In which family of elements is {} put?",
        ),
    },
    "tr": {
        "symbol": (
            "{} elementinin simgesi nedir?",
            "{} bir formülde hangi harflerle yazılır?",
            "{} periyodik tabloda nasıl kısaltılır?",
        ),
        "name": (
            "Simgesi {} olan element hangisidir?",
            "{} kısaltması hangi elementi gösterir?",
            "Bir formüldeki {} hangi elementin simgesidir?",
        ),
        "number": (
            "{} elementinin atom numarası kaçtır?",
            "Bir {} atomunda kaç proton bulunur?",
            "{} periyodik tablonun kaçıncı elementidir?",
        ),
        "kind": (
            "{} bir metal mi, ametal mi, yoksa soy gaz mıdır?",
            "{} ne tür bir elementtir?",
            "{} elementlerin hangi sınıfındandır?",
        ),
    },
}
_NEAR = 4  # rows of the table, which is in the order of the atomic numbers


def chemistry(language: str) -> Iterator[Fact]:
    """Yield the facts; wrong answers are those of elements near by, or of the same first letter."""
    rows, texts = table("elements"), _TEXTS[language]
    kinds = [names[language] for names in _KINDS.values()]
    for place, row in enumerate(rows):
        near = rows[max(0, place - _NEAR) : place + _NEAR + 1]
        alike = [other for other in rows if other["symbol"][0] == row["symbol"][0]] + near
        name = [row[language]]
        yield fact(texts["symbol"], name, row["symbol"], (other["symbol"] for other in alike))
        yield fact(texts["name"], [row["symbol"]], row[language], (other[language] for other in alike))
        yield fact(texts["number"], name, row["number"], (other["number"] for other in near))
        yield fact(texts["kind"], name, _KINDS[row["kind"]][language], kinds)
