"""The numbers that columns and targets are judged and scaled by."""

import numpy as np

MANY = 50
MANY_SHARE = 0.2


def moments(values: np.ndarray) -> tuple[float, float]:
    """Return mean and standard deviation, computed so that squares of very large or small numbers hold."""
    peak = np.abs(values).max() or 1.0
    mean = (values / peak).mean() * peak
    with np.errstate(over="ignore", invalid="ignore"):
        deviations = values - mean
        spread = np.abs(deviations).max() or 1.0
        return float(mean), float(np.sqrt(((deviations / spread) ** 2).mean()) * spread)


def usable(*locations: float, scale: float) -> bool:
    """Tell whether values can be standardised by these statistics."""
    return bool(np.isfinite([*locations, scale]).all()) and scale > 0


def too_many(distinct: int, rows: int) -> bool:
    """Tell an identifier or free text from categories."""
    return distinct > MANY and distinct > MANY_SHARE * rows
