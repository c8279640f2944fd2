"""What the cells of a column are, as plain NumPy: numbers with NaN, or labels."""

from dataclasses import dataclass
from typing import cast

import numpy as np
import pandas as pd

_BOOLEAN = {"boolean"}
_NUMERIC = {"integer", "floating", "mixed-integer-float", "decimal"}
_MOMENT = {"datetime64", "datetime", "date", "time", "timedelta64", "timedelta", "period"}
_TEXT = {"string", "mixed-integer", "mixed"}
_ISO_DATE = r"\d{4}-\d{2}-\d{2}(?:[T ]\d{2}:\d{2}.*)?"
_TRUTH = {"true": "1", "false": "0"}


def column_of(frame: pd.DataFrame, name: str) -> pd.Series:
    """Return one column; names are distinct, so it is not a table."""
    return cast(pd.Series, frame[name])


def kind_of(column: pd.Series) -> str:
    """Return ``boolean``, ``numeric``, ``text``, ``category``, ``moment`` or ``foreign``."""
    dtype = column.dtype
    if isinstance(dtype, pd.CategoricalDtype):
        return "category"
    if pd.api.types.is_bool_dtype(dtype):
        return "boolean"
    if pd.api.types.is_complex_dtype(dtype):
        return "foreign"
    if pd.api.types.is_numeric_dtype(dtype):
        return "numeric"
    inferred = pd.api.types.infer_dtype(column, skipna=True)
    if inferred in _BOOLEAN:
        return "boolean"
    if inferred in _NUMERIC or inferred == "empty":
        return "numeric"
    if inferred in _MOMENT:
        return "moment"
    if inferred in _TEXT:
        return _kind_of_objects(column, inferred)
    return "foreign"


def _kind_of_objects(column: pd.Series, inferred: str) -> str:
    present = column.dropna()
    if inferred != "string" and not all(isinstance(v, str | int | float | np.generic) for v in present):
        return "foreign"
    texts = present.astype(str).str.strip()
    texts = texts[texts != ""]
    return "moment" if len(texts) and texts.str.fullmatch(_ISO_DATE).all() else "text"


@dataclass(frozen=True)
class Numbers:
    """A column as numbers; ``bad`` marks cells that are neither missing nor numbers."""

    values: np.ndarray  # (n,) float64, NaN where missing or bad
    bad: np.ndarray  # (n,) bool

    @property
    def missing(self) -> np.ndarray:
        """Cells without a value, shape (n,)."""
        return np.isnan(self.values) & ~self.bad

    @property
    def mostly(self) -> bool:
        """Whether at least 80 % of the cells with a value are numbers."""
        present = ~self.missing
        return bool(present.any()) and (~self.bad & present).sum() >= 0.8 * present.sum()


def numbers(column: pd.Series, truth: bool = False) -> Numbers:
    """Return a column as numbers; texts that spell one count as one, booleans are 0 and 1.

    With ``truth`` the texts ``true`` and ``false`` are 1 and 0.
    """
    if kind_of(column) in ("numeric", "boolean"):
        values = column.to_numpy(dtype=np.float64, na_value=np.nan, copy=True)
        return Numbers(values, np.zeros(len(values), bool))
    texts = column.astype(object).where(column.notna(), "").astype(str).str.strip()
    spelled = texts.str.lower()
    if truth:
        spelled = spelled.replace(_TRUTH)
    values = np.array(pd.to_numeric(spelled, errors="coerce"), dtype=np.float64)
    absent = spelled.isin(["", "nan"]).to_numpy(dtype=bool)
    return Numbers(values, np.isnan(values) & ~absent)


def label(value: object) -> str:
    """Return the text by which a category is known, the same for 1, 1.0 and "1"."""
    if isinstance(value, float | np.floating) and float(value).is_integer():
        return str(int(value))
    if isinstance(value, np.generic):
        value = value.item()
    return str(value).strip()


@dataclass(frozen=True)
class Labels:
    """A column as categories."""

    codes: np.ndarray  # (n,) int, the place in names; -1 where missing
    names: tuple[str, ...]  # distinct, sorted

    @property
    def missing(self) -> np.ndarray:
        """Cells without a value, shape (n,)."""
        return self.codes < 0


def labels(column: pd.Series) -> Labels:
    """Return a column as categories; blank texts are missing."""
    codes, uniques = pd.factorize(column)
    texts = [label(value) for value in uniques]
    names = tuple(sorted(set(texts) - {""}))
    place = {name: i for i, name in enumerate(names)} | {"": -1}
    remap = np.array([place[text] for text in texts] + [-1], dtype=np.int64)  # code -1 picks the last entry
    return Labels(remap[codes], names)
