"""What an architecture search gave."""

import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from neuralopt.architecture.architecture import Architecture
from neuralopt.architecture.evaluation import RANDOM, SEARCH, Evaluation, best_of
from neuralopt.architecture.space import Space
from neuralopt.architecture.winner import Trained
from neuralopt.core.errors import InvalidArgument
from neuralopt.core.results import Status
from neuralopt.estimators.architecture_predictor import ArchitecturePredictor

if TYPE_CHECKING:
    import pandas

_COSTS = ("parameters", "multiply_adds")


@dataclasses.dataclass(frozen=True)
class ArchitectureResult:
    """What an architecture search gave.

    Attributes
    ----------
    space : Space
    metric : {"accuracy", "r2"}
    history : tuple of Evaluation
        Of both arms, the search first.
    status : Status
        MAX_EPOCHS when all evaluations were made, INTERRUPTED otherwise.
    settings : dict
        The arguments of the search, as plain values.
    trained : dict of str to Trained
        The best of each arm, trained from scratch at its true size; empty when interrupted before.
    latencies : dict
        Milliseconds of the architectures that were measured, by genes.
    seconds : float
        Wall time of this call.
    """

    space: Space
    metric: str
    history: tuple[Evaluation, ...]
    status: Status
    settings: dict[str, Any]
    trained: dict[str, Trained]
    latencies: dict[tuple[int, ...], float]
    seconds: float

    def evaluations(self, arm: str = SEARCH) -> list[Evaluation]:
        """Return the evaluations of one arm in their order.

        Parameters
        ----------
        arm : {"search", "random"}, default "search"
            The strategy asked for, or the random search beside it.

        Returns
        -------
        list of Evaluation
            Empty where the arm was not begun.
        """
        return [e for e in self.history if e.arm == arm]

    @property
    def winner(self) -> str:
        """The arm whose network did better in validation when trained in full: "search" or "random".

        A random search that does better than the strategy is said to, and its network is the one kept.
        """
        done = {arm: trained.validation_metric for arm, trained in self.trained.items()}
        if len(done) == 2 and done[RANDOM] > done[SEARCH]:
            return RANDOM
        return SEARCH

    def best_evaluation(self, arm: str | None = None) -> Evaluation:
        """Return the evaluation with the highest score of an arm; of equals the first.

        Parameters
        ----------
        arm : {"search", "random"}, optional
            By default the `winner`.

        Returns
        -------
        Evaluation
            The best one.

        Raises
        ------
        InvalidArgument
            When nothing has been evaluated.
        """
        held = self.evaluations(self.winner if arm is None else arm)
        if not held:
            raise InvalidArgument(
                "no architecture has been evaluated: the search was interrupted before the first one. "
                "Go on with it by resume=True where it has a folder, or begin it again."
            )
        return best_of(held)

    @property
    def best(self) -> Architecture:
        """The best architecture found, by the `winner`."""
        return Architecture(self.space, self.best_evaluation().genes)

    @property
    def random_best(self) -> Architecture:
        """The best architecture of the random search beside it, at the same number of epochs."""
        arm = RANDOM if self.evaluations(RANDOM) else SEARCH  # a random search needs none beside it
        return Architecture(self.space, self.best_evaluation(arm).genes)

    @property
    def model(self) -> ArchitecturePredictor:
        """The best architecture, trained from scratch at its true size."""
        if self.winner not in self.trained:
            raise InvalidArgument(
                "the best architecture has not been trained: the search was interrupted before. "
                "Go on with it by resume=True, or train result.best.network() yourself."
            )
        return self.trained[self.winner].model

    @property
    def performance(self) -> float:
        """The metric of `model` on the test rows, or on the validation rows where there are none."""
        if self.winner not in self.trained:
            return self.best_evaluation().metric
        trained = self.trained[self.winner]
        return trained.validation_metric if trained.test_metric is None else trained.test_metric

    def predict(self, X: Any) -> np.ndarray:
        """Return class indices, or targets, for inputs in the units of training.

        Parameters
        ----------
        X : array of shape (n, ...)
            As the search was given.

        Returns
        -------
        array
            Class indices of shape (n,), or real numbers of shape (n, k).
        """
        outputs = self.model.outputs(X)
        return outputs.argmax(axis=1) if self.metric == "accuracy" else outputs

    def frame(self) -> "pandas.DataFrame":
        """Return all evaluations as a table.

        Returns
        -------
        pandas.DataFrame
            One row for each, with arm, number, parent, description, score, metric, cost and seconds.
        """
        import pandas

        rows = [
            {
                "arm": e.arm,
                "number": e.number,
                "parent": e.parent,
                "inherited": e.inherited,
                "architecture": self.space.describe(e.genes),
                "score": e.score,
                f"validation_{self.metric}": e.metric,
                "parameters": e.parameters,
                "multiply_adds": e.multiply_adds,
                "latency_ms": self.latencies.get(e.genes),
                "epochs": len(e.curves.train_loss),
                "seconds": e.seconds,
            }
            for e in self.history
        ]
        frame = pandas.DataFrame(rows)
        return frame.astype({"parent": "Int64"}) if rows else frame

    def pareto(self, cost: str = "multiply_adds") -> "pandas.DataFrame":
        """Return the evaluations that no other one beats in score at the same or a lower cost.

        Parameters
        ----------
        cost : {"multiply_adds", "parameters"}, default "multiply_adds"
            What is spent.

        Returns
        -------
        pandas.DataFrame
            Rows of `frame`, cheapest first, both arms together.
        """
        if cost not in _COSTS:
            raise InvalidArgument(f"cost must be one of {', '.join(_COSTS)}, got {cost!r}.")
        frame = self.frame()
        kept = pareto_front([getattr(e, cost) for e in self.history], [e.score for e in self.history])
        return frame.iloc[kept].reset_index(drop=True)

    def lineage(self) -> list[Evaluation]:
        """Return the line of the best architecture, from its first ancestor to itself.

        Returns
        -------
        list of Evaluation
            Each one the parent of the next.
        """
        by_number = {e.number: e for e in self.evaluations(self.winner)}
        line = [self.best_evaluation()]
        while line[-1].parent is not None:
            line.append(by_number[line[-1].parent])
        return line[::-1]

    def save(self, path: str | Path) -> Path:
        """Write `model` to a file, from which `ArchitecturePredictor.load` reads it.

        Parameters
        ----------
        path : path
            By custom it ends in ``.safetensors``.

        Returns
        -------
        Path
            The file.
        """
        return self.model.save(path)

    def summary(self) -> str:
        """Return what came of the search in a few sentences, the random search beside it included.

        Returns
        -------
        str
            Lines of text.
        """
        metric = {"r2": "R²"}.get(self.metric, self.metric)
        lines = [f"Best of {len(self.history)} architectures: {self.best.describe()}."]
        if self.winner == RANDOM:
            lines.append(
                "The random search found it: trained in full it does better on the validation rows than what "
                f"{self.settings['strategy']} evolution found."
            )
        arms = [(SEARCH, self.settings["strategy"])]
        if self.evaluations(RANDOM):
            arms.append((RANDOM, "random search"))
        for arm, word in arms:
            best = self.best_evaluation(arm)
            spent = sum(len(e.curves.train_loss) for e in self.evaluations(arm))
            text = f"{word}: validation {metric} {best.metric:.4f} of a candidate, {spent} epochs"
            if arm in self.trained:
                done = self.trained[arm]
                text += f"; trained in full {done.validation_metric:.4f}"
                text += "" if done.test_metric is None else f", on test rows {done.test_metric:.4f}"
            lines.append(text + ".")
        if self.status is Status.INTERRUPTED:
            lines.append(Status.INTERRUPTED.value)
        return "\n".join(lines)


def pareto_front(costs: list[int], scores: list[float]) -> list[int]:
    """Return the indices that nothing beats, cheapest first; of equals the first.

    Parameters
    ----------
    costs : list of int
    scores : list of float

    Returns
    -------
    list of int

    Examples
    --------
    >>> pareto_front([3, 1, 2, 2], [0.9, 0.5, 0.4, 0.7])
    [1, 3, 0]
    """
    kept, top = [], -np.inf
    for k in sorted(range(len(costs)), key=lambda k: (costs[k], -scores[k], k)):
        if scores[k] > top:
            kept.append(k)
            top = scores[k]
    return kept
