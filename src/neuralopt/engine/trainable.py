"""A model made ready for the loop, and what all kinds of models share."""

import dataclasses
from collections.abc import Callable
from typing import Any

import numpy as np

from neuralopt.core import tree
from neuralopt.core.errors import InvalidArgument
from neuralopt.engine.objective import Objective
from neuralopt.models import METRIC_TARGETS, Loss

_TARGETS = {"class": "class indices", "real": "real numbers"}


@dataclasses.dataclass(frozen=True)
class Trainable:
    """A model made ready for the loop.

    Attributes
    ----------
    objective : Objective
    init : callable
        ``init(seed) -> (params, statistics)``, NumPy arrays of the run's dtype; statistics are
        ``()`` for a model that carries none.
    rebuild : callable
        ``rebuild(params, statistics) -> model``: the trained model in the form it was given in.
    prepare : callable
        ``prepare(data, name) -> data`` in the shapes the objective takes.
    numpy : bool
        Whether the NumPy loop can run it.
    """

    objective: Objective
    init: Callable[[int], tuple[Any, Any]]
    rebuild: Callable[[Any, Any], Any]
    prepare: Callable[[Any, str], Any]
    numpy: bool


def cast_floats(params: Any, dtype: Any) -> Any:
    """Return parameters with float32 and float64 in the run's dtype, others as they are."""
    return tree.map(lambda p: p.astype(dtype) if p.dtype in (np.float32, np.float64) else p, params)


def to_numpy(params: Any, dtype: Any) -> Any:
    """Return `cast_floats` as NumPy arrays."""
    return cast_floats(tree.map(np.asarray, params), dtype)


def target_kind(loss: Any, metrics: tuple[str, ...], data: Any) -> str:
    """Return "real" or "class": what a loss takes as targets; a custom loss takes what there is.

    Parameters
    ----------
    loss : Loss or callable
    metrics : tuple of str
        They must take the same.
    data : (X, y)

    Returns
    -------
    str

    Raises
    ------
    InvalidArgument
        For a metric that cannot take these targets.
    """
    if isinstance(loss, Loss):
        kind = loss.targets
    else:
        y = np.asarray(data[1]) if isinstance(data, tuple | list) and len(data) == 2 else np.zeros(1)
        kind = "class" if y.dtype.kind in "iub" and y.ndim == 1 else "real"
    for metric in metrics:
        if METRIC_TARGETS[metric] != kind:
            fitting = [name for name, wanted in METRIC_TARGETS.items() if wanted == kind]
            raise InvalidArgument(
                f"metric {metric!r} takes {_TARGETS[METRIC_TARGETS[metric]]} as targets, "
                f"but the loss takes {_TARGETS[kind]}. Metrics that fit: {', '.join(fitting)}."
            )
    return kind
