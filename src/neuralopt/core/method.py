"""A method is a value: frozen dataclasses registered as pytrees.

Numeric hyperparameters are leaves, so that changing one compiles nothing and
``vmap`` sweeps it; switches are static. The law of every hyperparameter stands
beside its default and is checked whenever the value is a plain number.
"""

import dataclasses
import math
import numbers
from typing import Any, TypeVar, dataclass_transform

import jax
import numpy as np

from neuralopt.core.errors import did_you_mean, raise_problems, refuse_unknown

T = TypeVar("T")


@dataclasses.dataclass(frozen=True)
class Law:
    """The range of a hyperparameter: ``low <= value <= high``, either end open or absent."""

    low: float = -math.inf
    high: float = math.inf
    low_open: bool = False
    high_open: bool = False
    cure: str = ""

    def holds(self, value: float) -> bool:
        """Return whether a finite value lies in the range."""
        above = value > self.low if self.low_open else value >= self.low
        below = value < self.high if self.high_open else value <= self.high
        return math.isfinite(value) and above and below

    def __str__(self) -> str:
        low = "" if self.low == -math.inf else f"{self.low:g} {'<' if self.low_open else '<='} "
        high = "" if self.high == math.inf else f" {'<' if self.high_open else '<='} {self.high:g}"
        return f"{low}{{name}}{high}" if low or high else "{name} finite"


def hyper(default: Any, **law: Any) -> Any:
    """Declare a numeric hyperparameter: its default and its law (the fields of `Law`)."""
    return dataclasses.field(default=default, metadata={"law": Law(**law)})


def switch(default: Any, *choices: Any) -> Any:
    """Declare a static switch: its default and, unless it is open, all its choices."""
    return dataclasses.field(default=default, metadata={"static": True, "choices": choices})


@dataclass_transform(frozen_default=True)
def method(class_: type[T]) -> type[T]:
    """Make a class a frozen dataclass and a pytree whose hyperparameters are its leaves.

    Parameters
    ----------
    class_ : type
        Its fields are declared with `hyper`, `switch` or as plain fields (leaves or subtrees).

    Returns
    -------
    type
        The same class, registered.

    Examples
    --------
    >>> @method
    ... class Scale:
    ...     factor: float = hyper(1.0, low=0)
    >>> Scale(2.0)
    Scale(factor=2.0)
    >>> Scale(-1.0)
    Traceback (most recent call last):
    neuralopt.core.errors.InvalidArgument: Scale: factor must satisfy 0 <= factor, got -1.0.
    """
    own_check = class_.__dict__.get("__post_init__")

    def __post_init__(self: Any) -> None:
        raise_problems(_problems(self))
        if own_check is not None:
            own_check(self)

    # the ignores below: a class in general has no __post_init__ or fields; this one is made a dataclass here
    class_.__post_init__ = __post_init__  # type: ignore[attr-defined]
    made = dataclasses.dataclass(frozen=True)(class_)
    made.__init__ = refuse_unknown(made.__init__)  # type: ignore[method-assign]
    static = [f.name for f in dataclasses.fields(made) if f.metadata.get("static")]  # type: ignore[arg-type]
    data = [f.name for f in dataclasses.fields(made) if not f.metadata.get("static")]  # type: ignore[arg-type]
    return jax.tree_util.register_dataclass(made, data_fields=data, meta_fields=static)


def _problems(value: Any) -> list[str]:
    """Return a sentence for every field that breaks its law; tracers and schedules pass."""
    owner, problems = type(value).__name__, []
    for field in dataclasses.fields(value):
        given = getattr(value, field.name)
        law, choices = field.metadata.get("law"), field.metadata.get("choices")
        if law is not None and isinstance(given, str | bytes | bool):
            problems.append(f"{owner}: {field.name} must be a number or a schedule, got {given!r}.")
        elif law is not None and isinstance(given, numbers.Real | np.ndarray):
            bad = [float(v) for v in np.ravel(np.asarray(given)) if not law.holds(float(v))]
            if bad:
                cure = f" {law.cure}" if law.cure else ""
                problems.append(
                    f"{owner}: {field.name} must satisfy {str(law).format(name=field.name)}, "
                    f"got {bad[0]!r}.{cure}"
                )
        if choices and given not in choices:
            hint = did_you_mean(given, map(str, choices)) if isinstance(given, str) else ""
            problems.append(
                f"{owner}: {field.name} must be one of {', '.join(map(repr, choices))}, got {given!r}.{hint}"
            )
    return problems


def value_at(hyperparameter: Any, step: Any) -> Any:
    """Return a hyperparameter's value at a step: a schedule is evaluated, a number is itself.

    Parameters
    ----------
    hyperparameter : number, array or schedule
        A schedule is any callable of the step.
    step : int array
        Of shape ``()``, counted from 0.

    Returns
    -------
    number or array
        Of shape ``()``.

    Examples
    --------
    >>> value_at(0.1, 3), value_at(lambda step: 1 / (1 + step), 3)
    (0.1, 0.25)
    """
    return hyperparameter(step) if callable(hyperparameter) else hyperparameter
