"""Which line search each layer gets, and why: what ``line="auto"`` chose."""

import dataclasses

from neuralopt.core.errors import InvalidArgument
from neuralopt.search.net import ON_OFF
from neuralopt.search.objectives import F1, Objective, ZeroOne
from neuralopt.search.settings import Settings

WORDS = {
    "on-off": "exact: all intervals between breakpoints, by sort and prefix sums",
    "relu": "exact: piecewise quadratic between breakpoints",
    "levels": "exact: every level",
    "on-off levels": "exact: every level, by the sums over rows that are on",
    "intervals": "grid: intervals between breakpoints, in one batch",
    "grid": "grid: the values of the range, in one batch",
    "smooth": "coarse to fine, then parabolas",
    "brent": "coarse to fine, then Brent",
    "ridge": "ridge: solved, not searched",
    "class": "exact: all intervals between breakpoints of the class",
}


@dataclasses.dataclass(frozen=True)
class Plan:
    """The kind of line search of every layer, output last; kinds are the keys of ``WORDS``.

    Attributes
    ----------
    kinds : tuple of str
    ridge : bool
        Whether a ridge is tried for the output layer in every sweep.
    """

    kinds: tuple[str, ...]
    ridge: bool

    def lines(self) -> dict[str, str]:
        """Return the choice in words, layer by layer."""
        names = [*(f"hidden layer {k + 1}" for k in range(len(self.kinds) - 1)), "output layer"]
        found = {name: WORDS[kind] for name, kind in zip(names, self.kinds, strict=True)}
        if self.ridge and self.kinds[-1] != "ridge":
            found["output layer"] = f"a ridge to start from; {found['output layer']}"
        return found


def by_class(objective: Objective) -> bool:
    """Return whether an objective depends on the outputs by the class of the highest score alone."""
    return isinstance(getattr(objective, "first", objective), ZeroOne | F1)


def squared(objective: Objective) -> bool:
    """Return whether an objective is the mean squared error."""
    return objective.name == "squared_error" and objective.targets == "real"


def make_plan(settings: Settings, objective: Objective) -> Plan:
    """Return the plan of a search, or raise where a line is asked for that does not fit.

    Raises
    ------
    InvalidArgument
        For line="exact" where no layer's objective is piecewise simple, line="brent" on on/off units.
    """
    hidden = [_hidden(settings, objective, last=False)] * (len(settings.mlp.layer_sizes) - 2)
    if hidden:
        hidden[-1] = _hidden(settings, objective, last=True)
    if settings.line == "exact" and "smooth" in hidden:
        raise InvalidArgument(
            "line='exact' is for step and sign units, and for relu units before the output under squared "
            f"error; here the activation is {settings.mlp.activation!r}, the loss {objective.name!r}, hidden "
            f"layers {len(hidden)}. Use line='auto'."
        )
    return Plan((*hidden, _output(settings, objective)), settings.readout == "ridge")


def _hidden(settings: Settings, objective: Objective, *, last: bool) -> str:
    on_off = settings.mlp.activation in ON_OFF
    exact = settings.line in ("auto", "exact")
    if settings.line == "brent" and on_off:
        raise InvalidArgument(
            f"line='brent' is for smooth units, a {settings.mlp.activation} unit is flat between its "
            "breakpoints. Use line='auto' or 'exact'."
        )
    if settings.levels is not None:
        return "on-off levels" if on_off and objective.additive else "levels"
    if settings.line == "grid":
        return "grid"
    if on_off:
        return "on-off" if objective.additive else "intervals"
    if exact and settings.mlp.activation == "relu" and last and squared(objective):
        return "relu"
    return _smooth(settings)


def _smooth(settings: Settings) -> str:
    return "brent" if settings.line == "brent" else "smooth"


def _output(settings: Settings, objective: Objective) -> str:
    if settings.readout == "ridge" and squared(objective):
        return "ridge"
    if settings.levels is not None:
        return "levels"
    if settings.line == "grid":
        return "grid"
    return "class" if by_class(objective) else _smooth(settings)
