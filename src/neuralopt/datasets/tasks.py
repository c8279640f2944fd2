"""Whether a target column asks for regression or classification, and why."""

import numpy as np
import pandas as pd

from neuralopt.datasets.cells import kind_of, numbers
from neuralopt.datasets.wording import counted

REGRESSION = "regression"
CLASSIFICATION = "classification"
_FEW = 20
_SHARE = 0.1
_EXACT = 2.0**53


def recognise_task(column: pd.Series) -> tuple[str, str]:
    """Tell regression from classification by the target column.

    Texts, booleans and categories are classes. So are whole numbers (5 or 5.0) with at most 20 distinct
    values that are at most 10 % of the rows, and whole numbers with exactly two distinct values. All other
    numbers are quantities, a single repeated one included. Missing values are not looked at.

    Parameters
    ----------
    column : pandas.Series, shape (n,)
        The target.

    Returns
    -------
    task : str
        ``"regression"`` or ``"classification"``.
    reason : str
        A sentence for the user.

    Examples
    --------
    >>> recognise_task(pd.Series([0.5, 1.25, 3.0], name="y"))
    ('regression', "Regression, because 'y' holds numbers that are not whole.")
    >>> recognise_task(pd.Series(["a", "b", "a"], name="y"))
    ('classification', "Classification, because 'y' holds texts (2 distinct).")
    """
    name, kind = str(column.name), kind_of(column)
    cells = numbers(column) if kind in ("numeric", "text") else None
    if cells is None or cells.bad.any():
        held = {"boolean": "true and false", "category": "categories"}.get(kind, "texts")
        return CLASSIFICATION, f"Classification, because '{name}' holds {held} ({column.nunique()} distinct)."
    values = cells.values[~cells.missing]
    if not np.array_equal(values, np.round(values)):
        return REGRESSION, f"Regression, because '{name}' holds numbers that are not whole."
    distinct, rows = len(np.unique(values)), len(values)
    whole = "whole numbers" if np.abs(values).max() < _EXACT else "numbers"  # beyond it all floats are whole
    found = f"'{name}' holds {whole} with {counted(distinct, 'distinct value')} in {counted(rows, 'row')}"
    if distinct == 2 or (1 < distinct <= min(_FEW, _SHARE * rows)):
        return CLASSIFICATION, f"Classification, because {found}."
    return REGRESSION, f"Regression, because {found}."
