"""How one feature column becomes numbers: standardised, or one-hot."""

from dataclasses import asdict, dataclass
from typing import Any, ClassVar

import numpy as np
import pandas as pd

from neuralopt.datasets import restore
from neuralopt.datasets.cells import Numbers, kind_of, labels, numbers
from neuralopt.datasets.wording import counted, dropping, first_row

CORRECT = "Correct the cell, or remove the row."
FILL = "Fill them, or remove the rows; a model that takes gaps is trained with --missing impute."
MISSING_CURE = 'Fill them, or use --missing impute (in Python missing="impute")'


@dataclass(frozen=True)
class NumericColumn:
    """A column of numbers, standardised after the median took the place of missing values.

    The 0/1 column that says where values were missing follows when training rows had any. A boolean column
    has mean 0 and scale 1.
    """

    name: str
    boolean: bool
    median: float
    mean: float
    scale: float
    indicator: bool

    kind: ClassVar[str] = "numeric"
    checks: ClassVar[dict[str, restore.Check]] = {
        "name": restore.text,
        "boolean": restore.flag,
        "median": restore.finite,
        "mean": restore.finite,
        "scale": restore.positive,
        "indicator": restore.flag,
    }

    @property
    def feature_names(self) -> list[str]:
        """One name for each encoded column."""
        return [self.name, f"{self.name} is missing"] if self.indicator else [self.name]

    def encode(self, column: pd.Series, impute: bool, problems: list[str]) -> np.ndarray:
        """Return shape (n, 1) or (n, 2), adding to the problems what cannot be encoded."""
        if refuse_kind(column, self.name, problems):
            return np.zeros((len(column), len(self.feature_names)))
        cells = numbers(column, truth=self.boolean)
        refuse_text(column, cells, self.name, problems, CORRECT)
        refuse_infinity(cells.values, self.name, problems)
        if not impute:
            refuse_missing(cells.missing, self.name, problems, FILL)
        values = np.where(cells.missing, self.median, cells.values)
        if self.boolean:
            _refuse_other_than_01(np.where(cells.missing | cells.bad, 0.0, values), self.name, problems)
        with np.errstate(over="ignore", invalid="ignore"):
            standardised = (values - self.mean) / self.scale
        if not problems and not np.isfinite(standardised).all():
            row = first_row(~np.isfinite(standardised))
            problems.append(
                f"Column '{self.name}' has a value too large for its training scale in row {row}: "
                f"{values[row - 1]:.6g} against {self.scale:.6g}. Check the unit of that cell."
            )
        parts = [standardised, cells.missing.astype(np.float64)] if self.indicator else [standardised]
        return np.stack(parts, axis=1)


@dataclass(frozen=True)
class CategoricalColumn:
    """A column of categories, one 0/1 column for each level that training rows had.

    A level that they did not have is all zeros. Missing values have their own level when training rows had
    any.
    """

    name: str
    levels: tuple[str, ...]
    missing_level: bool

    kind: ClassVar[str] = "categorical"
    checks: ClassVar[dict[str, restore.Check]] = {
        "name": restore.text,
        "levels": restore.several(restore.text, distinct=True),
        "missing_level": restore.flag,
    }

    @property
    def feature_names(self) -> list[str]:
        """One name for each encoded column."""
        names = [f"{self.name}={level}" for level in self.levels]
        return [*names, f"{self.name} is missing"] if self.missing_level else names

    def encode(self, column: pd.Series, impute: bool, problems: list[str]) -> np.ndarray:
        """Return shape (n, number of levels), adding to the problems what cannot be encoded."""
        width = len(self.feature_names)
        if refuse_kind(column, self.name, problems):
            return np.zeros((len(column), width))
        found = labels(column)
        if not impute:
            refuse_missing(found.missing, self.name, problems, FILL)
        place = {level: j for j, level in enumerate(self.levels)}
        nowhere = width  # one column more than is kept
        absent = width - 1 if self.missing_level else nowhere
        target = np.array([place.get(name, nowhere) for name in found.names] + [absent], dtype=np.int64)
        return np.eye(width + 1)[target[found.codes], :width]


Column = NumericColumn | CategoricalColumn


def to_dict(column: Column) -> dict[str, Any]:
    """Return a column's encoding as plain data."""
    return {"kind": column.kind} | {
        name: list(value) if isinstance(value, tuple) else value for name, value in asdict(column).items()
    }


def from_dict(data: Any, where: str, problems: list[str]) -> Column | None:
    """Return the encoding that `to_dict` described, or None after adding to the problems."""
    kinds = {cls.kind: cls for cls in (NumericColumn, CategoricalColumn)}
    kind = data.get("kind") if isinstance(data, dict) else None
    cls = kinds.get(kind) if isinstance(kind, str) else None
    if cls is None:
        problems.append(f"{where}['kind'] must be one of {', '.join(map(repr, kinds))}, got {kind!r}.")
        return None
    fields = restore.restored(data, {"kind": restore.text} | cls.checks, where, problems)
    return cls(**{k: v for k, v in fields.items() if k != "kind"}) if fields is not None else None


def refuse_kind(column: pd.Series, name: str, problems: list[str]) -> bool:
    """Add a problem for a column of dates or of things that are not single values."""
    kind = kind_of(column)
    if kind == "moment":
        problems.append(
            f"Column '{name}' holds dates or times, which have no single best encoding. Turn it into "
            "numbers that "
            f"matter (a month, an hour, days since the start), or leave it out with {dropping(name)}."
        )
    elif kind == "foreign":
        problems.append(
            f"Column '{name}' holds values that are neither numbers nor texts ({column.dtype}). "
            f"Turn them into one number or text a cell, or leave the column out with {dropping(name)}."
        )
    return kind in ("moment", "foreign")


def refuse_text(column: pd.Series, cells: Numbers, name: str, problems: list[str], cure: str = "") -> None:
    """Add a problem for texts among numbers, by default with the cure for a table to train on."""
    if cells.bad.any():
        row = first_row(cells.bad)
        cure = cure or (
            "Correct the cell, or empty it and use --missing impute, or leave the column out with "
            f"{dropping(name)}."
        )
        problems.append(
            f"Column '{name}' is numeric and has text in {counted(int(cells.bad.sum()), 'row')} "
            f"(first in row {row}: {str(column.iloc[row - 1])!r}). {cure}"
        )


def refuse_missing(missing: np.ndarray, name: str, problems: list[str], cure: str = "") -> None:
    """Add a problem for cells without a value, by default with the cure for a table to train on."""
    if missing.any():
        cure = cure or f"{MISSING_CURE}, or leave the column out with {dropping(name)}."
        problems.append(
            f"Column '{name}' has {counted(int(missing.sum()), 'missing value')} "
            f"(first in row {first_row(missing)}). {cure}"
        )


def refuse_infinity(values: np.ndarray, name: str, problems: list[str]) -> None:
    """Add a problem for infinite cells."""
    infinite = np.isinf(values)
    if infinite.any():
        row = first_row(infinite)
        problems.append(
            f"Column '{name}' has {counted(int(infinite.sum()), 'infinite value')} "
            f"(first in row {row}: {values[row - 1]}). It may come from a division by zero or an overflow: "
            "correct the cell or remove the row."
        )


def _refuse_other_than_01(values: np.ndarray, name: str, problems: list[str]) -> None:
    other = ~np.isin(values, (0.0, 1.0))
    if other.any():
        row = first_row(other)
        problems.append(
            f"Column '{name}' was true or false in training and has {values[row - 1]:.6g} in row {row}. "
            "Write true, false, 1 or 0."
        )
