"""A method is a value: frozen dataclasses registered as pytrees.

Numeric hyperparameters are leaves, so that changing one compiles nothing and
``vmap`` sweeps it; switches are static. The law of every hyperparameter stands
beside its default and is checked whenever a method is made, unless the value is
traced. What JAX takes apart and puts together again is not checked: between the
two anything may stand in for the numbers.
"""

import dataclasses
import math
import numbers
import operator
from typing import Any, TypeVar, dataclass_transform

import jax
import jax.core
import numpy as np

from neuralopt.core.errors import InvalidArgument, did_you_mean, raise_problems, refuse_unknown

T = TypeVar("T")


@dataclasses.dataclass(frozen=True)
class Law:
    """The range of a hyperparameter: ``low <= value <= high``, either end open or absent; whole or not."""

    low: float = -math.inf
    high: float = math.inf
    low_open: bool = False
    high_open: bool = False
    whole: bool = False
    cure: str = ""

    def holds(self, value: float) -> bool:
        """Return whether a value obeys the law."""
        return self.within(value) and (not self.whole or float(value).is_integer())

    def within(self, value: float) -> bool:
        """Return whether a value is finite and lies in the range."""
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

    class_.__post_init__ = __post_init__  # type: ignore[attr-defined]  # not every class has one
    made = dataclasses.dataclass(frozen=True)(class_)
    made.__init__ = refuse_unknown(made.__init__)  # type: ignore[method-assign]  # the checks come first
    return _as_pytree(made)


def _as_pytree(class_: type[T]) -> type[T]:
    """Register a dataclass whose fields are leaves or subtrees, but for the switches."""
    fields = dataclasses.fields(class_)  # type: ignore[arg-type]  # it was made one
    static = tuple(f.name for f in fields if f.metadata.get("static"))
    data = tuple(f.name for f in fields if not f.metadata.get("static"))
    keys = tuple(jax.tree_util.GetAttrKey(name) for name in data)
    values, switches = _getter(data), _getter(static)

    def flatten(value: T) -> tuple[Any, Any]:
        return values(value), switches(value)

    def flatten_with_keys(value: T) -> tuple[Any, Any]:
        return tuple(zip(keys, values(value), strict=True)), switches(value)

    def unflatten(switches: Any, leaves: Any) -> T:
        value = object.__new__(class_)
        value.__dict__.update(zip(data, leaves, strict=True))
        value.__dict__.update(zip(static, switches, strict=True))
        return value

    jax.tree_util.register_pytree_with_keys(class_, flatten_with_keys, unflatten, flatten)
    return class_


def _getter(names: tuple[str, ...]) -> Any:
    """Return what gives a value's fields as a tuple."""
    if len(names) > 1:
        return operator.attrgetter(*names)
    return lambda value: tuple(getattr(value, name) for name in names)


def _problems(value: Any) -> list[str]:
    """Return a sentence for every field that breaks its law; tracers and schedules pass."""
    problems = []
    for field in dataclasses.fields(value):
        given, what = getattr(value, field.name), f"{type(value).__name__}: {field.name}"
        law, choices = field.metadata.get("law"), field.metadata.get("choices")
        if law is not None and not (given is None and field.default is None):
            several = isinstance(field.default, tuple)
            found = _problem_of_many(given, law, field.name) if several else _problem(given, law, field.name)
            problems += [f"{what} {found}"] if found else []
        if choices and not any(_is(given, choice) for choice in choices):
            hint = did_you_mean(given, map(str, choices)) if isinstance(given, str) else ""
            problems.append(f"{what} must be one of {', '.join(map(repr, choices))}, got {given!r}.{hint}")
    return problems


def _problem(given: Any, law: Law, name: str) -> str:
    """Return how a value breaks the law of a number, or an empty string."""
    if type(given) in (float, int) and law.holds(given):  # nearly always; AdamW makes an Adam at every step
        return ""
    if isinstance(given, jax.core.Tracer) or (callable(given) and not isinstance(given, type)):
        return ""
    values = _numbers(given)
    if values is None:
        hint = f" Make one: {given.__name__}(...)." if isinstance(given, type) else ""
        return f"must be a number or a schedule, got {given!r}.{hint}"
    return next((broken(law, name, float(v)) for v in values if not law.holds(float(v))), "")


def _problem_of_many(given: Any, law: Law, name: str) -> str:
    """Return how a value breaks the law of several numbers, or an empty string."""
    if isinstance(given, jax.core.Tracer):
        return ""
    if not isinstance(given, tuple | list) and getattr(given, "ndim", 0) != 1:
        return f"must be a tuple, got {given!r}. One number in it is written with a comma: (3,)."
    for item in given:
        if _problem(item, law, name).startswith("must be a number"):
            return f"must be schedules or numbers, got {item!r} among them."
        if problem := _problem(item, law, name):
            return problem
    return ""


def _numbers(given: Any) -> np.ndarray | None:
    """Return a number or an array of real numbers in float64, or None for anything else."""
    if isinstance(given, bool) or not (
        isinstance(given, numbers.Real | np.ndarray | np.generic) or hasattr(given, "__array_namespace__")
    ):
        return None
    array = np.asarray(given)
    # the test knows bfloat16, which is no number to NumPy; an object may be a fraction
    if not (jax.numpy.issubdtype(array.dtype, np.floating) or array.dtype.kind in "iuO"):
        return None
    return np.ravel(array.astype(np.float64))


def broken(law: Law, name: str, value: float, when: str = "", where: str = "") -> str:
    """Return the end of a sentence that says how a value breaks a law.

    Parameters
    ----------
    law : Law
    name : str
        The hyperparameter.
    value : float
        What breaks it.
    when, where : str
        Added to the law and to the value, for values of a schedule.

    Returns
    -------
    str

    Examples
    --------
    >>> broken(Law(low=0), "eps", -1.0)
    'must satisfy 0 <= eps, got -1.0.'
    """
    what = "be a whole number" if law.within(value) else f"satisfy {str(law).format(name=name)}"
    cure = f" {law.cure}" if law.cure else _cause(law, name, value)
    return f"must {what}{when}, got {float(f'{value:.6g}') if where else value!r}{where}.{cure}"


def _cause(law: Law, name: str, bad: float) -> str:
    """Return the likely cause of a broken law and its cure, where one sentence can tell."""
    if not math.isfinite(bad):
        return " Likely cause: a division by zero or an overflow where it was computed."
    if (law.low, law.high, law.high_open) == (0, 1, True) and bad >= 1:
        never = "a decay of 1 never learns anything new" if bad == 1 else "a decay above 1 grows without end"
        return f" Likely cause: {never}; 0.9 to 0.999 are usual."
    if name == "learning_rate" and bad < 0:
        return " A negative step size climbs; to maximise, change the sign of the loss."
    return ""


def _is(given: Any, choice: Any) -> bool:
    """Return whether a switch was given a choice; arrays, which compare entry by entry, are none."""
    return given is choice or (isinstance(given, str | int | float | np.generic) and bool(given == choice))


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

    Raises
    ------
    InvalidArgument
        When it is an array with an axis, which is for ``vmap``, or a schedule gives no number.

    Examples
    --------
    >>> value_at(0.1, 3), value_at(lambda step: 1 / (1 + step), 3)
    (0.1, 0.25)
    """
    if not callable(hyperparameter):
        _check_single("a hyperparameter", hyperparameter)
        return hyperparameter
    found: Any = hyperparameter(step)
    if found is None or getattr(found, "shape", ()) != getattr(step, "shape", ()):
        got = "None" if found is None else f"shape {found.shape}"
        raise InvalidArgument(
            f"a schedule must give one number for each step, got {got} from {hyperparameter!r}. "
            "Likely cause: a missing return, or a list of values in place of a function of the step."
        )
    return found


def check_single(value: Any) -> None:
    """Raise unless every hyperparameter of a method is one number, as a step needs them.

    Parameters
    ----------
    value : Any
        A method; inside ``vmap`` its hyperparameters have lost the axis that is mapped.

    Raises
    ------
    InvalidArgument
        With the name of the first array that has an axis.
    """
    for field in dataclasses.fields(value):
        if "law" in field.metadata:
            _check_single(f"{type(value).__name__}: {field.name}", getattr(value, field.name))


def _check_single(what: str, given: Any) -> None:
    if getattr(given, "shape", ()) != ():
        raise InvalidArgument(
            f"{what} must be one number where a step is taken, got {given!r} of shape {given.shape}. "
            "Several are a sweep: map over them with jax.vmap, or take neuralopt.sweep. "
            "For rates by parameter take transforms.partition."
        )
