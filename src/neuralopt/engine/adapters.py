"""What `train` can train: MLPs, flax and equinox modules, plain functions."""

import dataclasses
import sys
from collections.abc import Callable
from typing import Any

import jax
import numpy as np

from neuralopt.core import tree
from neuralopt.core.errors import InvalidArgument
from neuralopt.core.validation import check_params
from neuralopt.engine.data import check_inputs, supervised
from neuralopt.engine.objective import FunctionObjective, ModelObjective, NetworkObjective, Objective
from neuralopt.models import METRICS, MLP, Loss, Network, get_loss


@dataclasses.dataclass(frozen=True)
class Trainable:
    """A model made ready for the loop.

    Attributes
    ----------
    objective : Objective
    init : callable
        ``init(seed) -> params``, NumPy arrays of the run's dtype.
    rebuild : callable
        ``rebuild(params) -> model``: the trained model in the form it was given in.
    prepare : callable
        ``prepare(data, name) -> data`` in the shapes the objective takes.
    forward : callable or None
        ``forward(params, X) -> predictions``; None for a plain function.
    numpy : bool
        Whether the NumPy loop can run it.
    """

    objective: Objective
    init: Callable[[int], Any]
    rebuild: Callable[[Any], Any]
    prepare: Callable[[Any, str], Any]
    forward: Callable[[Any, Any], Any] | None
    numpy: bool


class _Identity:
    """A hashable handle on something that is not hashable; equal only to itself."""

    def __init__(self, held: Any) -> None:
        self.held = held


@dataclasses.dataclass(frozen=True)
class _FlaxForward:
    module: Any

    def __call__(self, params: Any, X: Any) -> Any:
        return self.module.apply({"params": params}, X)


@dataclasses.dataclass(frozen=True)
class _SplitForward:
    """Calls a model that was split into parameters and the rest."""

    merge: Callable[[Any, Any], Any]
    rest: _Identity
    by_row: bool

    def __call__(self, params: Any, X: Any) -> Any:
        model = self.merge(params, self.rest.held)
        return jax.vmap(model)(X) if self.by_row else model(X)


def _numpy(params: Any, dtype: Any) -> Any:
    def convert(leaf: Any) -> Any:
        leaf = np.asarray(leaf)
        return leaf.astype(dtype) if leaf.dtype in (np.float32, np.float64) else leaf

    return tree.map(convert, params)


def _module_root(model: Any) -> set[str]:
    return {base.__module__.partition(".")[0] for base in type(model).__mro__}


def adapt(
    model: Any, params: Any, loss: Any, metrics: tuple[str, ...], example: Any, dtype: Any
) -> Trainable:
    """Make a model ready for the loop.

    Parameters
    ----------
    model : MLP, Network, flax or equinox module, or callable ``loss(params, batch)``
    params : tree or None
        Where to start; needed for a plain function.
    loss : str, Loss or callable
    metrics : tuple of str
        Names in `neuralopt.models.METRICS`.
    example : tree
        The data, to initialise modules that infer shapes.
    dtype : dtype
        Of the parameters.

    Returns
    -------
    Trainable

    Raises
    ------
    InvalidArgument
        For anything else, unknown losses and metrics, or modules that carry more than parameters.
    """
    for metric in metrics:
        if metric not in METRICS:
            raise InvalidArgument(f"unknown metric {metric!r}. Known: {', '.join(METRICS)}.")
    if isinstance(model, MLP | Network):
        return _adapt_network(model, params, get_loss(loss), metrics, dtype)
    roots = _module_root(model)
    if "flax" in roots:
        return _adapt_flax(model, params, get_loss(loss), metrics, example, dtype)
    if "equinox" in roots:
        return _adapt_equinox(model, params, get_loss(loss), metrics, dtype)
    if callable(model) and not isinstance(model, type):
        if params is None:
            raise InvalidArgument(
                "a plain loss(params, batch) function needs params= to start from, got params=None."
            )
        check_params(params)
        if metrics:
            raise InvalidArgument("metrics need a model; a plain loss function has only its loss.")
        return Trainable(
            FunctionObjective(model),
            lambda seed: _numpy(params, dtype),
            lambda trained: trained,
            lambda data, name: data,
            None,
            numpy=False,
        )
    raise InvalidArgument(
        f"model must be an MLP, a Network, a flax or equinox module, or a function loss(params, batch); "
        f"got {type(model).__name__}."
    )


def _adapt_network(model: Any, params: Any, loss: Any, metrics: tuple[str, ...], dtype: Any) -> Trainable:
    network = model if isinstance(model, Network) else None
    mlp: MLP = network.mlp if network else model
    start = params if params is not None else network.params if network else None
    if start is not None:
        check_params(start)
        shapes = [(W.shape, b.shape) for W, b in start]
        wanted = [(W.shape, b.shape) for W, b in mlp.init(0)]
        if shapes != wanted:
            raise InvalidArgument(f"params must have the shapes {wanted} of {mlp}, got {shapes}.")
    known = isinstance(loss, Loss)
    objective: Objective = (
        NetworkObjective(mlp, loss, metrics) if known else ModelObjective(mlp.forward, loss, metrics)
    )

    def rebuild(trained: Any) -> Network:
        return (network or Network.of(mlp, trained)).with_params(trained)

    def prepare(data: Any, name: str) -> Any:
        X, y = supervised(data, loss.targets if known else _guess(data), mlp.layer_sizes[-1], dtype, name)
        check_inputs(X, mlp.layer_sizes[0], name)
        return X, y

    def init(seed: int) -> Any:
        return mlp.init(seed, dtype) if start is None else _numpy(start, dtype)

    return Trainable(objective, init, rebuild, prepare, mlp.forward, numpy=known)


def _guess(data: Any) -> str:
    """Return what the targets of a custom loss look like."""
    y = np.asarray(data[1]) if isinstance(data, tuple | list) and len(data) == 2 else np.zeros(1)
    return "class" if y.dtype.kind in "iub" and y.ndim == 1 else "real"


def _model(
    forward: Any,
    init: Any,
    rebuild: Any,
    loss: Any,
    metrics: tuple[str, ...],
    dtype: Any,
) -> Trainable:
    def prepare(data: Any, name: str) -> Any:
        targets = loss.targets if isinstance(loss, Loss) else _guess(data)
        return supervised(data, targets, None, dtype, name)

    return Trainable(ModelObjective(forward, loss, metrics), init, rebuild, prepare, forward, numpy=False)


def _adapt_flax(
    model: Any, params: Any, loss: Any, metrics: tuple[str, ...], example: Any, dtype: Any
) -> Trainable:
    nnx = sys.modules.get("flax.nnx")
    if nnx is not None and isinstance(model, nnx.Module):
        return _adapt_nnx(nnx, model, params, loss, metrics, dtype)
    if not isinstance(example, tuple | list) or len(example) != 2:
        raise InvalidArgument("a flax module needs data as a pair (X, y).")
    row = np.asarray(example[0][:1], dtype=dtype)

    def init(seed: int) -> Any:
        if params is not None:
            return _numpy(params, dtype)
        variables = model.init(jax.random.key(seed), row)
        extra = sorted(set(variables) - {"params"})
        if extra:
            raise InvalidArgument(
                f"a flax module may carry parameters only, {type(model).__name__} has also "
                f"{', '.join(extra)}. Likely cause: batch normalisation or dropout. "
                "Use layer normalisation, or train it by a plain loss(params, batch) function."
            )
        return _numpy(variables["params"], dtype)

    return _model(_FlaxForward(model), init, lambda p: model.bind({"params": p}), loss, metrics, dtype)


def _adapt_nnx(
    nnx: Any, model: Any, params: Any, loss: Any, metrics: tuple[str, ...], dtype: Any
) -> Trainable:
    graph, own, rest = nnx.split(model, nnx.Param, ...)
    if jax.tree.leaves(rest):
        raise InvalidArgument(
            f"a flax module may carry parameters only, {type(model).__name__} has also "
            f"{', '.join(str(path[-1]) for path, _ in nnx.to_flat_state(rest))}. "
            "Likely cause: batch normalisation or dropout. Use layer normalisation instead."
        )
    start = own if params is None else params

    def merge(trained: Any, graph: Any) -> Any:
        return nnx.merge(graph, trained, rest)

    forward = _SplitForward(merge, _Identity(graph), by_row=False)
    return _model(forward, lambda seed: _numpy(start, dtype), lambda p: merge(p, graph), loss, metrics, dtype)


def _adapt_equinox(model: Any, params: Any, loss: Any, metrics: tuple[str, ...], dtype: Any) -> Trainable:
    eqx = sys.modules["equinox"]
    own, rest = eqx.partition(model, eqx.is_inexact_array)
    start = own if params is None else params
    forward = _SplitForward(eqx.combine, _Identity(rest), by_row=True)
    return _model(
        forward, lambda seed: _numpy(start, dtype), lambda p: eqx.combine(p, rest), loss, metrics, dtype
    )
