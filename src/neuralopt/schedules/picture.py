"""A schedule as a table and as a picture; pandas and matplotlib are imported when asked for."""

import math
import numbers
from typing import Any

import numpy as np

from neuralopt.core.scalars import check_count
from neuralopt.schedules.feedback import feedback_init, settle

_MOST, _LEAST = 1000, 100


def frame(schedule: Any, steps: Any = None) -> Any:
    """Return steps and values as a table; see `Schedule.frame`."""
    import pandas as pd

    schedule = settle(schedule, feedback_init(schedule))
    which = _steps(schedule, steps)
    return pd.DataFrame({"step": which, "value": np.asarray(schedule(which))})


def _steps(schedule: Any, steps: Any) -> np.ndarray:
    if steps is None:
        count = math.ceil(1.1 * schedule.length) + 1 if schedule.length else _LEAST
        return np.unique(np.linspace(0, count - 1, min(count, _MOST)).round().astype(np.int64))
    if isinstance(steps, numbers.Real):
        return np.arange(check_count("steps", steps))
    return np.asarray(steps)


def plot(schedule: Any, steps: Any = None, ax: Any = None) -> Any:
    """Draw the values over the steps; see `Schedule.plot`."""
    table = frame(schedule, steps)
    if ax is None:
        import matplotlib.pyplot as plt

        _, ax = plt.subplots(figsize=(5, 3), layout="constrained")
    ax.plot(table["step"], table["value"], label=type(schedule).__name__)
    ax.set_xlabel("step")
    return ax
