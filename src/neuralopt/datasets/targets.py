"""How the target becomes numbers, and predictions become the user's units again."""

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import pandas as pd

from neuralopt.core.errors import InvalidArgument, did_you_mean
from neuralopt.datasets import restore
from neuralopt.datasets.cells import column_of, label, labels, numbers
from neuralopt.datasets.columns import refuse_infinity, refuse_kind
from neuralopt.datasets.tasks import CLASSIFICATION, REGRESSION
from neuralopt.datasets.wording import counted, first_row, listing

ClassLabel = str | int | float | bool


@dataclass(frozen=True)
class RegressionTarget:
    """One or more numeric targets, standardised by the training rows."""

    names: tuple[str, ...]
    mean: tuple[float, ...]
    scale: tuple[float, ...]

    task: ClassVar[str] = REGRESSION

    def encode(self, frame: pd.DataFrame, problems: list[str]) -> np.ndarray:
        """Return shape (n, k) float64, adding to the problems what cannot be encoded."""
        values = np.stack([quantities(column_of(frame, name), name, problems) for name in self.names], axis=1)
        return (values - np.array(self.mean)) / np.array(self.scale)

    def decode(self, prediction: Any) -> np.ndarray:
        """Return shape (n, k) float64 in the units of the targets."""
        values = np.asarray(prediction, dtype=np.float64)
        if values.ndim == 1 and len(self.names) == 1:
            values = values[:, None]
        if values.ndim != 2 or values.shape[1] != len(self.names):
            raise InvalidArgument(
                f"A prediction for {counted(len(self.names), 'target')} has shape (n, {len(self.names)}), "
                f"got {values.shape}. Give one column for each of {listing(self.names)}."
            )
        return values * np.array(self.scale) + np.array(self.mean)


@dataclass(frozen=True)
class ClassificationTarget:
    """One target with named classes."""

    names: tuple[str, ...]
    classes: tuple[ClassLabel, ...]

    task: ClassVar[str] = CLASSIFICATION

    def encode(self, frame: pd.DataFrame, problems: list[str]) -> np.ndarray:
        """Return shape (n,) int64, adding to the problems what cannot be encoded."""
        (name,) = self.names
        found = labels(column_of(frame, name))
        refuse_missing_target(found.missing, name, problems)
        place = {label(known): i for i, known in enumerate(self.classes)}
        target = np.array([place.get(text, -1) for text in found.names] + [-1], dtype=np.int64)
        index = target[found.codes]
        unknown = (index < 0) & ~found.missing
        if unknown.any():
            row = first_row(unknown)
            text = found.names[found.codes[row - 1]]
            problems.append(
                f"The target '{name}' has a class in row {row} that training did not have: {text!r}."
                f"{did_you_mean(text, place)} The classes are {listing(place)}."
            )
        return index


Target = RegressionTarget | ClassificationTarget


def quantities(column: pd.Series, name: str, problems: list[str]) -> np.ndarray:
    """Return a regression target as shape (n,) float64, adding to the problems what is no finite number."""
    if refuse_kind(column, name, problems):
        return np.zeros(len(column))
    cells = numbers(column)
    if cells.bad.any():
        row = first_row(cells.bad)
        cure = "Correct the cell, or use" if cells.mostly else "Give a numeric column, or use"
        problems.append(
            f"The target '{name}' has text in {counted(int(cells.bad.sum()), 'row')} (first in row {row}: "
            f"{str(column.iloc[row - 1])!r}), and regression needs numbers. {cure} --task classification."
        )
    refuse_missing_target(cells.missing, name, problems)
    refuse_infinity(cells.values, name, problems)
    return cells.values


def refuse_missing_target(missing: np.ndarray, name: str, problems: list[str]) -> None:
    """Add a problem for rows without a target; the target is never imputed."""
    if missing.any():
        problems.append(
            f"The target '{name}' has {counted(int(missing.sum()), 'missing value')} "
            f"(first in row {first_row(missing)}). A row without its target teaches nothing: remove it."
        )


def to_dict(target: Target) -> dict[str, Any]:
    """Return a target's encoding as plain data."""
    if isinstance(target, RegressionTarget):
        return {
            "task": REGRESSION,
            "names": list(target.names),
            "mean": list(target.mean),
            "scale": list(target.scale),
        }
    return {"task": CLASSIFICATION, "names": list(target.names), "classes": list(target.classes)}


def from_dict(data: Any, where: str, problems: list[str]) -> Target | None:
    """Return the encoding that `to_dict` described, or None after adding to the problems."""
    checks: dict[str, restore.Check] = {
        "task": restore.one_of(REGRESSION, CLASSIFICATION),
        "names": restore.several(restore.text, distinct=True),
    }
    task = data.get("task") if isinstance(data, dict) else None
    if task == CLASSIFICATION:
        checks["classes"] = restore.several(_class_label, distinct=True)
    else:
        checks |= {"mean": restore.several(restore.finite), "scale": restore.several(restore.positive)}
    fields = restore.restored(data, checks, where, problems)
    if fields is None:
        return None
    del fields["task"]
    if task == CLASSIFICATION:
        if len(fields["names"]) != 1 or len(fields["classes"]) < 2:
            problems.append(f"{where} must have one name and at least 2 classes.")
            return None
        return ClassificationTarget(**fields)
    if not len(fields["names"]) == len(fields["mean"]) == len(fields["scale"]):
        problems.append(f"{where} must have as many means and scales as names.")
        return None
    return RegressionTarget(**fields)


def _class_label(value: Any) -> ClassLabel:
    if not isinstance(value, str | int | float) or value != value:
        raise TypeError("a string, a number or a boolean")
    return value
