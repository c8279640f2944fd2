"""The numbers that columns and targets are judged and scaled by."""

import numpy as np

MANY = 50
MANY_SHARE = 0.2


def moments(values: np.ndarray) -> tuple[float, float]:
    """Return mean and standard deviation; infinite where they overflow."""
    with np.errstate(over="ignore", invalid="ignore"):
        return float(values.mean()), float(values.std())


def too_many(distinct: int, rows: int) -> bool:
    """Tell an identifier or free text from categories."""
    return distinct > MANY and distinct > MANY_SHARE * rows
