"""What is compared: every optimizer, and two reference lines that are not ours."""

import dataclasses
from collections.abc import Sequence
from typing import Any

import numpy as np

from neuralopt import optimizers
from neuralopt.benchmark.convergence import REFERENCE
from neuralopt.benchmark.naming import slug
from neuralopt.core.errors import InvalidArgument, did_you_mean
from neuralopt.transforms.base import Transform

_OPTAX_RANGE = (3e-4, 1e-1)


@dataclasses.dataclass(frozen=True)
class Method:
    """One line of the comparison.

    Attributes
    ----------
    slug : str
        Its name in files and on the command line.
    label : str
        Its name in tables.
    family : {"gradient", "closed form", "search", "reference", "joint"}
    optimizer : Transform or None
        For the gradient family; its learning rate is replaced.
    range : (float, float)
        Where the learning rate is searched, log-uniformly.
    """

    slug: str
    label: str
    family: str
    optimizer: Any = None
    range: tuple[float, float] = _OPTAX_RANGE


REFERENCES = (
    Method("linear", "Linear model", "reference"),
    Method("boosting", "Gradient boosting", "reference"),
)


PROJECTION = Method("variable-projection", "Variable projection", "closed form")
"""Trained by L-BFGS with the output layer solved at every step."""

SEARCHES = (
    Method("search", "Search, step units", "search"),
    Method("hybrid", "Search + Adam, step units", "search"),
)
"""Trained by `SearchModel` and `HybridModel`."""

_WITHOUT_RATE = (PROJECTION, *SEARCHES)

CLASSIC = (
    *("gd", "sgd", "sgd-momentum", "sgd-nesterov", "adam", "adamw", "nadamw", "amsgrad", "radam"),
    *("rmsprop", "adagrad", "adadelta"),
)
"""What ``"classic"`` stands for: twelve methods of textbooks."""


def gradient_methods() -> list[Method]:
    """Return every registered optimizer, with momentum variants where the class has them.

    Returns
    -------
    list of Method
        In the order in which they run.

    Examples
    --------
    >>> [m.slug for m in gradient_methods()][:4]
    ['gd', 'sgd', 'sgd-momentum', 'sgd-nesterov']
    """
    methods = []
    for name, cls in optimizers.registered().items():
        low, high = cls.learning_rate_range
        methods.append(Method(name, cls.__name__, "gradient", cls(), (low, high)))
        if cls is optimizers.SGD:
            # a velocity of 0.9 adds up to ten steps, so the range moves down tenfold
            slow = (low / 10, high / 10)
            heavy, ahead = optimizers.SGD(momentum=0.9), optimizers.SGD(momentum=0.9, nesterov=True)
            methods.append(Method("sgd-momentum", "SGD + momentum", "gradient", heavy, slow))
            methods.append(Method("sgd-nesterov", "SGD + Nesterov", "gradient", ahead, slow))
    return methods


def choose_methods(wanted: str | Sequence[Any]) -> list[Method]:
    """Return the methods asked for.

    Parameters
    ----------
    wanted : str or sequence
        ``"all"``, ``"classic"``, names (registered ones, ``sgd-momentum``, ``sgd-nesterov``,
        ``variable-projection``, ``search``, ``hybrid``, or ``optax.<name>``), optimizers, or pairs of a
        label and an optimizer.

    Returns
    -------
    list of Method
        In the order in which they run.

    Raises
    ------
    InvalidArgument
        For an unknown or doubled name.

    Examples
    --------
    >>> [m.label for m in choose_methods(["adam", "sgd-nesterov"])]
    ['Adam', 'SGD + Nesterov']
    """
    known = {m.slug: m for m in gradient_methods()}
    groups: dict[Any, Sequence[Any]] = {"all": (*known, *(m.slug for m in _WITHOUT_RATE)), "classic": CLASSIC}
    items: list[Any] = []
    for item in [wanted] if isinstance(wanted, str) else wanted:
        items += groups[item] if isinstance(item, str) and item in groups else [item]
    chosen = [_method(item, known) for item in items]
    slugs = [m.slug for m in chosen]
    if not chosen:
        raise InvalidArgument("at least one optimizer must be named, got none.")
    if twice := next((name for name in slugs if slugs.count(name) > 1), None):
        raise InvalidArgument(
            f"optimizers must be different, got {twice!r} more than once. Name each once ('all' and 'classic'"
            " stand for many); in Python give variants of one optimizer labels: ('label', optimizer)."
        )
    if taken := [m.slug for m in REFERENCES if m.slug in slugs]:
        raise InvalidArgument(
            f"the label {taken[0]!r} is that of a reference line, which is in every comparison. "
            "Give the optimizer another label."
        )
    return chosen


def with_reference(methods: list[Method]) -> list[Method]:
    """Return methods with NAdamW among them, where any of them descends a gradient: it sets the target."""
    named = any(m.slug == REFERENCE for m in methods)
    if named or not any(m.family == "gradient" for m in methods):
        return methods
    return [*methods, *choose_methods([REFERENCE])]


def _method(item: Any, known: dict[str, Method]) -> Method:
    if isinstance(item, str):
        if not item.strip():
            raise InvalidArgument(
                "a name of an optimizer must not be empty. Likely cause: a comma too many. "
                f"Known: all, classic, {', '.join(known)}, or optax.<name>."
            )
        folded = item.lower()
        if without := next((m for m in _WITHOUT_RATE if m.slug == folded), None):
            return without
        if folded in known:
            return known[folded]
        if folded.startswith("optax."):
            return Method(slug(folded), folded, "gradient", optimizers.get(folded, learning_rate=1e-3))
        raise InvalidArgument(
            f"unknown optimizer {item!r}.{did_you_mean(item, ['all', 'classic', *known])} "
            f"Known: all, classic, {', '.join(known)}, or optax.<name>."
        )
    label, optimizer = item if isinstance(item, tuple) else (type(item).__name__, item)
    if not isinstance(optimizer, Transform):
        raise InvalidArgument(
            f"optimizers takes names, optimizers, or pairs (label, optimizer); got {item!r}."
        )
    own = getattr(type(optimizer), "learning_rate_range", _OPTAX_RANGE)
    name = slug(str(label), otherwise="optimizer")
    return Method(name, str(label), "gradient", optimizers.get(optimizer), own)


def learning_rates(method: Method, count: int) -> np.ndarray:
    """Return learning rates evenly spaced in the logarithm over a method's range, rounded to two digits.

    Parameters
    ----------
    method : Method
    count : int >= 1
        With 1 the middle of the range.

    Returns
    -------
    float array of shape (count,)

    Examples
    --------
    >>> learning_rates(choose_methods(["adam"])[0], 3)
    array([0.0003, 0.0055, 0.1   ])
    """
    low, high = method.range
    rates = np.geomspace(low, high, count) if count > 1 else np.array([np.sqrt(low * high)])
    return np.array([float(f"{rate:.1e}") for rate in rates])
