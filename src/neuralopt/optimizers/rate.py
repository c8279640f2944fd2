"""Give any optimizer, composed or not, another learning rate."""

import dataclasses
from typing import Any

from neuralopt.core.errors import InvalidArgument
from neuralopt.transforms.base import Chain
from neuralopt.transforms.decay import DecoupledDecay


def with_learning_rate(optimizer: Any, learning_rate: Any) -> Any:
    """Return a copy of an optimizer with another learning rate.

    Parameters
    ----------
    optimizer : Transform
        An optimizer, a chain, or an optimizer under `DecoupledDecay`.
    learning_rate : float, array or schedule
        The new one.

    Returns
    -------
    Transform
        Of the same structure.

    Raises
    ------
    InvalidArgument
        For an optax transformation that is already made: nothing outside it can change its rate.

    Examples
    --------
    >>> from neuralopt.optimizers import SGD
    >>> with_learning_rate(DecoupledDecay(SGD(0.1)), 0.5).learning_rate
    0.5
    """
    if isinstance(optimizer, Chain):
        stages = tuple(
            with_learning_rate(s, learning_rate) if s.stage == "optimizer" else s for s in optimizer.stages
        )
        return dataclasses.replace(optimizer, stages=stages)
    if isinstance(optimizer, DecoupledDecay):
        inner = with_learning_rate(optimizer.optimizer, learning_rate)
        return dataclasses.replace(optimizer, optimizer=inner)
    if "learning_rate" not in {field.name for field in dataclasses.fields(optimizer)}:
        raise InvalidArgument(
            f"{type(optimizer).__name__} is already made and keeps its own learning rate, "
            f"got learning_rate={learning_rate!r} beside it. "
            "Give the factory: from_optax(optax.adam, learning_rate=...)."
        )
    return dataclasses.replace(optimizer, learning_rate=learning_rate)
