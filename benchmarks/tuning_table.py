"""A table of exhaustively trained configurations, read as an objective."""

import functools
from pathlib import Path
from typing import Any

import numpy as np

from neuralopt.storage import read_container
from neuralopt.tuning.pareto import hypervolume
from neuralopt.tuning.space import Space

FOLDER = Path(__file__).resolve().parent.parent / "tests" / "tuning" / "tables"
NAMES = ("digits", "diabetes", "breast_cancer")
_LOG = ("learning_rate", "weight_decay", "hidden", "batch_size")


class Table:
    """The validation curves of every configuration of a small space.

    Parameters
    ----------
    name : str
        One of ``NAMES``.
    """

    def __init__(self, name: str) -> None:
        held = read_container(FOLDER / f"{name}.safetensors", kind="tuning-table", version=1)
        self.name, self.axes = name, dict(held.header["axes"])
        shape = tuple(map(len, self.axes.values()))
        self.curves = held.arrays["loss"].astype(float).reshape(*shape, -1)
        self.errors = held.arrays["error"].astype(float).reshape(*shape, -1)
        filled = np.where(np.isfinite(self.curves), self.curves, np.inf)
        self.values = filled.min(axis=-1)
        self.inputs, self.outputs = held.header["inputs"], held.header["outputs"]
        self.epochs = self.curves.shape[-1]

    @property
    def space(self) -> Space:
        """The space as a user would write it; values between the rows of the table go to the nearest."""
        rates, decays = self.axes["learning_rate"], self.axes["weight_decay"]
        widths, batches = self.axes["hidden"], self.axes["batch_size"]
        return Space(
            {
                "optimizer": list(self.axes["optimizer"]),
                "hidden": ("int", widths[0], widths[-1], {"log": True}),
                "batch_size": list(batches),
                "learning_rate": ("log_uniform", rates[0], rates[-1]),
                "weight_decay": ("log_uniform", decays[0], decays[-1]),
            }
        )

    def index(self, params: dict[str, Any]) -> tuple[int, ...]:
        """Return the place of the configuration nearest to one."""
        found = []
        for axis, rows in self.axes.items():
            if axis == "optimizer":
                found.append(rows.index(params[axis]))
            else:
                found.append(int(np.argmin(np.abs(np.log(rows) - np.log(params[axis])))))
        return tuple(found)

    def loss(self, params: dict[str, Any]) -> float:
        """Return the best validation loss of a configuration; infinite where it diverged at once."""
        return float(self.values[self.index(params)])

    def curve(self, params: dict[str, Any]) -> np.ndarray:
        """Return the validation loss after every epoch; infinite after a divergence."""
        curve = self.curves[self.index(params)]
        return np.where(np.isfinite(curve), curve, np.inf)

    def size(self, params: dict[str, Any]) -> int:
        """Return the number of parameters of a configuration's network."""
        hidden = self.axes["hidden"][self.index(params)[list(self.axes).index("hidden")]]
        return (self.inputs + 1) * hidden + (hidden + 1) * self.outputs

    @functools.cached_property
    def best(self) -> float:
        """The loss of the best configuration."""
        return float(self.values.min())

    @functools.cached_property
    def scale(self) -> float:
        """The median loss less the best: what regrets are divided by."""
        return float(np.median(self.values[np.isfinite(self.values)]) - self.best)

    def regret(self, losses: Any) -> np.ndarray:
        """Return the regret after every trial, as a share of `scale`."""
        return (np.minimum.accumulate(np.asarray(losses, float)) - self.best) / self.scale


def two_objectives(table: Table) -> Any:
    """Return an objective of loss and size that reports after every epoch of a table's training."""

    def objective(trial: Any) -> tuple[float, float]:
        curve, size = np.minimum.accumulate(table.curve(trial.params)), float(table.size(trial.params))
        for epoch, loss in enumerate(curve.tolist(), start=1):
            trial.report(epoch, (loss, size))
            if trial.should_prune():
                break
        return loss, size

    return objective


def front_of(table: Table, result: Any) -> list[tuple[int, float]]:
    """Return epochs spent and hypervolume of the trials trained to their end, after every trial.

    Losses count from the best of the table to its median, sizes by their logarithm.
    """
    largest = np.log((table.inputs + 1) * 64 + 65 * table.outputs)
    points: list[tuple[float, float]] = []
    epochs, found = 0, []
    for trial in result.trials:
        epochs += max(trial.reports)
        if trial.state.name == "COMPLETE":
            loss, size = trial.values
            points.append(((loss - table.best) / table.scale, float(np.log(size) / largest)))
        volume = hypervolume(np.array(points).reshape(-1, 2), np.array([1.0, 1.1]))
        found.append((epochs, volume))
    return found
