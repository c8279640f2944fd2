"""Question-answer pairs with their labels: read, checked, split."""

import dataclasses
import os
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import numpy as np

from neuralopt.core.errors import DataError, did_you_mean, raise_problems
from neuralopt.datasets import read_table
from neuralopt.datasets.wording import counted
from neuralopt.text.wording import cell_text, key

if TYPE_CHECKING:
    import pandas

TEXTS = ("question", "answer")
"""The columns that hold texts, in the order of their embeddings."""

_VALIDATION, _TEST, _FEWEST, _SHOWN = 0.2, 0.2, 10, 5


@dataclasses.dataclass(frozen=True)
class Pairs:
    """Questions and answers, each pair labelled right or wrong.

    Attributes
    ----------
    questions, answers : tuple of str, length n
    labels : int array of shape (n,)
        +1 for a right answer, -1 for a wrong one.
    notes : tuple of str
        Sentences on what was left out.
    """

    questions: tuple[str, ...]
    answers: tuple[str, ...]
    labels: np.ndarray
    notes: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.labels)

    @classmethod
    def read(cls, path: str | os.PathLike[str]) -> "Pairs":
        """Read a table of pairs.

        Parameters
        ----------
        path : str or path-like
            CSV, TSV, TXT or Parquet with the columns question, answer and label.

        Returns
        -------
        Pairs
            In the order of the file.

        Raises
        ------
        DataError
            When the table cannot be read, or for what `from_frame` refuses.
        """
        return cls.from_frame(read_table(path, texts=TEXTS), str(path))

    @classmethod
    def from_frame(cls, frame: "pandas.DataFrame", name: str = "the table") -> "Pairs":
        """Check a table of pairs; a pair that occurs again is taken once.

        Parameters
        ----------
        frame : pandas.DataFrame
            With the columns question, answer and label (-1 or +1); others are ignored.
        name : str, default "the table"
            What error texts call it.

        Returns
        -------
        Pairs
            In the order of the table.

        Raises
        ------
        DataError
            For everything at once: absent columns, empty texts, labels that are not -1 or +1, pairs with both
            labels, one label only, fewer than 10 questions.

        Examples
        --------
        >>> import pandas as pd
        >>> Pairs.from_frame(pd.DataFrame({"question": ["?"], "answer": ["a"]}))
        Traceback (most recent call last):
        neuralopt.core.errors.DataError: the table has no column 'label'. It has: question, answer. Give a
        table with the columns question, answer and label (-1 wrong, +1 right).
        """
        questions, answers = question_texts(frame, (*TEXTS, "label"), name)
        problems = _empty(questions, answers, name)
        labels = [_label(cell) for cell in frame["label"]]
        problems += _bad_labels(labels, list(frame["label"]), name)
        raise_problems(problems, DataError)
        rows = list(zip(questions, answers, (int(label or 0) for label in labels), strict=True))
        first: dict[tuple[str, str], int] = {}
        kept, both = [], []
        for number, (question, answer, label) in enumerate(rows, 1):
            pair = key(question), key(answer) or answer
            if pair not in first:
                first[pair] = label
                kept.append(number - 1)
            elif first[pair] != label:
                both.append(number)
        if both:
            problems.append(
                f"{_rows(both)} of {name} {'give' if len(both) > 1 else 'gives'} a label to a pair that "
                "has the other one before: an answer cannot be right and wrong. Remove one of the two."
            )
        problems += _too_few([rows[k] for k in kept], name)
        raise_problems(problems, DataError)
        again = len(rows) - len(kept)
        notes = (f"{counted(again, 'pair')} that {'occurs' if again == 1 else 'occur'} again left out.",)
        q, a, y = zip(*(rows[k] for k in kept), strict=True)
        return cls(q, a, np.array(y), notes if again else ())

    def groups(self) -> np.ndarray:
        """Return for every pair the number of its question, the same however it is spelt, shape (n,)."""
        numbers: dict[str, int] = {}
        return np.array([numbers.setdefault(key(q) or q, len(numbers)) for q in self.questions])

    def split(self, seed: int = 0) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Return the rows of a 60/20/20 split in which no question is in two parts.

        Parameters
        ----------
        seed : int >= 0, default 0
            Of the shuffle.

        Returns
        -------
        train, validation, test : int arrays, each sorted
            Questions with as many right as wrong answers are shared out by themselves, likewise the others.
        """
        random = np.random.default_rng(seed)
        groups = self.groups()
        balance = np.sign(np.bincount(groups, weights=self.labels))
        parts: tuple[list[np.ndarray], ...] = ([], [], [])
        for sign in np.unique(balance):
            members = random.permutation(np.flatnonzero(balance == sign))
            first = round(_VALIDATION * len(members))
            second = first + round(_TEST * len(members))
            for part, chosen in zip(parts, (members[second:], members[:first], members[first:second])):
                part.append(chosen)
        train, validation, test = (np.flatnonzero(np.isin(groups, np.concatenate(part))) for part in parts)
        return train, validation, test


def question_texts(
    frame: "pandas.DataFrame", columns: Iterable[str], name: str
) -> tuple[list[str], list[str]]:
    """Return questions and answers of a table as texts; refuse one without the columns."""
    names = [str(column) for column in frame.columns]
    for column in columns:
        if names.count(column) != 1:
            raise DataError(
                f"{name} has {'more than one' if column in names else 'no'} column {column!r}."
                f"{'' if column in names else did_you_mean(column, names)} It has: {', '.join(names)}. "
                "Give a table with the columns question, answer and label (-1 wrong, +1 right)."
            )
    frame = frame.set_axis(names, axis=1)
    questions, answers = ([cell_text(cell) for cell in frame[column]] for column in TEXTS)
    return questions, answers


def _empty(questions: list[str], answers: list[str], name: str) -> list[str]:
    problems = []
    for what, texts in (("question", questions), ("answer", answers)):
        if rows := [number for number, text in enumerate(texts, 1) if not text]:
            problems.append(f"{_rows(rows)} of {name} (from 1) without {what}. Fill it, or remove the row.")
    return problems


def _label(cell: Any) -> int | None:
    text = cell_text(cell).replace("\N{MINUS SIGN}", "-")
    return {"1": 1, "+1": 1, "1.0": 1, "-1": -1, "-1.0": -1}.get(text)


def _bad_labels(labels: list[int | None], cells: list[Any], name: str) -> list[str]:
    bad = [number for number, label in enumerate(labels, 1) if label is None]
    if not bad:
        return []
    value = cell_text(cells[bad[0] - 1])
    cause = " Likely cause: labels 0 and 1; write -1 for 0." if value in ("0", "False") else ""
    return [
        f"A label must be -1 (wrong) or +1 (right): {_rows(bad)} of {name}, the first with {value!r}.{cause}"
    ]


def _too_few(rows: list[tuple[str, str, int]], name: str) -> list[str]:
    problems = []
    labels = {label for _, _, label in rows}
    if len(labels) == 1:
        only, other = ("right (+1)", "wrong (-1)") if 1 in labels else ("wrong (-1)", "right (+1)")
        problems.append(
            f"All pairs of {name} are {only}: there is nothing to tell apart. Add pairs that are {other}."
        )
    if (count := len({key(q) or q for q, _, _ in rows})) < _FEWEST:
        problems.append(
            f"{name} has {counted(count, 'question')}, and at least {_FEWEST} are needed: whole questions "
            "go to training, validation and test. Add questions (neuralopt text generate)."
        )
    return problems


def _rows(numbers: list[int]) -> str:
    shown = ", ".join(map(str, numbers[:_SHOWN])) + (", ..." if len(numbers) > _SHOWN else "")
    return f"Row{'s' if len(numbers) > 1 else ''} {shown}"
