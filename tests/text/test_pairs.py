"""Reading, checking and splitting pairs."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from neuralopt.core.errors import DataError
from neuralopt.text import Pairs
from neuralopt.text.wording import cell_text, key, lowered, tidy


def table(rows):
    return pd.DataFrame(rows, columns=["question", "answer", "label"])


def twelve():
    return [
        (f"What is {k}?", f"{word}{k}", label) for k in range(12) for word, label in (("a", 1), ("b", -1))
    ]


def test_texts_are_taken_as_they_stand(tmp_path):
    rows = [*twelve(), ("How many moons has Venus?", "None", 1), ("Agent?", "007", 1), ("Sodium?", "NA", -1)]
    table(rows).to_csv(tmp_path / "qa.csv", index=False)
    pairs = Pairs.read(tmp_path / "qa.csv")
    assert pairs.answers[-3:] == ("None", "007", "NA")
    assert pairs.labels.tolist() == [1, -1] * 12 + [1, 1, -1]


def test_numbers_of_other_formats_become_texts(tmp_path):
    frame = pd.DataFrame(
        {"question": [f"q{k}" for k in range(10)], "answer": range(10), "label": [1, -1] * 5}
    )
    frame["answer"] = frame["answer"].astype(float)
    frame.to_parquet(tmp_path / "qa.parquet")
    assert Pairs.read(tmp_path / "qa.parquet").answers == tuple("0123456789")


def test_a_pair_that_occurs_again_is_taken_once():
    rows = twelve()
    pairs = Pairs.from_frame(table([*rows, ("what is 3", "A3", 1), rows[0]]))
    assert len(pairs) == 24
    assert pairs.notes == ("2 pairs that occur again left out.",)


def test_html_is_text():
    rows = [*twelve(), ("What does <b>x</b> & <script>alert(1)</script> do?", "<i>bold</i>", 1)]
    assert Pairs.from_frame(table(rows)).answers[-1] == "<i>bold</i>"


@given(
    st.lists(st.tuples(st.integers(0, 30), st.sampled_from([1, -1])), min_size=60, max_size=120),
    st.integers(0, 9),
)
@settings(max_examples=50, deadline=None)
def test_no_question_is_in_two_parts(drawn, seed):
    spelt = ("What is {}?", "what is  {}", "WHAT IS {} ?!")
    rows = [(spelt[k % 3].format(number), f"answer {k}", label) for k, (number, label) in enumerate(drawn)]
    pairs = Pairs(*zip(*[(q, a) for q, a, _ in rows]), np.array([label for *_, label in rows]))
    parts = pairs.split(seed)
    np.testing.assert_array_equal(np.sort(np.concatenate(parts)), np.arange(len(rows)))
    numbers = [{drawn[k][0] for k in part} for part in parts]
    assert not numbers[0] & numbers[1]
    assert not numbers[0] & numbers[2]
    assert not numbers[1] & numbers[2]


def test_the_split_is_60_20_20_of_the_questions_and_balanced(pairs):
    train, validation, test = pairs.split(0)
    assert (len(train), len(validation), len(test)) == (72, 24, 24)
    assert [pairs.labels[part].sum() for part in (train, validation, test)] == [0, 0, 0]
    assert not np.array_equal(test, pairs.split(1)[2])


@pytest.mark.parametrize(
    ("rows", "text"),
    [
        ([("q", "a", 1)] * 3, "All pairs of qa.csv are right (+1): there is nothing to tell apart. Add pairs that are wrong (-1)."),
        ([(q, a, 1) for q, a, _ in twelve()], "All pairs of qa.csv are right (+1): there is nothing to tell apart. Add pairs that are wrong (-1)."),
        ([(q, a, -1) for q, a, _ in twelve()], "All pairs of qa.csv are wrong (-1): there is nothing to tell apart. Add pairs that are right (+1)."),
        ([*twelve(), ("  ", "a", 1)], "Row 25 of qa.csv (from 1) without question. Fill it, or remove the row."),
        ([*twelve(), ("q", None, 1), ("r", "", 1)], "Rows 25, 26 of qa.csv (from 1) without answer. Fill it, or remove the row."),
        ([*twelve(), ("q", "a", 0)], "A label must be -1 (wrong) or +1 (right): Row 25 of qa.csv, the first with '0'. Likely cause: labels 0 and 1; write -1 for 0."),
        ([*twelve(), ("q", "a", "maybe")], "A label must be -1 (wrong) or +1 (right): Row 25 of qa.csv, the first with 'maybe'."),
        ([*twelve(), ("What is 0", "A0", -1)], "Row 25 of qa.csv gives a label to a pair that has the other one before: an answer cannot be right and wrong. Remove one of the two."),
        (twelve()[:10], "qa.csv has 5 questions, and at least 10 are needed: whole questions go to training, validation and test. Add questions (neuralopt text generate)."),
    ],
)  # fmt: skip
def test_refused(rows, text):
    with pytest.raises(DataError) as error:
        Pairs.from_frame(table(rows), "qa.csv")
    assert text in str(error.value)


def test_everything_at_once():
    with pytest.raises(DataError, match=r"2 problems:\n  - Row 25 of .*\n  - A label must be"):
        Pairs.from_frame(table([*twelve(), ("", "a", 5)]))


def test_absent_columns():
    with pytest.raises(DataError) as error:
        Pairs.from_frame(pd.DataFrame({"question": ["a"], "answers": ["b"]}))
    assert "has no column 'answer'. Did you mean 'answers'? It has: question, answers." in str(error.value)


def test_labels_may_be_written_in_several_ways():
    rows = [(q, a, {1: "+1", -1: "\N{MINUS SIGN}1"}[label]) for q, a, label in twelve()]
    assert Pairs.from_frame(table(rows)).labels.tolist() == [1, -1] * 12


def test_spellings():
    assert key("İstanbul nerede?") == key("istanbul nerede")
    assert key("3 + 4") != key("3 - 4")
    assert key("C++?") != key("C?")
    assert lowered("ISPARTA İZMİR") == "isparta izmir"
    assert tidy("a\u0000b\r\n c\u0301 ") == "a b ć"
    assert [cell_text(c) for c in (3.0, 3.5, np.nan, None, pd.NA, True, 7)] == [
        "3",
        "3.5",
        "",
        "",
        "",
        "True",
        "7",
    ]
