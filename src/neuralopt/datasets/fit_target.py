"""What the training rows say about the target, after all rows have passed the checks."""

import numpy as np
import pandas as pd

from neuralopt.datasets.cells import Labels, column_of, kind_of, label, labels, numbers
from neuralopt.datasets.columns import refuse_infinity, refuse_kind
from neuralopt.datasets.statistics import MANY_SHARE, moments, too_many, usable
from neuralopt.datasets.targets import (
    ClassificationTarget,
    ClassLabel,
    RegressionTarget,
    quantities,
    refuse_missing_target,
)
from neuralopt.datasets.wording import counted, listing


def fit_regression(
    frame: pd.DataFrame, names: tuple[str, ...], rows: np.ndarray, problems: list[str]
) -> RegressionTarget | None:
    """Return the encoding of numeric targets, or None after adding problems."""
    before, mean, scale = len(problems), [], []
    for name in names:
        broken = len(problems)
        values = quantities(column_of(frame, name), name, problems)
        if len(problems) > broken:
            continue
        m, s = moments(values[rows])
        if values[rows].min() == values[rows].max():
            held = counted(len(rows), "row" if len(rows) == len(frame) else "training row")
            problems.append(
                f"The target '{name}' has the same value, {label(values[rows][0])}, in all {held}: "
                "there is nothing to learn. Choose another target or add rows."
            )
        elif not usable(m, scale=s):
            problems.append(
                f"The target '{name}' has values from {values[rows].min():.6g} to {values[rows].max():.6g}, "
                "whose spread is no number that a computer holds. Rescale it."
            )
        mean.append(m)
        scale.append(s)
    return RegressionTarget(names, tuple(mean), tuple(scale)) if len(problems) == before else None


def fit_classification(
    column: pd.Series, rows: np.ndarray, notes: list[str], problems: list[str]
) -> ClassificationTarget | None:
    """Return the encoding of a target with classes, or None after adding problems."""
    name, before = str(column.name), len(problems)
    if refuse_kind(column, name, problems):
        return None
    found = labels(column)
    refuse_missing_target(found.missing, name, problems)
    if kind_of(column) == "numeric":
        refuse_infinity(numbers(column).values, name, problems)
    if len(problems) > before:
        return None
    problems += _class_problems(name, found, column)
    if len(problems) > before:
        return None
    seen = np.bincount(found.codes[rows], minlength=len(found.names)) > 0
    if seen.sum() < 2:
        problems.append(
            f"The target '{name}' has one class only, {listing(_chosen(found, seen))}, in its training rows. "
            "Draw the training rows so that each class has some (a stratified split)."
        )
        return None
    if not seen.all():
        notes.append(f"No training row of '{name}' has the class {listing(_chosen(found, ~seen))}.")
    return ClassificationTarget((name,), _originals(column, found))


def _chosen(found: Labels, mask: np.ndarray) -> list[str]:
    return [name for name, chosen in zip(found.names, mask) if chosen]


def _class_problems(name: str, found: Labels, column: pd.Series) -> list[str]:
    k, n = len(found.names), len(column)
    if k == 1:
        return [
            f"The target '{name}' has one class only, '{found.names[0]}', in all {counted(n, 'row')}: "
            "there is nothing to tell apart. Choose another target or add rows of another class."
        ]
    fractions = kind_of(column) == "numeric" and not np.array_equal(
        values := numbers(column).values, values.round()
    )
    if too_many(k, n) or (fractions and k > 2 and k > MANY_SHARE * n):
        cure = "Use --task regression." if kind_of(column) == "numeric" else "Choose another target."
        return [
            f"The target '{name}' has {k} different values in {counted(n, 'row')}, too many for classes. "
            f"{cure}"
        ]
    rare = np.bincount(found.codes, minlength=k) < 2
    if rare.any():
        return [
            f"The target '{name}' has {counted(int(rare.sum()), 'class', 'classes')} with one row only: "
            f"{listing(_chosen(found, rare))}. A class needs at least 2, one to train on and one to test "
            "with: "
            "add rows, merge it with another class, or remove its row."
        ]
    return []


def _originals(column: pd.Series, found: Labels) -> tuple[ClassLabel, ...]:
    """Return the classes as the user wrote them: booleans, integers, floats or texts, in their order."""
    kind = kind_of(column)
    if kind == "boolean":
        return (False, True)
    if kind != "numeric":
        return found.names
    values = np.unique(numbers(column).values).tolist()
    if pd.api.types.is_float_dtype(column.dtype):
        return tuple(values)
    return tuple(int(v) if float(v).is_integer() else v for v in values)
