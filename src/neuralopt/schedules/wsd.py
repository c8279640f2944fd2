"""Warm-up, stable, decay."""

import dataclasses
import numbers
from typing import Any

from neuralopt.core.errors import InvalidArgument
from neuralopt.core.method import hyper, method, switch
from neuralopt.schedules.base import Schedule, floats, reached, since
from neuralopt.schedules.cosine import falling_cosine
from neuralopt.schedules.warmup import width


@method
class WSD(Schedule):
    r"""A line up, a long constant part, and a short decay; the constant part can be made longer later.

    .. math::
        \eta_t = \begin{cases}
            s + (p - s)\,t/W & t < W \\
            p & W \le t < W + S \\
            e + (p - e)\,d\bigl(\min(t - W - S, D)/D\bigr) & t \ge W + S
        \end{cases}

    with :math:`d(x) = 1 - x`, :math:`\tfrac12(1 + \cos \pi x)` or :math:`1 - \sqrt x`.

    Parameters
    ----------
    peak : float
        The value p of the constant part.
    warmup_steps : int >= 0, default 100
        Steps W of the line up.
    stable_steps : int >= 0, default 1000
        Steps S of the constant part.
    decay_steps : int > 0, default 200
        Steps D of the decay.
    end : float, default 0
        The value e after the decay.
    start : float, default 0
        The value s at step 0.
    decay : {"linear", "cosine", "sqrt"}
        The shape d of the decay.

    References
    ----------
    Hu et al., "MiniCPM", 2024, arXiv:2404.06395, section 4. For ``"sqrt"``: Hägele et al., "Scaling laws and
    compute-optimal training beyond fixed training durations", 2024, arXiv:2405.18392, section 3.

    Examples
    --------
    >>> schedule = WSD(1.0, warmup_steps=2, stable_steps=4, decay_steps=2)
    >>> [float(schedule(t)) for t in (0, 1, 2, 6, 7, 8, 99)]
    [0.0, 0.5, 1.0, 1.0, 0.5, 0.0, 0.0]
    >>> float(schedule.extend(10)(8))
    1.0
    """

    peak: Any = hyper(1e-3)
    warmup_steps: Any = hyper(100, low=0)
    stable_steps: Any = hyper(1000, low=0)
    decay_steps: Any = hyper(200, low=0, low_open=True)
    end: Any = hyper(0.0)
    start: Any = hyper(0.0)
    decay: str = switch("linear", "linear", "cosine", "sqrt")

    @property
    def length(self) -> float:
        """Steps of all three parts; see `Schedule.length`."""
        return float(self.warmup_steps + self.stable_steps + self.decay_steps)

    def extend(self, steps: Any) -> "WSD":
        """Return the schedule with a longer constant part; all before its old end stays as it was.

        Parameters
        ----------
        steps : int >= 0
            How much longer.

        Returns
        -------
        WSD
            To resume a run with that was stopped before its decay.

        Raises
        ------
        InvalidArgument
            For a negative number: that would change what has been.
        """
        if isinstance(steps, numbers.Real) and steps < 0:
            raise InvalidArgument(
                f"WSD.extend: steps must be at least 0, got {steps!r}. A shorter constant part is another "
                "schedule: make it with its own stable_steps."
            )
        return dataclasses.replace(self, stable_steps=self.stable_steps + steps)

    def value(self, step: Any) -> Any:
        """Return the value in force; see `Schedule.value`."""
        xp, t, warm, down, peak, end, start = floats(
            step, self.warmup_steps, self.decay_steps, self.peak, self.end, self.start
        )
        stable_until = self.warmup_steps + self.stable_steps
        rising = start + (peak - start) * t / width(xp, t, warm)
        passed = xp.minimum(floats(since(step, stable_until))[1] / down, xp.ones_like(t))
        if self.decay == "linear":
            left = 1 - passed
        elif self.decay == "cosine":
            left = falling_cosine(xp, passed)
        else:
            left = 1 - xp.sqrt(passed)
        late = xp.where(reached(step, stable_until), end + (peak - end) * left, t * 0 + peak)
        return xp.where(reached(step, self.warmup_steps), late, rising)
