"""TF-IDF of words and word pairs: how often they occur, the rare ones with more weight."""

import dataclasses
from collections.abc import Sequence
from typing import Any

import numpy as np

from neuralopt.core.errors import DataError, StorageError
from neuralopt.core.scalars import check_count
from neuralopt.text.wording import lowered


@dataclasses.dataclass(frozen=True)
class TfidfEmbedding:
    r"""Weighted counts of words and of neighbouring words, every text of length one.

    .. math:: v_w = (1 + \log c_w) \, (1 + \log \frac{1 + n}{1 + n_w}), \qquad e = v / \|v\|

    where c is how often a word occurs in the text, and n_w in how many of the n training texts.

    Parameters
    ----------
    vocabulary : tuple of str
        Words and pairs of words, D of them.
    weights : float array of shape (D,)
        Inverse document frequencies.

    Examples
    --------
    >>> embedding = TfidfEmbedding.fit(["the cat", "the dog"])
    >>> embedding.vocabulary
    ('cat', 'dog', 'the', 'the cat', 'the dog')
    >>> embedding.questions(["the cat", "a bird"]).shape
    (2, 5)
    """

    vocabulary: tuple[str, ...]
    weights: np.ndarray

    name = "TF-IDF"

    @classmethod
    def fit(cls, texts: Sequence[str], features: int = 1024) -> "TfidfEmbedding":
        """Choose the vocabulary and its weights by training texts.

        Parameters
        ----------
        texts : sequence of str
            Questions and answers of the training rows.
        features : int >= 1, default 1024
            Words and pairs at most, the most frequent ones.

        Returns
        -------
        TfidfEmbedding
            Ready for any text.

        Raises
        ------
        DataError
            When the texts hold no word.
        """
        check_count("features", features)
        vectorizer = _vectorizer(max_features=features)
        try:
            vectorizer.fit(texts)
        except ValueError as error:
            raise DataError(
                "The training texts hold no letters and no digits, so that there is no word to count. "
                "Look at the columns question and answer."
            ) from error
        return cls(tuple(vectorizer.get_feature_names_out().tolist()), vectorizer.idf_.astype(np.float32))

    @property
    def dimension(self) -> int:
        """Length D of a text's vector."""
        return len(self.vocabulary)

    def questions(self, texts: Sequence[str]) -> np.ndarray:
        """Return the vectors of questions.

        Parameters
        ----------
        texts : sequence of str

        Returns
        -------
        float32 array of shape (n, D)
            A text without any known word is all zeros.
        """
        vectorizer = _vectorizer(vocabulary=self.vocabulary)
        vectorizer.idf_ = self.weights
        return vectorizer.transform(texts).toarray().astype(np.float32)

    def answers(self, texts: Sequence[str]) -> np.ndarray:
        """Return the vectors of answers; see `questions`."""
        return self.questions(texts)

    def to_dict(self) -> dict[str, Any]:
        """Return plain data that `from_dict` reads."""
        return {
            "kind": "tfidf",
            "vocabulary": list(self.vocabulary),
            "weights": [float(w) for w in self.weights],
        }

    @classmethod
    def from_dict(cls, kept: dict[str, Any]) -> "TfidfEmbedding":
        """Return the embedding that `to_dict` described.

        Parameters
        ----------
        kept : dict

        Returns
        -------
        TfidfEmbedding
            It gives the same vectors to the last bit.

        Raises
        ------
        StorageError
            When words and weights differ in number, or words are not distinct.
        """
        words, weights = tuple(kept["vocabulary"]), np.array(kept["weights"], np.float32)
        if (
            weights.shape != (len(set(words)),)
            or len(words) != len(weights)
            or not np.isfinite(weights).all()
        ):
            raise StorageError(
                f"A TF-IDF encoding of {len(words)} words has {weights.size} weights, and every word needs "
                "one. The file is damaged; train the model again."
            )
        return cls(words, weights)


def _vectorizer(**options: Any) -> Any:
    from sklearn.feature_extraction.text import TfidfVectorizer

    return TfidfVectorizer(
        preprocessor=lowered,
        token_pattern=r"(?u)\b\w+\b",  # one letter or digit is a word as well
        ngram_range=(1, 2),
        sublinear_tf=True,
        **options,
    )
