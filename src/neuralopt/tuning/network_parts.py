"""What a configuration means for a network: its optimizer, and the rows it is scored on."""

import dataclasses
from collections.abc import Mapping
from typing import Any

import numpy as np

from neuralopt import optimizers
from neuralopt.core.errors import DataError, InvalidArgument, did_you_mean
from neuralopt.transforms import L2Decay, chain

SETTINGS = ("optimizer", "batch_size", "hidden", "depth", "activation", "dropout", "weight_decay")
_HELD_OUT = 0.25


def optimizer_of(default: Any, params: Mapping[str, Any]) -> Any:
    """Return an optimizer with hyperparameters; where it has no weight decay, `L2Decay` goes before it.

    Parameters
    ----------
    default : str or Transform
        Where ``params`` have no ``optimizer``.
    params : mapping
        Hyperparameters by name.

    Returns
    -------
    Transform
    """
    own = {k: v for k, v in params.items() if k not in ("optimizer", "weight_decay")}
    base, decay = params.get("optimizer", default), params.get("weight_decay")
    if not isinstance(base, str):
        made = _replaced(base, own)
        return made if decay is None else chain(L2Decay(float(decay)), made)
    known = getattr(optimizers.registered().get(base.lower()), "__dataclass_fields__", {})
    if decay is not None and "weight_decay" in known:
        return optimizers.get(base, weight_decay=float(decay), **own)
    made = optimizers.get(base, **own)
    return made if decay is None else chain(L2Decay(float(decay)), made)


def _replaced(optimizer: Any, given: dict[str, Any]) -> Any:
    made = optimizers.get(optimizer)
    known = list(getattr(made, "__dataclass_fields__", {}))
    for name in given:
        if name not in known and name != "learning_rate":
            raise InvalidArgument(
                f"{type(made).__name__} has no hyperparameter {name!r}.{did_you_mean(name, known)} "
                f"A space may name those of the optimizer ({', '.join(known)}) and {', '.join(SETTINGS)}."
            )
    own = {k: v for k, v in given.items() if k in known}
    made = dataclasses.replace(made, **own)
    outside = "learning_rate" in given and "learning_rate" not in known
    return optimizers.with_learning_rate(made, given["learning_rate"]) if outside else made


def held_out(data: Any, validation: Any, loss: Any, seed: int) -> tuple[Any, Any]:
    """Return training and validation data; a quarter of the rows is held out where none are given."""
    if data is None or not isinstance(data, tuple | list) or len(data) != 2:
        raise InvalidArgument(f"a network is tuned on data=(X, y), got {type(data).__name__}.")
    if validation is not None:
        return tuple(data), tuple(validation)
    from sklearn.model_selection import train_test_split

    X, y = np.asarray(data[0]), np.asarray(data[1])
    classes = loss in ("cross_entropy", "hinge")
    try:
        parts = train_test_split(
            X, y, test_size=_HELD_OUT, random_state=seed, stratify=y if classes else None
        )
    except ValueError as error:
        raise DataError(
            f"the {len(X)} rows cannot be split into training and validation rows: {error} Give more rows, "
            "or validation=(X, y)."
        ) from error
    return (parts[0], parts[2]), (parts[1], parts[3])
