"""A range of learning rates that grows where its best lies at an edge."""

from collections.abc import Callable

import numpy as np

from neuralopt.benchmark.statistics import best_learning_rate
from neuralopt.core.results import Status
from neuralopt.engine import SweepResult

_ADDED = 2  # learning rates at once beyond an edge


def widened_sweep(run: Callable[[np.ndarray], SweepResult], rates: np.ndarray, rounds: int) -> SweepResult:
    """Return a sweep over learning rates, and beyond an edge of them while the best lies there.

    Parameters
    ----------
    run : callable
        Sweeps over the learning rates that it is given.
    rates : float array of shape (L,)
        To begin with, evenly spaced in the logarithm.
    rounds : int
        How often two more are added at most. With fewer than three rates there is no edge.

    Returns
    -------
    SweepResult
        Of all learning rates, in ascending order.
    """
    result = run(rates)
    step = (rates[-1] / rates[0]) ** (1 / (len(rates) - 1)) if len(rates) > 2 else 1.0
    for _ in range(rounds if len(rates) > 2 else 0):
        best = best_learning_rate(lowest_validation(result))
        tried = result.learning_rates
        if interrupted(result) or best is None or best not in (0, len(tried) - 1):
            break
        powers = step ** np.arange(1.0, _ADDED + 1)
        more = tried[0] / powers[::-1] if best == 0 else tried[-1] * powers
        result = result.joined(run(np.array([float(f"{rate:.1e}") for rate in more])))
    return result


def lowest_validation(result: SweepResult) -> np.ndarray:
    """Return the lowest validation loss of every run, shape (L, S); infinity where it diverged."""
    curves = result.history["validation_loss"]
    lowest = np.where(np.isfinite(curves), curves, np.inf).min(axis=-1)
    diverged = np.array([[status is Status.DIVERGED for status in row] for row in result.status])
    return np.where(diverged, np.inf, lowest)


def interrupted(result: SweepResult) -> bool:
    """Return whether any run was ended by the user."""
    return any(status is Status.INTERRUPTED for row in result.status for status in row)
