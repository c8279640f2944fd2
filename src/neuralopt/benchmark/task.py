"""A task: one table, one target, one fixed split into training, validation and test rows."""

import dataclasses
import hashlib
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from neuralopt.core.errors import DataError
from neuralopt.core.scalars import check_count
from neuralopt.datasets import TableEncoder, recognise_task
from neuralopt.estimators.predictor import Predictor
from neuralopt.models import MLP, CrossEntropy, Loss, SquaredError
from neuralopt.storage import dumps

if TYPE_CHECKING:
    import pandas

    from neuralopt.benchmark.records import Record

_TEST, _VALIDATION = 0.2, 0.2


@dataclasses.dataclass(frozen=True)
class Split:
    """Encoded rows: X of shape (n, d); y of shape (n, k) standardised, or (n,) class indices."""

    X: np.ndarray
    y: np.ndarray


@dataclasses.dataclass(frozen=True)
class Task:
    """A table made ready for a comparison.

    Attributes
    ----------
    name : str
    encoder : TableEncoder, or PairEncoder of a `TextTask`
        Its statistics come from the training rows only.
    reason : str
        How the kind of task was recognised.
    train, validation, test : Split
    digest : str
        Checksum of the encoding, of all encoded rows and of the split.
    """

    name: str
    encoder: Any
    reason: str
    train: Split
    validation: Split
    test: Split
    digest: str

    @property
    def kind(self) -> str:
        """``"classification"`` or ``"regression"``."""
        return self.encoder.task

    @property
    def outputs(self) -> int:
        """Number of classes, or of target columns."""
        if self.kind == "classification":
            return len(self.encoder.classes)
        return self.train.y.shape[1]

    @property
    def loss(self) -> Loss:
        """What networks are trained with."""
        return CrossEntropy() if self.kind == "classification" else SquaredError()

    @property
    def metric(self) -> str:
        """The name of the metric among `METRICS`."""
        return "accuracy" if self.kind == "classification" else "r2"

    def hits(self, outputs: np.ndarray) -> np.ndarray:
        """Return for every test row 1.0 where a classifier's outputs are right, otherwise 0.0."""
        return (outputs.argmax(axis=1) == self.test.y).astype(float)

    def per_unit(self, values: np.ndarray) -> np.ndarray:
        """Return figures of the test rows as figures of what is drawn anew for an interval: the rows."""
        return values

    def network(self, hidden: tuple[int, ...], activation: str) -> MLP:
        """Return the network that is trained."""
        return MLP((self.train.X.shape[1], *hidden, self.outputs), activation)

    def keep(self, path: Path, mlp: MLP, params: Any, origin: dict[str, Any]) -> Path:
        """Save a trained network with the encoding of its table."""
        return Predictor(self.encoder, mlp, params, origin).save(path)

    def constant_loss(self) -> float:
        """Return the validation loss of the best constant answer to the training rows."""
        y = self.train.y
        if isinstance(self.loss, CrossEntropy):
            shares = np.bincount(y, minlength=self.outputs) / len(y)
            answer = np.log(np.maximum(shares, 1e-12))
        else:
            answer = y.mean(axis=0)
        rows = np.tile(answer, (len(self.validation.X), 1))
        return float(self.loss.value(rows, self.validation.y))

    def further_tables(self, records: "list[Record]") -> list[dict[str, Any]]:
        """Return further tables of the report, each with title, columns, rows of texts and a note."""
        return []

    def facts(self) -> dict[str, Any]:
        """Return what a report says of the task."""
        classes = self.encoder.classes if self.kind == "classification" else None
        return {
            "name": self.name,
            "kind": self.kind,
            "metric": "accuracy" if classes else "r2",
            # the targets are standardised: an error of 1 is that of the mean
            "loss": self.loss.title + ("" if classes else " of scaled targets"),
            "target": ", ".join(self.encoder.target_names),
            "n_train": len(self.train.X),
            "n_validation": len(self.validation.X),
            "n_test": len(self.test.X),
            "n_features": self.train.X.shape[1],
            "n_outputs": self.outputs,
            "classes": classes,
            "reason": self.reason,
            "notes": [note for note in self.encoder.notes if not note.startswith(self.reason)],
        }


def split_rows(labels: np.ndarray | None, count: int, seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return row indices of a 60/20/20 split into training, validation and test.

    Parameters
    ----------
    labels : int array of shape (count,) or None
        Classes, each of which is split by itself; a class of one or two rows is all training.
    count : int
        Number of rows.
    seed : int
        Of the shuffle.

    Returns
    -------
    train, validation, test : int arrays, each sorted

    Examples
    --------
    >>> [len(part) for part in split_rows(None, 10, 0)]
    [6, 2, 2]
    """
    random = np.random.default_rng(seed)
    groups = (
        [np.arange(count)] if labels is None else [np.flatnonzero(labels == c) for c in np.unique(labels)]
    )
    parts: tuple[list[np.ndarray], ...] = ([], [], [])
    for group in groups:
        shuffled = random.permutation(group)
        held = [round(share * len(group)) for share in (_VALIDATION, _TEST)]
        first, second = (0, 0) if len(group) < 3 else (held[0], held[0] + held[1])
        for part, rows in zip(
            parts, (shuffled[second:], shuffled[:first], shuffled[first:second]), strict=True
        ):
            part.append(rows)
    train, validation, test = (np.sort(np.concatenate(part)) for part in parts)
    return train, validation, test


def make_task(
    name: str,
    frame: "pandas.DataFrame",
    target: str | list[str],
    *,
    task: str | None = None,
    missing: str = "refuse",
    drop: Any = (),
    seed: int = 0,
) -> Task:
    """Check a table, split its rows, encode it by its training rows.

    Parameters
    ----------
    name : str
        What the report calls it.
    frame : pandas.DataFrame
        At least ten rows.
    target : str or list of str
        The column, or columns, to be predicted.
    task : {"regression", "classification"}, optional
        By default recognised from the target.
    missing : {"refuse", "impute"}, default "refuse"
    drop : sequence of str
        Columns to leave out.
    seed : int, default 0
        Of the split.

    Returns
    -------
    Task
        Encoded and split.

    Raises
    ------
    DataError, InvalidArgument
        For whatever in the table cannot be used, all at once.
    """
    check_count("seed", seed, low=0)
    # a file's name may hold what no terminal, page or UTF-8 file can
    shown = "".join(c if c.isprintable() else "\ufffd" for c in name)
    options: dict[str, Any] = {"task": task, "missing": missing, "drop": drop}
    whole = TableEncoder.fit(frame, target, **options)
    classified = whole.task == "classification"
    labels = whole.encode_target(frame) if classified else None
    train, validation, test = split_rows(labels, len(frame), seed)
    if not len(test):
        raise DataError(
            f"Every class of the target '{whole.target_names[0]}' has 2 rows only ({len(whole.classes)} "
            f"classes in {len(frame)} rows), and a class needs at least 3: one to train, one to validate and "
            "one to test with. Add rows, or merge classes."
        )
    encoder = TableEncoder.fit(frame, target, **options, rows=train)
    X, y = encoder.transform(frame), encoder.encode_target(frame)
    splits = [Split(X[rows], y[rows]) for rows in (train, validation, test)]
    return Task(shown, encoder, reason_of(frame, encoder, task), *splits, digest=digest_of(encoder, splits))


def reason_of(frame: "pandas.DataFrame", encoder: TableEncoder, task: str | None) -> str:
    """Return the sentence that says why a task is of its kind."""
    if task:
        return f"--task {task} was given."
    if len(encoder.target_names) > 1:
        return "Regression, because several targets were given."
    place = [str(name) for name in frame.columns].index(encoder.target_names[0])
    return recognise_task(frame.iloc[:, place])[1]


def digest_of(encoder: Any, splits: list[Split]) -> str:
    """Return the checksum of an encoding and of encoded rows."""
    running = hashlib.sha256(dumps(encoder.to_dict()).encode())
    for split in splits:
        for array in (split.X, split.y):
            running.update(f"{array.shape} {array.dtype}".encode() + array.tobytes())
    return running.hexdigest()[:16]
