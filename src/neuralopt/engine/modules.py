"""Flax and equinox modules made ready for the loop."""

import dataclasses
import functools
import sys
from collections.abc import Callable
from typing import Any

import jax

from neuralopt.core.errors import InvalidArgument
from neuralopt.engine.attempt import attempt
from neuralopt.engine.data import example_row
from neuralopt.engine.objective import ModelObjective
from neuralopt.engine.supervised import supervised
from neuralopt.engine.trainable import Trainable, cast_floats, target_kind, to_numpy

_ONLY_PARAMETERS = (
    "Likely cause: batch normalisation or dropout. "
    "Use layer normalisation, or train it by a plain loss(params, batch) function."
)


@dataclasses.dataclass(frozen=True)
class _LinenForward:
    module: Any

    def __call__(self, params: Any, X: Any) -> Any:
        return self.module.apply({"params": params}, X)


@dataclasses.dataclass(frozen=True)
class _NNXForward:
    graph: Any  # compares by value: an equal architecture shares the compiled program

    def __call__(self, params: Any, X: Any) -> Any:
        return sys.modules["flax.nnx"].merge(self.graph, params)(X)


@dataclasses.dataclass(frozen=True)
class _EquinoxForward:
    rest: "_Frozen"

    def __call__(self, params: Any, X: Any) -> Any:
        return jax.vmap(sys.modules["equinox"].combine(params, self.rest.held))(X)


class _Frozen:
    """A hashable handle on a tree: equal to an equal tree, or only to itself where it holds arrays."""

    def __init__(self, held: Any) -> None:
        self.held = held
        leaves, structure = jax.tree.flatten(held)
        try:
            self._key: Any = (tuple(leaves), structure)
            hash(self._key)
        except TypeError:
            self._key = id(self)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Frozen) and self._key == other._key

    def __hash__(self) -> int:
        return hash(self._key)

    def __repr__(self) -> str:
        return repr(self.held)


def adapt_module(
    model: Any, params: Any, loss: Any, metrics: tuple[str, ...], example: Any, dtype: Any, roots: set[str]
) -> Trainable:
    """Make a flax or equinox module ready for the loop.

    Parameters
    ----------
    model : flax.linen.Module, flax.nnx.Module or equinox.Module
    params : tree or None
        As for `adapt`.
    loss : Loss or callable
        Made ready by ``get_loss``.
    metrics : tuple of str
        As for `adapt`.
    example : tree
        As for `adapt`.
    dtype : dtype
        As for `adapt`.
    roots : set of str
        The packages that the module's classes come from.

    Returns
    -------
    Trainable

    Raises
    ------
    InvalidArgument
        When it carries more than parameters, cannot be called on the data, or gives another shape
        than (n, k).
    """
    if not isinstance(example, tuple | list) or len(example) != 2:
        raise InvalidArgument(
            f"{type(model).__name__} needs data as a pair (X, y), got {type(example).__name__}."
        )
    row = example_row(example[0], dtype)
    nnx = sys.modules.get("flax.nnx")
    if "equinox" in roots:
        forward, init, rebuild = _equinox(model)
    elif nnx is not None and isinstance(model, nnx.Module):
        forward, init, rebuild = _nnx(nnx, model)
    else:
        forward, init, rebuild = _linen(model, row)

    @functools.cache  # drawn for the check of shapes and for the run
    def start(seed: int) -> Any:
        return to_numpy(init(seed) if params is None else params, dtype)

    def output() -> Any:
        return forward(cast_floats(init(0) if params is None else params, dtype), row)

    name = type(model).__name__
    failure = f"{name} could not be called on one row of the data"
    shape = attempt(output, failure=failure, cause=_ONLY_PARAMETERS).shape
    if len(shape) != 2:
        raise InvalidArgument(
            f"{name} must give outputs of shape (n, k), got {shape} for one row. "
            "Likely cause: a last axis was squeezed away. Leave it: one output has shape (n, 1)."
        )

    def prepare(data: Any, name: str) -> Any:
        return supervised(data, target_kind(loss, metrics, data), shape[1], dtype, name)

    return Trainable(ModelObjective(forward, loss, metrics), start, rebuild, prepare, forward, numpy=False)


Parts = tuple[Callable[[Any, Any], Any], Callable[[int], Any], Callable[[Any], Any]]


def _linen(model: Any, row: Any) -> Parts:
    def init(seed: int) -> Any:
        variables = model.init(jax.random.key(seed), row)
        _refuse(model, sorted(set(variables) - {"params"}))
        return variables["params"]

    return _LinenForward(model), init, lambda params: model.bind({"params": params})


def _nnx(nnx: Any, model: Any) -> Parts:
    graph, own, rest = nnx.split(model, nnx.Param, ...)
    _refuse(model, [".".join(map(str, path)) for path, _ in nnx.to_flat_state(rest)])
    return _NNXForward(graph), lambda seed: own, lambda params: nnx.merge(graph, params)


def _equinox(model: Any) -> Parts:
    eqx = sys.modules["equinox"]
    own, rest = eqx.partition(model, eqx.is_inexact_array)
    return _EquinoxForward(_Frozen(rest)), lambda seed: own, lambda params: eqx.combine(params, rest)


def _refuse(model: Any, extra: list[str]) -> None:
    if extra:
        raise InvalidArgument(
            f"a flax module may carry parameters only, {type(model).__name__} has also "
            f"{', '.join(extra)}. {_ONLY_PARAMETERS}"
        )
