"""A table of points."""

from typing import Any

from neuralopt.core.errors import InvalidArgument
from neuralopt.core.method import hyper, method, switch
from neuralopt.schedules.base import Schedule, check_increasing, floats, reached, since


@method
class Piecewise(Schedule):
    r"""Straight lines from point to point of a table, or steps from value to value.

    .. math::
        \eta_t = v_i + (v_{i+1} - v_i)\,\frac{t - s_i}{s_{i+1} - s_i} \quad (s_i \le t < s_{i+1})

    Before the first point the first value holds, after the last point the last one.

    Parameters
    ----------
    steps : tuple of int >= 0
        Where the points are, :math:`s_i`; increasing.
    values : tuple of float
        One value :math:`v_i` for each.
    kind : {"linear", "constant"}
        Lines between the points, or each value until the next point.

    Examples
    --------
    >>> table = Piecewise((0, 10, 20), (0.0, 1.0, 0.5))
    >>> [float(table(t)) for t in (0, 5, 10, 15, 99)]
    [0.0, 0.5, 1.0, 0.75, 0.5]
    """

    steps: tuple[Any, ...] = hyper((0,))
    values: tuple[Any, ...] = hyper((1e-3,))
    kind: str = switch("linear", "linear", "constant")

    def __post_init__(self) -> None:
        if len(self.steps) != len(self.values) or not self.steps:
            raise InvalidArgument(
                f"Piecewise: steps and values must be as many, at least one, got {len(self.steps)} steps and "
                f"{len(self.values)} values."
            )
        check_increasing("Piecewise", "steps", self.steps)

    @property
    def length(self) -> float:
        """The last point; see `Schedule.length`."""
        return float(self.steps[-1])

    def value(self, step: Any) -> Any:
        """Return the value on the line or stair; see `Schedule.value`."""
        xp, t, *rest = floats(step, *self.steps, *self.values)
        points, values = rest[: len(self.steps)], rest[len(self.steps) :]
        found = t * 0 + values[0]
        for k, start in enumerate(self.steps):
            here = values[k] + t * 0
            if self.kind == "linear" and k + 1 < len(self.steps):
                passed = floats(since(step, start))[1]
                here = values[k] + (values[k + 1] - values[k]) * passed / (points[k + 1] - points[k])
            found = xp.where(reached(step, start), here, found)
        return found
