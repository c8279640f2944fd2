"""The text task: pairs of question and answer, one tanh output, labels -1 and +1."""

import dataclasses
from pathlib import Path
from typing import Any

import numpy as np

from neuralopt.benchmark.task import Split, Task, digest_of
from neuralopt.core.errors import InvalidArgument
from neuralopt.core.scalars import check_count
from neuralopt.models import MLP, Loss, SquaredError
from neuralopt.text import PairEncoder, Pairs, SentenceEmbedding, TextPredictor, TfidfEmbedding


@dataclasses.dataclass(frozen=True)
class TextTask(Task):
    """Question-answer pairs made ready for a comparison.

    Networks have one tanh output and are trained by squared error on the labels -1 and +1; the sign of the
    output is the answer. Intervals are drawn over questions, for pairs of one question are not independent.

    Attributes
    ----------
    test_groups : int array of shape (n_test,)
        Which question each test row belongs to, 0, 1, ...
    """

    test_groups: np.ndarray

    @property
    def outputs(self) -> int:
        """One output."""
        return 1

    @property
    def loss(self) -> Loss:
        """The squared error; see `Task.loss`."""
        return SquaredError()

    @property
    def metric(self) -> str:
        """The share of outputs of the right sign; see `Task.metric`."""
        return "sign_accuracy"

    def hits(self, outputs: np.ndarray) -> np.ndarray:
        """Return whether the signs are right; see `Task.hits`."""
        return ((outputs[:, 0] > 0) == (self.test.y[:, 0] > 0)).astype(float)

    def per_unit(self, values: np.ndarray) -> np.ndarray:
        """Return the share of every question in the mean over rows, shape (questions,)."""
        sums = np.bincount(self.test_groups, weights=values)
        return sums * (len(sums) / len(values))

    def network(self, hidden: tuple[int, ...], activation: str) -> MLP:
        """Return the shapes of a `TwoLayerMLP` or `RecursiveMLP`; see `Task.network`."""
        return MLP((self.train.X.shape[1], *hidden, 1), activation, "tanh")

    def keep(self, path: Path, mlp: MLP, params: Any, origin: dict[str, Any]) -> Path:
        """Save a trained network with its embedding; see `Task.keep`."""
        return TextPredictor(self.encoder, mlp, params, origin).save(path)


def make_text_task(
    name: str, pairs: Pairs, embedding: str | SentenceEmbedding = "tfidf", *, seed: int = 0
) -> TextTask:
    """Split pairs by their questions and embed them.

    Parameters
    ----------
    name : str
        What the report calls it; the name of the embedding is added.
    pairs : Pairs
        At least ten questions.
    embedding : "tfidf" or SentenceEmbedding, default "tfidf"
        TF-IDF is fitted to the training rows only.
    seed : int >= 0, default 0
        Of the split.

    Returns
    -------
    TextTask
        With inputs [question; answer; 1].

    Raises
    ------
    InvalidArgument, DataError
        For an unknown embedding, or texts that it cannot take.

    Examples
    --------
    >>> from neuralopt.text import bundled_pairs
    >>> task = make_text_task("quiz", Pairs.from_frame(bundled_pairs(60)))
    >>> task.name, task.train.X.shape[0] + task.validation.X.shape[0] + task.test.X.shape[0]
    ('quiz, TF-IDF', 60)
    """
    check_count("seed", seed, low=0)
    train, validation, test = pairs.split(seed)
    if isinstance(embedding, SentenceEmbedding):
        used: Any = embedding
    elif embedding == "tfidf":
        used = TfidfEmbedding.fit([t[k] for t in (pairs.questions, pairs.answers) for k in train])
    else:
        raise InvalidArgument(f"embedding must be 'tfidf' or a SentenceEmbedding, got {embedding!r}.")
    encoder = PairEncoder(used, pairs.notes)
    X = encoder.features(pairs.questions, pairs.answers)
    y = pairs.labels[:, None].astype(np.float64)
    splits = [Split(X[rows], y[rows]) for rows in (train, validation, test)]
    shown = "".join(c if c.isprintable() else "\ufffd" for c in f"{name}, {used.name}")
    groups = np.unique(pairs.groups()[test], return_inverse=True)[1]
    reason = "Whole questions are split into training, validation and test: none is in two of them."
    digest = digest_of(encoder, splits)
    return TextTask(shown, encoder, reason, *splits, digest=digest, test_groups=groups)
