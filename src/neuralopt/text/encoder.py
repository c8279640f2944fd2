"""Pairs to the arrays that a network trains on: [question; answer; 1]."""

import dataclasses
from collections.abc import Sequence
from typing import Any

import numpy as np

from neuralopt.core.errors import StorageError
from neuralopt.text.sentences import SentenceEmbedding
from neuralopt.text.tfidf import TfidfEmbedding

Embedding = TfidfEmbedding | SentenceEmbedding

_KINDS = {"tfidf": TfidfEmbedding, "sentences": SentenceEmbedding}


@dataclasses.dataclass(frozen=True)
class PairEncoder:
    """How question-answer pairs become the inputs of a network.

    Parameters
    ----------
    embedding : TfidfEmbedding or SentenceEmbedding
        Vectors of length D.
    notes : tuple of str, default ()
        Sentences for the user.

    Examples
    --------
    >>> encoder = PairEncoder(TfidfEmbedding.fit(["one two", "three"]))
    >>> encoder.features(["one"], ["three"]).shape  # 2 x 4 words and pairs, and the constant
    (1, 9)
    """

    embedding: Embedding
    notes: tuple[str, ...] = ()

    task = "classification"

    @property
    def classes(self) -> list[int]:
        """The labels, wrong first."""
        return [-1, 1]

    @property
    def target_names(self) -> list[str]:
        """The name of the label's column."""
        return ["label"]

    def features(self, questions: Sequence[str], answers: Sequence[str]) -> np.ndarray:
        """Return the inputs of pairs.

        Parameters
        ----------
        questions, answers : sequence of str, length n

        Returns
        -------
        float32 array of shape (n, 2 D + 1)
            The question's vector, the answer's vector, and 1.
        """
        one = np.ones((len(questions), 1), np.float32)
        return np.hstack([self.embedding.questions(questions), self.embedding.answers(answers), one])

    def to_dict(self) -> dict[str, Any]:
        """Return plain data that `from_dict` reads."""
        return {"embedding": self.embedding.to_dict(), "notes": list(self.notes)}

    @classmethod
    def from_dict(cls, kept: dict[str, Any]) -> "PairEncoder":
        """Return the encoder that `to_dict` described.

        Parameters
        ----------
        kept : dict

        Returns
        -------
        PairEncoder
            It gives the same features.

        Raises
        ------
        StorageError
            For an embedding that this version does not know, or whose model has changed.
        """
        kind = kept["embedding"]["kind"]
        if kind not in _KINDS:
            raise StorageError(
                f"An embedding of the kind {kind!r} is not known to this version. Install a newer neuralopt."
            )
        return cls(_KINDS[kind].from_dict(kept["embedding"]), tuple(kept["notes"]))
