"""One cycle: up, down, and far down."""

from typing import Any

from neuralopt.core.method import hyper, method, switch
from neuralopt.schedules.base import Schedule, floats
from neuralopt.schedules.cosine import falling_cosine


def _phases(step: Any, cycle: Any, values: tuple[Any, ...]) -> Any:
    """Return the value on the way through a cycle's corners, the last of which is held."""
    xp, t, share, total, *corners = floats(step, cycle.pct_start, cycle.total_steps, *values)
    top = t * 0 + share * total - 1
    ends = [top, 2 * top, t * 0 + total - 1] if cycle.three_phase else [top, t * 0 + total - 1]
    starts = [t * 0, *ends[:-1]]
    one = xp.ones_like(t)
    found = t * 0 + corners[-1]
    for k in reversed(range(len(ends))):
        width = xp.where(ends[k] > starts[k], ends[k] - starts[k], one)
        passed = xp.minimum((t - starts[k]) / width, one)
        left = falling_cosine(xp, passed) if cycle.anneal == "cos" else 1 - passed
        found = xp.where(t <= ends[k], corners[k + 1] + (corners[k] - corners[k + 1]) * left, found)
    return found


@method
class OneCycle(Schedule):
    r"""Up to a high peak, then down far below the start, once.

    .. math::
        p/d \;\to\; p \;\to\; p/(d f) \qquad\text{at steps } 0,\; aT - 1,\; T - 1

    With ``three_phase`` the way down first mirrors the way up:
    :math:`p/d \to p \to p/d \to p/(d f)` at 0, :math:`aT - 1`, :math:`2aT - 2`, :math:`T - 1`.

    Parameters
    ----------
    peak : float
        The highest value, p.
    total_steps : int > 0
        Steps T of the whole.
    pct_start : float in (0, 1), default 0.3
        Share a of the steps that go up.
    anneal : {"cos", "linear"}
        Half cosines or straight lines between the corners.
    div_factor : float > 0, default 25
        Peak over first value, d.
    final_div_factor : float > 0, default 1e4
        First over last value, f.
    three_phase : bool, default False
        Whether the way down has two parts.

    Notes
    -----
    The corners are torch's. Past the end torch raises; here the last value holds.

    References
    ----------
    Smith and Topin, "Super-convergence", 2018, arXiv:1708.07120, section 2.

    Examples
    --------
    >>> cycle = OneCycle(1.0, 11, pct_start=6 / 11, div_factor=10, final_div_factor=10)
    >>> [round(float(cycle(t)), 3) for t in (0, 5, 10, 99)]
    [0.1, 1.0, 0.01, 0.01]
    """

    peak: Any = hyper(1e-2)
    total_steps: Any = hyper(1000, low=0, low_open=True)
    pct_start: Any = hyper(0.3, low=0, low_open=True, high=1, high_open=True)
    anneal: str = switch("cos", "cos", "linear")
    div_factor: Any = hyper(25.0, low=0, low_open=True)
    final_div_factor: Any = hyper(1e4, low=0, low_open=True)
    three_phase: bool = switch(False, False, True)

    @property
    def length(self) -> float:
        """Steps of the whole; see `Schedule.length`."""
        return float(self.total_steps)

    def value(self, step: Any) -> Any:
        """Return the cycle's value; see `Schedule.value`."""
        first = self.peak / self.div_factor
        last = first / self.final_div_factor
        middle = (first,) if self.three_phase else ()
        return _phases(step, self, (first, self.peak, *middle, last))

    def momentum(self, low: Any = 0.85, high: Any = 0.95) -> "OneCycleMomentum":
        """Return the schedule of the momentum that belongs to it: low where this one is high.

        Parameters
        ----------
        low, high : float, default 0.85 and 0.95
            The momentum at the peak and at both ends.

        Returns
        -------
        OneCycleMomentum
            With the same corners.
        """
        return OneCycleMomentum(low, high, self.total_steps, self.pct_start, self.anneal, self.three_phase)


@method
class OneCycleMomentum(Schedule):
    r"""The momentum beside a `OneCycle`: high, low at the peak of the rate, high again.

    .. math:: h \;\to\; l \;\to\; h \qquad\text{at steps } 0,\; aT - 1,\; T - 1

    With ``three_phase`` it is high again at :math:`2aT - 2` and stays so.

    Parameters
    ----------
    low, high : float in [0, 1), default 0.85 and 0.95
        The two values l and h.
    total_steps : int > 0
        Steps T of the whole.
    pct_start : float in (0, 1), default 0.3
        Share a of the steps in which it falls.
    anneal : {"cos", "linear"}
        Half cosines or straight lines between the corners.
    three_phase : bool, default False
        As in the `OneCycle` that it belongs to.

    References
    ----------
    Smith, "A disciplined approach to neural network hyper-parameters", 2018, arXiv:1803.09820, section 4.3.

    Examples
    --------
    >>> momentum = OneCycle(1.0, 11, pct_start=6 / 11).momentum()
    >>> [round(float(momentum(t)), 3) for t in (0, 5, 10)]
    [0.95, 0.85, 0.95]
    """

    low: Any = hyper(0.85, low=0, high=1, high_open=True)
    high: Any = hyper(0.95, low=0, high=1, high_open=True)
    total_steps: Any = hyper(1000, low=0, low_open=True)
    pct_start: Any = hyper(0.3, low=0, low_open=True, high=1, high_open=True)
    anneal: str = switch("cos", "cos", "linear")
    three_phase: bool = switch(False, False, True)

    @property
    def length(self) -> float:
        """Steps of the whole; see `Schedule.length`."""
        return float(self.total_steps)

    def value(self, step: Any) -> Any:
        """Return the momentum; see `Schedule.value`."""
        middle = (self.high,) if self.three_phase else ()
        return _phases(step, self, (self.high, self.low, *middle, self.high))
