"""Set the learning rate of an optimizer, however deep it is wrapped."""

import dataclasses
from typing import Any

from neuralopt.core.errors import InvalidArgument
from neuralopt.transforms.base import Transform


def with_learning_rate(optimizer: Any, learning_rate: Any) -> Any:
    """Return the same optimizer with another learning rate, also inside a chain or a wrapper.

    Parameters
    ----------
    optimizer : Transform
        An optimizer, a chain, or a wrapper such as ``DecoupledDecay``.
    learning_rate : float >= 0, array or schedule
        An array is a sweep, for use under ``vmap``.

    Returns
    -------
    Transform
        A new value of the same class.

    Raises
    ------
    InvalidArgument
        When nothing in it has a learning rate to set.

    Examples
    --------
    >>> from neuralopt import optimizers, transforms
    >>> opt = transforms.chain(transforms.ClipByGlobalNorm(1.0), optimizers.GD(0.5))
    >>> with_learning_rate(opt, 0.25)
    Chain(stages=(ClipByGlobalNorm(max_norm=1.0), GD(learning_rate=0.25)))
    """
    found = _set(optimizer, learning_rate)
    if found is None:
        raise InvalidArgument(
            f"{type(optimizer).__name__} is already made and keeps its own learning rate, got "
            f"learning_rate={learning_rate!r} beside it. "
            "Make it from a factory: from_optax(optax.adam, learning_rate=...)."
        )
    return found


def _set(part: Any, rate: Any) -> Any:
    """Return the part with the first learning rate in it replaced, or None when it has none."""
    if isinstance(part, tuple):
        for k, inner in enumerate(part):
            new = _set(inner, rate)
            if new is not None:
                return (*part[:k], new, *part[k + 1 :])
        return None
    if not isinstance(part, Transform) or not dataclasses.is_dataclass(part):
        return None
    fields = [field.name for field in dataclasses.fields(part)]
    if "learning_rate" in fields:
        return dataclasses.replace(part, learning_rate=rate)
    for name in fields:
        new = _set(getattr(part, name), rate)
        if new is not None:
            return dataclasses.replace(part, **{name: new})
    return None
