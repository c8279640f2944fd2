"""What the training rows say about a feature column, after all rows have passed the checks."""

import numpy as np
import pandas as pd

from neuralopt.datasets.cells import kind_of, label, labels, numbers
from neuralopt.datasets.columns import (
    CategoricalColumn,
    Column,
    NumericColumn,
    refuse_infinity,
    refuse_kind,
    refuse_missing,
    refuse_text,
)
from neuralopt.datasets.statistics import MANY, moments, too_many, usable
from neuralopt.datasets.wording import counted, dropping


def fit_column(
    column: pd.Series,
    rows: np.ndarray,
    impute: bool,
    notes: list[str],
    left_out: dict[str, str],
    problems: list[str],
) -> Column | None:
    """Return a feature column's encoding, or None after saying why it is left out, or adding a problem."""
    name, kind = str(column.name), kind_of(column)
    if refuse_kind(column, name, problems):
        return None
    if kind == "text":
        cells = numbers(column)
        if not cells.bad.any():
            kind = "numeric"
            notes.append(f"Column '{name}' holds numbers written as text; they are used as numbers.")
        elif cells.mostly:
            refuse_text(column, cells, name, problems)
            return None
    if kind in ("numeric", "boolean"):
        return _fit_numbers(column, kind == "boolean", rows, impute, left_out, problems)
    return _fit_levels(column, rows, impute, left_out, problems)


def _fit_numbers(
    column: pd.Series,
    boolean: bool,
    rows: np.ndarray,
    impute: bool,
    left_out: dict[str, str],
    problems: list[str],
) -> NumericColumn | None:
    name, cells, before = str(column.name), numbers(column), len(problems)
    refuse_infinity(cells.values, name, problems)
    if not impute:
        refuse_missing(cells.missing, name, problems)
    if len(problems) > before:
        return None
    missing = cells.missing[rows]
    present = cells.values[rows][~missing]
    distinct = np.unique(present.astype(bool) if boolean else present)
    if _varies_not(name, distinct.tolist(), left_out):
        return None
    with np.errstate(over="ignore"):
        median = float(np.median(present))
    mean, scale = (0.0, 1.0) if boolean else moments(np.where(missing, median, cells.values[rows]))
    if not usable(median, mean, scale=scale):
        problems.append(
            f"Column '{name}' has values from {distinct[0]:.6g} to {distinct[-1]:.6g}, whose spread is no "
            f"number that a computer holds. Rescale it, or leave it out with {dropping(name)}."
        )
        return None
    return NumericColumn(name, boolean, median, mean, scale, impute and bool(missing.any()))


def _fit_levels(
    column: pd.Series, rows: np.ndarray, impute: bool, left_out: dict[str, str], problems: list[str]
) -> CategoricalColumn | None:
    name, found = str(column.name), labels(column)
    before = len(problems)
    if not impute:
        refuse_missing(found.missing, name, problems)
    if too_many(len(found.names), len(column)):
        problems.append(
            f"Column '{name}' has {len(found.names)} different texts in {counted(len(column), 'row')}, too "
            "many "
            f"for categories: it looks like an identifier or free text. Leave it out with {dropping(name)}, "
            "or group "
            f"its values into at most {MANY}."
        )
    if len(problems) > before:
        return None
    codes = found.codes[rows]
    levels = tuple(found.names[i] for i in np.unique(codes[codes >= 0]))
    missing = impute and bool((codes < 0).any())
    if not (levels and missing) and _varies_not(name, levels, left_out):
        return None
    return CategoricalColumn(name, levels, missing)


def _varies_not(name: str, distinct: list | tuple, left_out: dict[str, str]) -> bool:
    """Say of a column without two different values why it is left out."""
    if len(distinct) == 0:
        left_out[name] = f"Column '{name}' is left out: no training row has a value in it."
    elif len(distinct) == 1:
        same = label(distinct[0])
        left_out[name] = f"Column '{name}' is left out: every training row has the same value, {same}."
    return name in left_out
