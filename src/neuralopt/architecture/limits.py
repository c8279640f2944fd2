"""Limits on what an architecture may cost."""

import dataclasses
import math
from collections.abc import Callable, Mapping
from typing import Any

from neuralopt.architecture.space import Genes, Space
from neuralopt.core.errors import InvalidArgument, did_you_mean

_WORDS = {
    "parameters": "parameters",
    "multiply_adds": "multiply-adds for one row",
    "latency_ms": "ms for one row",
}


@dataclasses.dataclass(frozen=True)
class Limits:
    """What an architecture may cost at most; infinity is no limit.

    Parameters
    ----------
    parameters, multiply_adds : float
        Counted.
    latency_ms : float
        Milliseconds for one row, measured here on the compiled network at its true size.
    """

    parameters: float = math.inf
    multiply_adds: float = math.inf
    latency_ms: float = math.inf

    @classmethod
    def of(cls, limits: Mapping[str, Any] | None) -> "Limits":
        """Return limits from a mapping, or raise InvalidArgument for what is no limit."""
        if limits is not None and not isinstance(limits, Mapping):
            raise InvalidArgument(
                f"limits are a mapping of names to numbers, such as {{'parameters': 5000}}, got {limits!r}."
            )
        given = {} if limits is None else dict(limits)
        for name, value in given.items():
            if name not in _WORDS:
                raise InvalidArgument(
                    f"unknown limit {name!r}.{did_you_mean(str(name), _WORDS)} Known: {', '.join(_WORDS)}."
                )
            if isinstance(value, bool) or not isinstance(value, int | float) or not value > 0:
                raise InvalidArgument(f"the limit on {name} must be a number > 0, got {value!r}.")
        return cls(**given)

    @property
    def settings(self) -> dict[str, float]:
        """The limits that there are, as plain values."""
        return {name: value for name, value in dataclasses.asdict(self).items() if math.isfinite(value)}


def refuse_impossible(space: Space, limits: Limits) -> None:
    """Raise unless the smallest network of a space keeps the limits on what is counted.

    Parameters
    ----------
    space : Space
    limits : Limits

    Raises
    ------
    InvalidArgument
        With what the smallest network has.
    """
    _refuse(space, limits, dataclasses.asdict(space.counts(space.smallest())))


def _refuse(space: Space, limits: Limits, found: Mapping[str, float]) -> None:
    for name, value in found.items():
        limit = getattr(limits, name)
        if value > limit:
            cure = "." if space.name == "mlp" else ", or in Python give MobileNetV3Space a smaller width."
            raise InvalidArgument(
                f"no architecture of {space.title} keeps the limit {name} <= {limit:g}: the smallest, "
                f"{space.describe(space.smallest())}, has {value:,.6g} {_WORDS[name]}. Raise the limit{cure}"
            )


class Gate:
    """Says whether an architecture keeps the limits.

    Parameters
    ----------
    space : Space
    limits : Limits
        Of which the smallest network keeps those on what is counted.
    latency : callable
        ``latency(genes)``: milliseconds, measured once; asked for only under a limit on it.

    Raises
    ------
    InvalidArgument
        When the smallest architecture of the space is too slow.
    """

    def __init__(self, space: Space, limits: Limits, latency: Callable[[Genes], float]) -> None:
        self._space, self._limits, self.latency = space, limits, latency
        self._timed = math.isfinite(limits.latency_ms)
        if self._timed:
            _refuse(space, limits, {"latency_ms": latency(space.smallest())})

    def __call__(self, genes: Genes) -> bool:
        """Return whether an architecture keeps all limits; the cheap ones are asked first."""
        counts = self._space.counts(genes)
        if counts.parameters > self._limits.parameters or counts.multiply_adds > self._limits.multiply_adds:
            return False
        # the smallest one's time was within the limit when the search began, and noise must not undo that
        if not self._timed or genes == self._space.smallest():
            return True
        return self.latency(genes) <= self._limits.latency_ms
