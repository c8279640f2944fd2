"""To and from optax: any optax transformation is an optimizer here, any optimizer one there."""

import inspect
from collections.abc import Callable
from typing import Any

import jax
import numpy as np

from neuralopt.core.errors import InvalidArgument, did_you_mean, raise_problems
from neuralopt.optimizers.base import Optimizer
from neuralopt.optimizers.by_optax import OptaxOptimizer, OptaxTransformation, optax_module
from neuralopt.schedules.base import Schedule
from neuralopt.transforms.base import Transform


def from_optax(
    optax_object: Any, learning_rate: float | Schedule | None = None, **hyperparameters: Any
) -> Optimizer:
    """Return an optimizer that is computed by optax.

    Parameters
    ----------
    optax_object : optax.GradientTransformation or callable
        Either a transformation that is already made, such as ``optax.adam(1e-3)``: it trains, but
        cannot be swept, and its learning rate reads NaN unless it was made by
        ``optax.inject_hyperparams``. Or a factory, such as ``optax.adam``, with a learning rate.
    learning_rate : float >= 0 or schedule, optional
        For a factory; ``None`` takes the factory's own default.
    **hyperparameters
        For a factory. Floats, arrays and schedules are leaves: changing one compiles nothing, and
        ``vmap`` sweeps it. Everything else (whole numbers, bools, functions) is static.

    Returns
    -------
    Optimizer
        With the one ``update`` signature. ``value``, ``value_fn`` and the gradient reach those
        optax transformations that take them. NumPy parameters stay NumPy, in their own precision.

    Raises
    ------
    InvalidArgument
        For what is neither form, an unknown hyperparameter, or numbers beside a made transformation.
    MissingDependency
        When optax is not installed.

    Examples
    --------
    >>> import dataclasses, numpy as np, optax
    >>> opt, params = from_optax(optax.sgd, learning_rate=0.5), [np.array([1.0])]
    >>> updates, state = opt.update([np.array([2.0])], opt.init(params), params)
    >>> updates, float(state.learning_rate)
    ([array([-1.])], 0.5)
    >>> dataclasses.replace(opt, learning_rate=0.25).learning_rate
    0.25
    """
    optax = optax_module("from_optax")
    if isinstance(optax_object, Transform):
        raise InvalidArgument(
            f"from_optax takes what optax makes, and this is already ours: {optax_object!r}."
        )
    if isinstance(optax_object, optax.GradientTransformation):
        given = [*(["learning_rate"] if learning_rate is not None else []), *hyperparameters]
        if given:
            raise InvalidArgument(
                f"from_optax: {', '.join(given)} given beside a transformation that is already made. "
                "Give the factory itself: from_optax(optax.adam, learning_rate=...)."
            )
        return OptaxTransformation(optax_object)
    if not callable(optax_object):
        raise InvalidArgument(
            f"from_optax takes an optax transformation or a factory of one, got {optax_object!r} "
            f"of type {type(optax_object).__name__}."
        )
    return _from_factory(optax_object, learning_rate, hyperparameters)


def _from_factory(
    factory: Callable[..., Any], learning_rate: Any, hyperparameters: dict[str, Any]
) -> Optimizer:
    """Return the sweepable form, after checking names and making the transformation once."""
    known = inspect.signature(factory).parameters
    named = {n: p for n, p in known.items() if p.kind not in (p.VAR_POSITIONAL, p.VAR_KEYWORD)}
    label = getattr(factory, "__name__", repr(factory))
    asked = hyperparameters if learning_rate is None else {"learning_rate": learning_rate, **hyperparameters}
    problems = [
        f"{label} of optax needs {name!r}: from_optax({label}, {name}=...)."
        for name, parameter in named.items()
        if parameter.default is parameter.empty and name not in asked
    ]
    if len(named) == len(known):
        problems += [
            f"{label} of optax has no hyperparameter {name!r}.{did_you_mean(name, named)} "
            f"It has: {', '.join(named)}."
            for name in asked
            if name not in named
        ]
    raise_problems(problems)
    swept = {
        n: v for n, v in hyperparameters.items() if isinstance(v, float | np.ndarray | jax.Array | Schedule)
    }
    fixed = tuple((n, v) for n, v in hyperparameters.items() if n not in swept)
    if learning_rate is None and "learning_rate" in named:
        default = named["learning_rate"].default
        learning_rate = float(default) if isinstance(default, int | float) else None
    made = OptaxOptimizer(factory, learning_rate, swept, fixed)
    if not isinstance(made._made(0), optax_module("from_optax").GradientTransformation):
        raise InvalidArgument(
            f"from_optax: {label} does not make an optax.GradientTransformation. Likely cause: a schedule, "
            "or a wrapper that wants an optimizer."
        )
    return made


def by_name(name: str, **hyperparameters: Any) -> Optimizer:
    """Return an optax optimizer by its name there.

    Parameters
    ----------
    name : str
        As in ``"adabelief"`` or ``"contrib.prodigy"``.
    **hyperparameters
        Handed to `from_optax`.

    Returns
    -------
    Optimizer
        Computed by optax.

    Raises
    ------
    InvalidArgument
        For an unknown name, with the nearest known one.

    Examples
    --------
    >>> by_name("sgd", learning_rate=0.1, momentum=0.9).hyperparameters
    {'momentum': 0.9}
    """
    place, prefix, short = optax_module(f"optax.{name}"), "", name
    if name.startswith("contrib."):
        from optax import contrib

        place, prefix, short = contrib, "contrib.", name.removeprefix("contrib.")
    public = [n for n in vars(place) if not n.startswith("_")]
    known = [prefix + n for n in public if _takes_learning_rate(getattr(place, n))]
    if name not in known:
        raise InvalidArgument(
            f"optax has no optimizer {name!r}.{did_you_mean(name, known)} It has: {', '.join(known)}."
        )
    return from_optax(getattr(place, short), **hyperparameters)


def _takes_learning_rate(thing: Any) -> bool:
    function = inspect.isfunction(thing) and not thing.__name__.startswith("scale_by")
    return function and "learning_rate" in inspect.signature(thing).parameters


def to_optax(optimizer: Transform) -> Any:
    """Return an optimizer or transform as an optax transformation.

    Parameters
    ----------
    optimizer : Transform
        Its state is the optax state, so that ``state.learning_rate`` stays readable.

    Returns
    -------
    optax.GradientTransformationExtraArgs
        Its ``update`` needs the parameters, and hands on ``value`` and ``value_fn``.

    Raises
    ------
    InvalidArgument
        For anything else than an optimizer or transform of ours.
    MissingDependency
        When optax is not installed.

    Examples
    --------
    >>> import numpy as np, optax
    >>> from neuralopt.optimizers import SGD
    >>> opt = optax.chain(optax.clip(1.0), to_optax(SGD(0.5)))
    >>> params = [np.array([1.0], np.float32)]
    >>> updates, state = opt.update([np.array([7.0], np.float32)], opt.init(params), params)
    >>> np.asarray(updates[0]), float(state[1].learning_rate)
    (array([-0.5], dtype=float32), 0.5)
    """
    optax = optax_module("to_optax")
    if not isinstance(optimizer, Transform):
        raise InvalidArgument(
            f"to_optax takes an optimizer or transform of neuralopt, got {optimizer!r} "
            f"of type {type(optimizer).__name__}."
        )

    def update(
        updates: Any, state: Any, params: Any = None, *, value: Any = None, value_fn: Any = None, **_: Any
    ) -> tuple[Any, Any]:
        if params is None:
            raise InvalidArgument(
                f"{type(optimizer).__name__}: update needs the parameters, got params=None. "
                "Call update(grads, state, params)."
            )
        return optimizer.update(updates, state, params, value=value, value_fn=value_fn)

    return optax.GradientTransformationExtraArgs(optimizer.init, update)
