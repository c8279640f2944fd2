"""What a search lowers: losses row by row, counts such as F1, and metrics of the whole set."""

import abc
from collections.abc import Callable
from typing import Any

import numpy as np

from neuralopt.core.namespace import namespace
from neuralopt.models import CrossEntropy, Hinge, Loss, SquaredError
from neuralopt.search.own_loss import call, check_answer, check_finite, name_of

Array = np.ndarray


class Objective(abc.ABC):
    """What is lowered, as a function of all outputs and targets.

    Attributes
    ----------
    name : str
        What reports call it.
    targets : {"real", "class"}
        What it takes as targets: shape (n, k), or class indices of shape (n,).
    additive : bool
        Whether it is a function of sums over the rows, so that on/off units are searched exactly.
    positive : bool
        Whether the sums only grow with more rows, so that a candidate can be given up early.
    guide : bool
        Whether it is flat almost everywhere, so that a squared error leads the way.
    """

    name: str
    targets: str
    additive: bool = True
    positive: bool = False
    guide: bool = False

    @abc.abstractmethod
    def terms(self, outputs: Array, y: Any) -> Array:
        """Return what is summed, shape (..., n, s), from outputs of shape (..., n, k)."""

    def combine(self, means: Array) -> Array:
        """Return the objective from the terms' means over the rows, shape (..., s)."""
        return means[..., 0]

    def values(self, outputs: Array, y: Any) -> Array:
        """Return the objective of each batch of outputs, shape (...), from shape (..., n, k)."""
        return self.combine(self.terms(outputs, y).mean(axis=-2))


class Rows(Objective):
    """The mean of a loss that is defined row by row.

    Parameters
    ----------
    name : str
    loss : Loss or callable
        A callable ``loss(prediction, y)`` returns one value for each row.
    targets : {"real", "class"}
    """

    def __init__(self, name: str, loss: Loss | Callable[[Any, Any], Any], targets: str) -> None:
        self.name, self.targets = name, targets
        self.positive = isinstance(loss, Loss)
        self._rows = loss.rows if isinstance(loss, Loss) else loss
        self._two = isinstance(loss, Loss) and targets == "class"

    def terms(self, outputs: Array, y: Any) -> Array:
        """Return the losses of the rows; see `Objective.terms`."""
        if self._two:
            outputs = scores(outputs)
        flat = outputs.reshape(-1, outputs.shape[-1])
        many = len(flat) // len(y)
        rows = self._rows(flat, y if many == 1 else np.concatenate([y] * many))
        return np.asarray(rows, np.float64).reshape(*outputs.shape[:-1], 1)


class ZeroOne(Objective):
    """The share of rows whose class is wrong."""

    name, targets, positive, guide = "01", "class", True, True

    def terms(self, outputs: Array, y: Any) -> Array:
        """Return 1 where the class is wrong; see `Objective.terms`."""
        return (classes_of(outputs) != y)[..., None].astype(np.float64)


class F1(Objective):
    """One less the F1 score: of the second class where there are two, else the mean over the classes."""

    name, targets, guide = "f1", "class", True

    def __init__(self, y: Array, count: int) -> None:
        self._classes = np.arange(1 if count <= 2 else 0, max(count, 2))
        self._shares = (y[:, None] == self._classes).mean(axis=0)

    def terms(self, outputs: Array, y: Any) -> Array:
        """Return true and claimed positives of every class; see `Objective.terms`."""
        claimed = classes_of(outputs)[..., None] == self._classes
        right = claimed & (y[:, None] == self._classes)
        return np.concatenate([right, claimed], axis=-1).astype(np.float64)

    def combine(self, means: Array) -> Array:
        """Return 1 - F1; see `Objective.combine`."""
        right, claimed = np.split(means, 2, axis=-1)
        return 1 - (2 * right / np.maximum(claimed + self._shares, 1e-300)).mean(axis=-1)


class Whole(Objective):
    """A metric of the whole set, lower is better.

    Parameters
    ----------
    name : str
    metric : callable
        ``metric(prediction, y)`` returns one number.
    targets : {"real", "class"}
    guide : bool
    """

    additive = False

    def __init__(
        self, name: str, metric: Callable[[Any, Any], Any], targets: str, *, guide: bool = False
    ) -> None:
        self.name, self.targets, self._metric = name, targets, metric
        self.guide = guide

    def terms(self, outputs: Array, y: Any) -> Array:
        """Raise: a metric of the whole set is no sum over rows, and its ``additive`` says so."""
        raise TypeError(f"{self.name} is a metric of the whole set, no sum over rows. Ask for its values.")

    def values(self, outputs: Array, y: Any) -> Array:
        """Return the metric of each batch; see `Objective.values`."""
        flat = outputs.reshape(-1, *outputs.shape[-2:])
        found = np.array([float(self._metric(one, y)) for one in flat])
        return found.reshape(outputs.shape[:-2])


class Tied(Objective):
    """An objective with another that decides between its ties, too small to outweigh it.

    Parameters
    ----------
    first, second : Objective
    real : array
        Targets of the second.
    share : float
        What one unit of the second counts.
    """

    def __init__(self, first: Objective, second: Objective, real: Array, share: float) -> None:
        self.name, self.targets, self.additive = first.name, first.targets, first.additive
        self.first, self.second, self._real, self._share = first, second, real, share

    def terms(self, outputs: Array, y: Any) -> Array:
        """Return the terms of both; of two plain sums their sum. See `Objective.terms`."""
        one, two = self.first.terms(outputs, y), self._share * self.second.terms(outputs, self._real)
        return one + two if one.shape[-1] == 1 else np.concatenate([one, two], axis=-1)

    def combine(self, means: Array) -> Array:
        """Return both together; see `Objective.combine`."""
        if means.shape[-1] == 1:
            return means[..., 0]
        return self.first.combine(means[..., :-1]) + means[..., -1]

    def values(self, outputs: Array, y: Any) -> Array:
        """Return both together; see `Objective.values`."""
        return self.first.values(outputs, y) + self._share * self.second.values(outputs, self._real)


def scores(outputs: Any) -> Any:
    """Return one score for each class; a single output is that of the second class over the first's zero."""
    if outputs.shape[-1] > 1:
        return outputs
    xp = namespace(outputs)
    return xp.concat([xp.zeros_like(outputs), outputs], axis=-1)


def classes_of(outputs: Array) -> Array:
    """Return the class of the highest score, the first of equals."""
    if outputs.shape[-1] == 1:
        return (outputs[..., 0] > 0).astype(np.int64)
    return outputs.argmax(axis=-1)


_DIGITS = 9  # of scores over the largest


def area_error(outputs: Array, y: Array) -> float:
    """Return one less the area under the ROC curve, ties counted half.

    Scores that differ by rounding alone are ties: a search would else win by the noise of saturated units.
    """
    from scipy.stats import rankdata

    score = outputs[:, 0] if outputs.shape[1] == 1 else outputs[:, 1] - outputs[:, 0]
    score = np.round(score / (np.abs(score).max() or 1.0), _DIGITS)
    positive = y == 1
    p = int(positive.sum())
    ranks = rankdata(score)[positive].sum()
    return 1 - float(ranks - p * (p + 1) / 2) / (p * (len(y) - p))


NAMED: dict[str, Any] = {
    "squared_error": lambda y, count: Rows("squared_error", SquaredError(), "real"),
    "cross_entropy": lambda y, count: Rows("cross_entropy", CrossEntropy(), "class"),
    "hinge": lambda y, count: Rows("hinge", Hinge(), "class"),
    "01": lambda y, count: ZeroOne(),
    "f1": lambda y, count: F1(y, count),
    "auc": lambda y, count: Whole("auc", area_error, "class", guide=True),
}
"""Name to objective, made from the coded labels and the number of classes."""


def own_objective(loss: Callable[..., Any], outputs: Array, y: Any) -> Objective:
    """Return the objective of a callable, by what it answers for the first outputs.

    One value for each row makes it a loss row by row, one number a metric of the whole set.

    Raises
    ------
    DataError
        For NaN or another shape.
    """

    def called(prediction: Any, y: Any) -> Any:
        return call(loss, prediction, y)

    found = called(outputs, y)
    shape = check_answer(loss, found, outputs, y)
    check_finite(loss, found, outputs, y)
    targets = "class" if np.ndim(y) == 1 else "real"
    return (Rows if shape else Whole)(name_of(loss), called, targets)
