"""``evaluate``: loss and metrics of a model on data, in evaluation mode."""

import functools
from collections.abc import Sequence
from typing import Any

import jax
import numpy as np

from neuralopt.core import tree
from neuralopt.core.errors import InvalidArgument
from neuralopt.engine.adapters import adapt
from neuralopt.engine.data import source
from neuralopt.engine.mappings import make_room
from neuralopt.engine.objective import Objective
from neuralopt.engine.precision import check_dtype, precision
from neuralopt.engine.statistics import Statistics
from neuralopt.engine.trainable import to_numpy
from neuralopt.models import MLP

_UNLIMITED = np.iinfo(np.int64).max


def evaluate(
    model: Any,
    data: Any,
    *,
    params: Any = None,
    statistics: Statistics | None = None,
    loss: Any = "squared_error",
    metrics: Sequence[str] = (),
    dtype: Any = "float32",
) -> dict[str, float]:
    """Return loss and metrics on data: nothing dropped, batch statistics as they were trained.

    Parameters
    ----------
    model : MLP, Network, flax module, equinox module or callable
        As for `train`; a trained one, ``result.model``, brings its parameters and statistics along.
    data : (X, y) or tree of arrays
        As for `train`.
    params : tree, optional
        By default the model's own.
    statistics : Statistics, optional
        ``result.statistics`` of the result that ``params`` are from, for a module that carries them.
    loss : str, Loss or callable, default "squared_error"
        As for `train`.
    metrics : sequence of {"accuracy", "r2"}, default ()
        Beside the loss.
    dtype : {"float32", "float64"}, default "float32"
        What is computed in.

    Returns
    -------
    dict of str to float
        ``loss`` and each metric.

    Raises
    ------
    InvalidArgument, DataError
        Also when the statistics belong to other parameters.

    Examples
    --------
    >>> import numpy as np, neuralopt
    >>> X = np.random.default_rng(0).normal(size=(200, 2)); y = X[:, 0]
    >>> result = neuralopt.train(neuralopt.MLP((2, 1)), (X, y), epochs=60, optimizer="gd")
    >>> sorted(neuralopt.evaluate(result.model, (X, y), metrics=["r2"]))
    ['loss', 'r2']
    """
    dtype = check_dtype(dtype)
    # flax.linen binds a module to its parameters; without a scope it has none
    if params is None and (isinstance(model, MLP) or getattr(model, "scope", model) is None):
        raise InvalidArgument(
            f"{type(model).__name__} has no parameters of its own, got params=None. "
            "Evaluate result.model, or pass params=result.params."
        )
    make_room()
    with precision(dtype):
        trainable = adapt(model, params, loss, tuple(metrics), data, dtype)
        objective, (weights, own) = trainable.objective, trainable.init(0)
        if statistics is not None and not objective.stateful:
            raise InvalidArgument(f"{type(model).__name__} carries no batch statistics, got statistics=.")
        if objective.stateful and params is not None:
            if statistics is None:
                raise InvalidArgument(
                    f"{type(model).__name__} is evaluated with batch statistics; got params= without them. "
                    "Pass statistics=result.statistics of the same result."
                )
            statistics.check(params)
        if statistics is not None:
            if params is None:
                statistics.check(weights)
            own = to_numpy(statistics.values, dtype)
        held_out = source(trainable.prepare(data, "data"), dtype, memory=_UNLIMITED).arrays
        figures = _figures(objective, tree.map(jax.numpy.asarray, weights), own, held_out)
        return {name.removeprefix("validation_"): float(value) for name, value in figures.items()}


@functools.partial(jax.jit, static_argnames=("objective",))
def _figures(objective: Objective, params: Any, statistics: Any, data: Any) -> dict[str, Any]:
    return objective.evaluate(params, statistics, data)
