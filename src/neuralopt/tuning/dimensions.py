"""What one hyperparameter may be: a range, a grid of whole numbers, or a choice."""

import abc
import dataclasses
import math
import numbers
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import numpy as np

from neuralopt.core.errors import InvalidArgument, raise_problems
from neuralopt.storage import dumps

When = Mapping[str, Any]


@dataclasses.dataclass(frozen=True)
class Dimension(abc.ABC):
    """One hyperparameter: a map between the unit interval and its values."""

    when: When | None = dataclasses.field(default=None, kw_only=True)

    kind: ClassVar[str]

    @property
    def levels(self) -> int | None:
        """How many values there are; None for a continuum."""
        return None

    @abc.abstractmethod
    def value(self, unit: float) -> Any:
        """Return the value at a place in [0, 1]."""

    @abc.abstractmethod
    def unit(self, value: Any) -> float:
        """Return the place of a value in [0, 1]; of one among several, the middle of its share."""

    @abc.abstractmethod
    def holds(self, value: Any) -> bool:
        """Return whether a value belongs to the dimension."""

    def restore(self, value: Any) -> Any:
        """Return a value as it was before it was written as JSON."""
        return value

    def snap(self, units: np.ndarray) -> np.ndarray:
        """Return places as those of the values that they stand for."""
        if self.levels is None:
            return units
        return (np.minimum(np.floor(units * self.levels), self.levels - 1) + 0.5) / self.levels

    def describe(self) -> dict[str, Any]:
        """Return the dimension as plain data, from which `parse_dimension` makes it again."""
        found = {k: v for k, v in vars(self).items() if v is not None}
        return {"type": self.kind, **found}


@dataclasses.dataclass(frozen=True)
class Uniform(Dimension):
    """A number between two bounds; see `uniform`."""

    low: float
    high: float

    kind: ClassVar[str] = "uniform"

    def __post_init__(self) -> None:
        raise_problems(_bound_problems(self.kind, self.low, self.high))
        object.__setattr__(self, "low", float(self.low))
        object.__setattr__(self, "high", float(self.high))

    def value(self, unit: float) -> float:
        """See `Dimension.value`."""
        return min(self.high, self.low + float(unit) * (self.high - self.low))

    def unit(self, value: Any) -> float:
        """See `Dimension.unit`."""
        return (float(value) - self.low) / (self.high - self.low)

    def holds(self, value: Any) -> bool:
        """See `Dimension.holds`."""
        return _is_number(value) and self.low <= value <= self.high


@dataclasses.dataclass(frozen=True)
class LogUniform(Uniform):
    """A number whose logarithm is uniform between two bounds; see `log_uniform`."""

    kind: ClassVar[str] = "log_uniform"

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.low <= 0:
            raise InvalidArgument(
                f"log_uniform must satisfy 0 < low < high, got low={self.low:g}, high={self.high:g}. A "
                f"logarithm has no zero: start at a small number such as {min(1e-6, self.high / 1e3):g}, or "
                "take uniform."
            )

    def value(self, unit: float) -> float:
        """See `Dimension.value`."""
        low, high = math.log(self.low), math.log(self.high)
        return min(self.high, max(self.low, math.exp(low + float(unit) * (high - low))))

    def unit(self, value: Any) -> float:
        """See `Dimension.unit`."""
        return math.log(value / self.low) / math.log(self.high / self.low)


@dataclasses.dataclass(frozen=True)
class Int(Dimension):
    """A whole number between two bounds, both included; see `integer`."""

    low: int
    high: int
    step: int = 1
    log: bool = False

    kind: ClassVar[str] = "int"

    def __post_init__(self) -> None:
        problems = []
        for name in ("low", "high", "step"):
            given = getattr(self, name)
            if isinstance(given, bool) or not isinstance(given, numbers.Real) or float(given) % 1:
                problems.append(f"int: {name} must be a whole number, got {given!r}.")
        raise_problems(problems)
        for name in ("low", "high", "step"):
            object.__setattr__(self, name, int(getattr(self, name)))
        if self.low > self.high:
            problems.append(f"int must satisfy low <= high, got low={self.low}, high={self.high}. Swap them.")
        if self.step < 1:
            problems.append(f"int must satisfy step >= 1, got {self.step}.")
        if self.log and self.low < 1:
            problems.append(f"int with log=True must satisfy 1 <= low, got low={self.low}. Begin at 1.")
        if self.log and self.step != 1:
            problems.append("int takes log=True or a step, not both. Leave one of them out.")
        raise_problems(problems)

    @property
    def levels(self) -> int:
        """See `Dimension.levels`."""
        return (self.high - self.low) // self.step + 1

    def value(self, unit: float) -> int:
        """See `Dimension.value`."""
        if self.log:
            low, high = math.log(self.low - 0.5), math.log(self.high + 0.5)
            found = round(math.exp(low + float(unit) * (high - low)))
            return int(min(self.high, max(self.low, found)))
        return self.low + self.step * min(int(float(unit) * self.levels), self.levels - 1)

    def unit(self, value: Any) -> float:
        """See `Dimension.unit`."""
        if self.log:
            low, high = math.log(self.low - 0.5), math.log(self.high + 0.5)
            return (math.log(value) - low) / (high - low)
        return ((int(value) - self.low) // self.step + 0.5) / self.levels

    def snap(self, units: np.ndarray) -> np.ndarray:
        """See `Dimension.snap`."""
        if not self.log:
            return super().snap(units)
        low, high = math.log(self.low - 0.5), math.log(self.high + 0.5)
        values = np.clip(np.round(np.exp(low + units * (high - low))), self.low, self.high)
        return (np.log(values) - low) / (high - low)

    def holds(self, value: Any) -> bool:
        """See `Dimension.holds`."""
        whole = _is_number(value) and float(value).is_integer()
        return whole and self.low <= value <= self.high and (int(value) - self.low) % self.step == 0


@dataclasses.dataclass(frozen=True)
class Categorical(Dimension):
    """One of several choices without an order; see `categorical`."""

    choices: tuple[Any, ...]

    kind: ClassVar[str] = "categorical"

    def __post_init__(self) -> None:
        if isinstance(self.choices, str) or not isinstance(self.choices, Sequence | np.ndarray):
            raise InvalidArgument(f"categorical takes a sequence of choices, got {self.choices!r}.")
        made = tuple(_plain(choice) for choice in self.choices)
        object.__setattr__(self, "choices", made)
        if not made:
            raise InvalidArgument("categorical needs at least one choice, got none.")
        try:
            keys = [dumps(choice) for choice in made]
        except InvalidArgument as error:
            raise InvalidArgument(
                f"categorical: choices must be text, numbers, True, False, None or tuples of these, because "
                f"they are kept in the journal. {error} Give names, and look the objects up in the objective."
            ) from None
        if len(set(keys)) < len(keys):
            raise InvalidArgument(f"categorical: choices must be different, got {list(made)!r}.")
        object.__setattr__(self, "_keys", {key: k for k, key in enumerate(keys)})

    @property
    def levels(self) -> int:
        """See `Dimension.levels`."""
        return len(self.choices)

    def value(self, unit: float) -> Any:
        """See `Dimension.value`."""
        return self.choices[min(int(float(unit) * self.levels), self.levels - 1)]

    def unit(self, value: Any) -> float:
        """See `Dimension.unit`."""
        return (self._index(value) + 0.5) / self.levels

    def _index(self, value: Any) -> int:
        return self._keys[dumps(value)]  # pyright: ignore[reportAttributeAccessIssue]

    def holds(self, value: Any) -> bool:
        """See `Dimension.holds`."""
        try:
            self._index(_plain(value))
        except (KeyError, InvalidArgument):
            return False
        return True

    def restore(self, value: Any) -> Any:
        """See `Dimension.restore`: a tuple comes back from JSON as a list."""
        return self.choices[self._index(value)]

    def describe(self) -> dict[str, Any]:
        """See `Dimension.describe`."""
        rest = {} if self.when is None else {"when": dict(self.when)}
        return {"type": self.kind, "choices": list(self.choices), **rest}


def _bound_problems(kind: str, low: Any, high: Any) -> list[str]:
    problems = [
        f"{kind}: {name} must be a finite number, got {given!r}."
        for name, given in (("low", low), ("high", high))
        if not _is_number(given)
    ]
    if not problems and low >= high:
        cure = "Swap them." if low > high else "A single value is a constant: leave it out of the space."
        problems.append(f"{kind} must satisfy low < high, got low={low:g}, high={high:g}. {cure}")
    return problems


def _is_number(value: Any) -> bool:
    return isinstance(value, numbers.Real) and not isinstance(value, bool) and math.isfinite(value)


def _plain(value: Any) -> Any:
    if isinstance(value, np.generic):
        return value.item()
    return tuple(_plain(v) for v in value) if isinstance(value, list | tuple) else value
