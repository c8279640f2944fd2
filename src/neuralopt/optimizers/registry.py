"""Names of optimizers: one registry from which lists, tests and the command line read."""

from typing import Any, TypeVar

from neuralopt.core.errors import InvalidArgument, did_you_mean
from neuralopt.optimizers.interop import by_name
from neuralopt.optimizers.rates import with_learning_rate
from neuralopt.transforms.base import Transform

T = TypeVar("T", bound=type[Transform])

_CLASSES: dict[str, Any] = {}  # subclasses of Optimizer, or of Wrapper with a default for what it wraps


def register(class_: T) -> T:
    """Enter an optimizer class under its name in lower case.

    Parameters
    ----------
    class_ : type
        A subclass of `Optimizer`, or of `Wrapper` that can be made without arguments.

    Returns
    -------
    type
        The same class.

    Raises
    ------
    InvalidArgument
        When another class holds the name.
    """
    name = class_.__name__.lower()
    if name in _CLASSES:
        raise InvalidArgument(f"an optimizer named {name!r} is already registered: {_CLASSES[name]!r}.")
    _CLASSES[name] = class_
    return class_


def registered() -> dict[str, Any]:
    """Return all registered optimizers, name to class, in the order of registration.

    Returns
    -------
    dict of str to type
        A copy.

    Examples
    --------
    >>> import neuralopt.optimizers
    >>> sorted(registered())[:3]
    ['adabound', 'adadelta', 'adagrad']
    """
    return dict(_CLASSES)


def get(optimizer: str | Transform, **hyperparameters: Any) -> Any:
    """Return an optimizer by name, or the given one as it is.

    Parameters
    ----------
    optimizer : str or Transform
        A registered name, in any case; ``"optax.<name>"`` for any optimizer of optax; or an
        optimizer (then no hyperparameters).
    **hyperparameters
        Handed to the class; ``None`` means its default. The learning rate of a wrapper such as
        ``"lookahead"`` is that of the optimizer inside.

    Returns
    -------
    Transform
        The optimizer.

    Raises
    ------
    InvalidArgument
        For an unknown name or hyperparameter, with the nearest known one.

    Examples
    --------
    >>> import neuralopt.optimizers
    >>> get("adam", learning_rate=0.1)
    Adam(learning_rate=0.1, b1=0.9, b2=0.999, eps=1e-08, convention='torch')
    >>> get("adma")
    Traceback (most recent call last):
    neuralopt.core.errors.InvalidArgument: unknown optimizer 'adma'. Did you mean 'adam'? Known: gd, sgd, ...
    """
    given = {k: v for k, v in hyperparameters.items() if v is not None}
    if isinstance(optimizer, Transform):
        if optimizer.stage != "optimizer":
            raise InvalidArgument(
                f"{type(optimizer).__name__} transforms gradients and does not train by itself. "
                "Compose it: transforms.chain(it, an optimizer)."
            )
        if given:
            raise InvalidArgument(
                f"{', '.join(given)} given beside an optimizer that is already made: {optimizer!r}. "
                "Set it on the optimizer itself."
            )
        return optimizer
    if not isinstance(optimizer, str):
        raise InvalidArgument(
            f"optimizer must be a name or an optimizer, got {optimizer!r} "
            f"of type {type(optimizer).__name__}. "
            "An optax transformation enters by neuralopt.optimizers.from_optax."
        )
    if optimizer.lower().startswith("optax."):
        return by_name(optimizer[len("optax.") :].lower(), **given)
    cls = _CLASSES.get(optimizer.lower())
    if cls is None:
        raise InvalidArgument(
            f"unknown optimizer {optimizer!r}.{did_you_mean(optimizer, _CLASSES)} "
            f"Known: {', '.join(_CLASSES)}."
        )
    known = list(cls.__dataclass_fields__)
    inside = "learning_rate" in given and "learning_rate" not in known
    rate = {"learning_rate": given.pop("learning_rate")} if inside else {}
    for name in given:
        if name not in known:
            raise InvalidArgument(
                f"{cls.__name__} has no hyperparameter {name!r}.{did_you_mean(name, known)} "
                f"It has: {', '.join(known)}."
            )
    made = cls(**given)
    return with_learning_rate(made, **rate) if rate else made
