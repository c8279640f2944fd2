"""The rows of a search: what candidates train on, what chooses among them, what nothing has seen."""

import dataclasses
from typing import Any

import numpy as np

from neuralopt.benchmark.task import Task, split_rows
from neuralopt.core.errors import DataError, raise_problems
from neuralopt.datasets.pixels import Layout, as_images, layout_of
from neuralopt.engine.data import source
from neuralopt.engine.identity import data_digest
from neuralopt.models import CrossEntropy, Loss, SquaredError

Pair = tuple[np.ndarray, np.ndarray]
_FEWEST = 10


@dataclasses.dataclass(frozen=True)
class SearchData:
    """Data made ready for a search.

    Attributes
    ----------
    train, validation : (X, y)
        Float32 inputs; class indices (n,) or real targets (n, k).
    test : (X, y) or None
        Looked at once, by the winner.
    outputs : int
        Classes or targets.
    loss : Loss
        Cross-entropy or squared error.
    metric : str
        ``"accuracy"`` or ``"r2"``.
    encoder : TableEncoder or None
        Of a table.
    layout : tuple or None
        Where a table's columns lie in an image; see `layout_of`.
    digest : str
        Checksum of all rows.
    """

    train: Pair
    validation: Pair
    test: Pair | None
    outputs: int
    loss: Loss
    metric: str
    encoder: Any
    layout: Layout | None
    digest: str


def read_data(data: Any, validation: Any, test: Any, seed: int, images: bool = False) -> SearchData:
    """Check and split the rows of a search.

    Parameters
    ----------
    data : (X, y) or Task
        A task brings its own split; of a pair without validation rows a fifth is split off for validation
        and a fifth for the test.
    validation, test : (X, y) or None
        Rows of their own.
    seed : int
        Of the split.
    images : bool, default False
        Rows are images; those of a table, and of square numbers of values, are made into some.

    Returns
    -------
    SearchData

    Raises
    ------
    DataError
        For rows that cannot be used, or are too few to be split.
    """
    encoder = None
    if isinstance(data, Task):
        if validation is not None or test is not None:
            raise DataError("a Task has validation and test rows of its own; leave validation and test out.")
        encoder = data.encoder
        parts = [(part.X, part.y) for part in (data.train, data.validation, data.test)]
        if not len(data.validation.X):
            raise DataError(f"{data.name} has no validation rows: {_too_few(len(data.train.X))}")
    else:
        parts = [_checked(data, "data")]
        if validation is None:
            parts = _split(parts[0], seed) if test is None else _split(parts[0], seed, test=False)
        else:
            parts.append(_checked(validation, "validation"))
        if test is not None:
            parts.append(_checked(test, "test"))
    layout = None
    if images and parts[0][0].ndim == 2:
        names = [""] * parts[0][0].shape[1] if encoder is None else encoder.feature_names
        layout = layout_of(names)
        parts = [(as_images(X, layout), y) for X, y in parts]
    classes = parts[0][1].dtype.kind in "iub" and parts[0][1].ndim == 1
    ready = [
        source((np.asarray(X), y if classes else _columns(y)), np.float32, name=name).arrays
        for (X, y), name in zip(parts, ("data", "validation", "test"))
    ]
    outputs = int(max(y.max() for _, y in ready)) + 1 if classes else ready[0][1].shape[1]
    if encoder is not None and classes:
        outputs = len(encoder.classes)
    problems = _problems(ready, classes)
    raise_problems(problems, DataError)
    return SearchData(
        ready[0],
        ready[1],
        ready[2] if len(ready) > 2 else None,
        outputs,
        CrossEntropy() if classes else SquaredError(),
        "accuracy" if classes else "r2",
        encoder,
        None if encoder is None else layout,
        data_digest(ready),
    )


def _checked(data: Any, name: str) -> Pair:
    if not isinstance(data, tuple | list) or len(data) != 2:
        raise DataError(
            f"{name} must be a pair (X, y) or a Task, got {type(data).__name__}. "
            "make_task turns a table into a Task."
        )
    X, y = (np.asarray(part) for part in data)
    if X.ndim < 2 or len(X) != len(y):
        raise DataError(
            f"{name} needs X of shape (n, d) or (n, height, width) and y with a row for each, "
            f"got shapes {X.shape} and {y.shape}."
        )
    return X, y


def _split(data: Pair, seed: int, test: bool = True) -> list[Pair]:
    X, y = data
    if len(X) < _FEWEST:
        raise DataError(_too_few(len(X)))
    labels = y if y.dtype.kind in "iub" and y.ndim == 1 else None
    train, validation, rest = split_rows(labels, len(X), seed)
    if not test:
        train = np.sort(np.concatenate([train, rest]))
    if not len(validation) or not len(train):
        raise DataError(_too_few(len(X)) + " Every class needs at least 3 rows.")
    parts = [train, validation, rest] if test else [train, validation]
    return [(X[rows], y[rows]) for rows in parts]


def _too_few(count: int) -> str:
    return (
        f"{count} rows are too few to be split into training, validation and test rows; {_FEWEST} are the "
        "least. Add rows, or pass validation=(X, y)."
    )


def _columns(y: np.ndarray) -> np.ndarray:
    y = y.astype(np.float32) if y.dtype.kind in "iub" else y
    return y[:, None] if y.ndim == 1 else y


def _problems(parts: list[Pair], classes: bool) -> list[str]:
    found = []
    for (X, y), name in zip(parts[1:], ("validation", "test")):
        if X.shape[1:] != parts[0][0].shape[1:]:
            found.append(
                f"{name} has inputs of shape {X.shape[1:]}, the training rows of {parts[0][0].shape[1:]}."
            )
        if y.shape[1:] != parts[0][1].shape[1:]:
            found.append(f"{name} has targets of shape {y.shape[1:]}, training {parts[0][1].shape[1:]}.")
    if classes and min(int(y.min()) for _, y in parts) < 0:
        found.append("class indices must be numbered from 0, got a negative one.")
    if classes and int(parts[0][1].max()) == 0:
        found.append("there is one class only, 0: nothing to tell apart.")
    return found
