"""Pairs from bundled facts: true, balanced, many, the same by seed, and not told apart by one part alone."""

import calendar
import re
from datetime import date, timedelta

import numpy as np
import pytest
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GroupKFold, cross_val_score

from neuralopt.core.errors import InvalidArgument
from neuralopt.text import DOMAINS, LANGUAGES, Pairs, bundled_pairs
from neuralopt.text.questions.base import capital, table
from neuralopt.text.wording import key

EVERY = [(language, domain) for language in LANGUAGES for domain in DOMAINS]


@pytest.mark.parametrize(("language", "domain"), EVERY)
def test_facts_are_distinct_and_have_wrong_answers(language, domain):
    facts = list(DOMAINS[domain](language))
    texts = [key(text) for fact in facts for text in fact.wordings]
    assert len(set(texts)) == len(texts)
    for fact in facts:
        assert len(fact.wordings) == 3
        assert fact.wrong
        assert fact.right not in fact.wrong
        assert len(set(fact.wrong)) == len(fact.wrong)
        assert "{" not in "".join(fact.wordings)
        assert all(text[0] == capital(text)[0] for text in fact.wordings)


@pytest.mark.parametrize("language", LANGUAGES)
def test_at_least_1000_distinct_pairs(language):
    frame = bundled_pairs(4000, language)
    assert len(frame.drop_duplicates(["question", "answer"])) == 4000
    assert sorted(frame["topic"].unique()) == sorted(DOMAINS)


def test_results_of_arithmetic():
    ways = {"plus": np.add, "minus": np.subtract, "times": np.multiply}
    seen = 0
    for fact in DOMAINS["arithmetic"]("en"):
        if found := re.fullmatch(r"How much is (\d+) (plus|minus|times) (\d+)\?", fact.wordings[0]):
            assert int(fact.right) == ways[found[2]](int(found[1]), int(found[3]))
        elif found := re.fullmatch(r"Which number is larger, (\d+) or (\d+)\?", fact.wordings[0]):
            assert int(fact.right) == max(int(found[1]), int(found[2]))
        else:
            found = re.fullmatch(r"Is (\d+) an odd or an even number\?", fact.wordings[0])
            assert fact.right == ("odd" if int(found[1]) % 2 else "even")
        seen += 1
    assert seen > 1000


def test_the_calendar_is_that_of_the_standard_library():
    names, days = list(calendar.month_name)[1:], list(calendar.day_name)
    seen = 0
    for fact in DOMAINS["calendar"]("en"):
        text = fact.wordings[0]
        if found := re.fullmatch(r"Which month comes right (after|before) (\w+)\?", text):
            step = 1 if found[1] == "after" else -1
            assert fact.right == names[(names.index(found[2]) + step) % 12]
        elif found := re.match(r"How many days does (\w+) have", text):
            assert int(fact.right) == calendar.monthrange(2025, names.index(found[1]) + 1)[1]
        elif found := re.match(r"Which month of the year has the number (\d+)", text):
            assert fact.right == names[int(found[1]) - 1]
        elif found := re.match(r"If today is (\w+), which day (is|was) it (\d+)", text):
            monday = date(2024, 1, 1) + timedelta(days.index(found[1]))
            sign = 1 if found[2] == "is" else -1
            assert fact.right == days[(monday + sign * timedelta(int(found[3]))).weekday()]
        else:
            found = re.match(r"In which season is (\w+) ", text)
            assert (
                fact.right == ["winter", "spring", "summer", "autumn"][(names.index(found[1]) + 1) % 12 // 3]
            )
        seen += 1
    assert seen == 12 * 5 + 7 * 10


def test_turkish_forms():
    forms = {fact.wordings[0]: (fact.right, fact.wrong) for fact in DOMAINS["grammar"]("tr")}
    assert forms["Kitap sözcüğünün çoğulu nedir?"] == ("kitaplar", ("kitapler",))
    assert forms["Ev sözcüğünün bulunma durumu nedir?"] == ("evde", ("evda", "evte"))
    assert forms["Ağaç sözcüğünün bulunma durumu nedir?"] == ("ağaçta", ("ağaçte", "ağaçda"))
    assert forms["Göl sözcüğünün çoğulu nedir?"] == ("göller", ("göllar",))
    assert capital("inek uçar mı?").startswith("İnek")


def test_tables_have_no_doubles():
    for name in ("countries", "animals", "elements", "words_tr", "plurals_en", "pasts_en", "articles_en"):
        rows = table(name)
        for column in ("en", "tr", "word", "symbol", "number"):
            if column in rows[0]:
                assert len({row[column] for row in rows}) == len(rows), (name, column)
    numbers = [int(row["number"]) for row in table("elements")]
    assert numbers == sorted(numbers)


@pytest.mark.parametrize("language", LANGUAGES)
def test_balance_seed_and_shape(language):
    one, same, other = (bundled_pairs(200, language, seed=seed) for seed in (3, 3, 4))
    assert one.equals(same)
    assert not one.equals(other)
    assert one["label"].sum() == 0
    assert (one.groupby("question")["label"].sum() == 0).all()
    assert set(one["language"]) == {language}
    assert bundled_pairs(7, language)["label"].sum() == 1


def test_wordings_say_how_often_a_fact_is_asked():
    once = bundled_pairs(600, wordings=1)
    starts = {fact.wordings: fact for domain in DOMAINS.values() for fact in domain("en")}
    where = {text: k for k, wordings in enumerate(starts) for text in wordings}
    facts = once["question"].map(where)
    assert facts.nunique() == once["question"].nunique()
    assert bundled_pairs(600)["question"].map(where).nunique() == 100


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_one_part_alone_tells_of_the_label(language):
    limits = (
        (True, "question", 0.5),
        (True, "answer", 0.62),
        (False, "question", 0.5),
        (False, "answer", 0.85),
    )
    for hard, column, limit in limits:
        frame = bundled_pairs(900, language, hard=hard)
        X = TfidfVectorizer(token_pattern=r"\w+").fit_transform(frame[column])
        model = LogisticRegression(C=10, max_iter=500)
        folds = GroupKFold(5)
        share = cross_val_score(model, X, frame["label"], groups=frame["question"], cv=folds).mean()
        assert share <= limit, (hard, column, share)


def test_pairs_can_be_read():
    pairs = Pairs.from_frame(bundled_pairs(300, "tr"))
    assert len(pairs) == 300
    assert not pairs.notes


@pytest.mark.parametrize(
    ("given", "text"),
    [
        ({"n": 1}, "n must be a whole number >= 2, got 1."),
        ({"language": "de"}, "language must be one of en, tr, got 'de'."),
        ({"domains": ["animal"]}, "unknown domain 'animal'. Did you mean 'animals'? Known: geography, arithmetic, animals, chemistry, calendar, grammar."),
        ({"domains": []}, "domains must name at least one of geography, arithmetic, animals, chemistry, calendar, grammar, got none."),
        ({"wordings": 4}, "wordings must be 1, 2 or 3, got 4."),
        ({"n": 2000, "domains": ["animals"]}, "n must be at most 1080 here, the pairs that the bundled facts make, got 2000. Take more domains or wordings, or a language model (neuralopt text generate --model NAME)."),
    ],
)  # fmt: skip
def test_errors(given, text):
    with pytest.raises(InvalidArgument) as error:
        bundled_pairs(**given)
    assert str(error.value) == text
