"""L-BFGS on the host in float64, watched on rows held out."""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from scipy.optimize import minimize

from neuralopt.storage import Replay

PAIRS = 20  # of differences that L-BFGS keeps: below 10 it needs twice the steps
_EVERY = 3  # steps between two looks at the held-out error: it costs as much as a step
_BLIND = 50  # steps in which the held-out error may rise before it is believed
_WORSE = 1.2  # times the least held-out error


class Descent(NamedTuple):
    """Where a descent ended."""

    x: np.ndarray  # the parameters: those of the least held-out error, where rows were held out
    steps: int
    overfitted: bool  # whether the held-out error had begun to rise
    settled: bool  # whether no further step would have lowered the loss


class _Enough(Exception):
    """Ends scipy's loop."""


def descend(
    value_and_grad: Callable[[np.ndarray], tuple[float, np.ndarray]],
    x: np.ndarray,
    steps: int,
    held_error: Callable[[np.ndarray], float] | None = None,
    watch: Callable[[np.ndarray, float], Any] | None = None,
    replay: Replay | None = None,
) -> Descent:
    """Minimise a smooth function of many parameters.

    scipy's L-BFGS-B with gradients by hand: nothing is compiled, which at a thousand rows and 64 units leaves
    a tenth of the time that a compiled loop takes from a cold start.

    Parameters
    ----------
    value_and_grad : callable
        Takes parameters of shape (p,), returns the loss and its gradient.
    x : array of shape (p,)
        Where to start.
    steps : int >= 1
        At most.
    held_error : callable, optional
        Error of parameters on rows held out; while it falls the descent goes on, and the parameters
        of its least value are returned.
    watch : callable, optional
        Told the parameters and the loss after every step.
    replay : Replay, optional
        Of a descent that may be killed: losses, gradients and errors are kept. L-BFGS, which is the same
        whenever it is begun anew, walks again over what was computed, and goes on.

    Returns
    -------
    Descent
        The parameters and how the descent ended.
    """
    best, best_x, since, done, last = np.inf, x, 0, 0, (np.nan, x)
    overfitted, kept_by = False, replay or Replay()

    def function(at: np.ndarray) -> tuple[float, np.ndarray]:
        nonlocal last
        value, grad = kept_by.at(at, lambda: value_and_grad(at))
        last = float(value), at.copy()
        return last[0], grad

    def after(at: np.ndarray) -> None:
        nonlocal best, best_x, since, done, overfitted
        done += 1
        if watch is not None:
            watch(at, last[0])
        look = held_error
        if look is None or done % _EVERY:
            return
        error = float(kept_by(lambda: [look(at)])[0])
        since = 0 if error < best else since + _EVERY
        if error < best:
            best, best_x = error, at.copy()
        elif since >= _BLIND and error > _WORSE * best:
            overfitted = True
            raise _Enough

    limits = {"maxiter": steps, "maxfun": 3 * steps + 20, "maxcor": PAIRS, "ftol": 1e-13, "gtol": 1e-12}
    try:
        found = minimize(function, x, jac=True, method="L-BFGS-B", callback=after, options=limits)
    except _Enough:
        return Descent(best_x, done, True, True)
    kept = found.x if held_error is None or done < _EVERY else best_x
    return Descent(kept, done, overfitted, bool(found.success) and done < steps)
