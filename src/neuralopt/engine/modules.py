"""Flax and equinox modules made ready for the loop."""

import dataclasses
import functools
import inspect
import sys
from collections.abc import Callable
from typing import Any, NamedTuple

import jax

from neuralopt.core.errors import InvalidArgument
from neuralopt.engine.attempt import attempt
from neuralopt.engine.data import example_row
from neuralopt.engine.forwards import SWITCHES, EquinoxForward, Forward, Frozen, LinenForward, NNXForward
from neuralopt.engine.objective import ModelObjective
from neuralopt.engine.supervised import supervised
from neuralopt.engine.trainable import Trainable, cast_floats, target_kind, to_numpy

_CAUSE = (
    "Likely cause: batch normalisation or dropout that is not told training from evaluation. In flax.linen "
    "let __call__ take train, training or deterministic and hand it on; in equinox let it take key, and "
    "put layer normalisation in place of batch normalisation. "
    "Anything else trains by a plain loss(params, batch) function."
)


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
        parts = _equinox(model, row)
    elif nnx is not None and isinstance(model, nnx.Module):
        parts = _nnx(nnx, model)
    else:
        parts = _linen(model, row)
    forward = parts.forward

    @functools.cache  # drawn for the check of shapes and for the run
    def start(seed: int) -> Any:
        own, statistics = parts.init(seed)
        return to_numpy((own if params is None else params, statistics), dtype)

    def output() -> Any:
        own, statistics = parts.init(0)
        weights = cast_floats(own if params is None else params, dtype)
        return forward.predict(weights, cast_floats(statistics, dtype), row)

    name = type(model).__name__
    if any(leaf.dtype.kind != "f" for leaf in jax.tree.leaves(start(0)[1])):
        raise InvalidArgument(f"{name}: batch statistics must be floats. Train it by a plain loss function.")
    failure = f"{name} could not be called on one row of the data"
    shape = attempt(output, failure=failure, cause=_CAUSE).shape
    if len(shape) != 2:
        raise InvalidArgument(
            f"{name} must give outputs of shape (n, k), got {shape} for one row. "
            "Likely cause: a last axis was squeezed away. Leave it: one output has shape (n, 1)."
        )

    def prepare(data: Any, name: str) -> Any:
        return supervised(data, target_kind(loss, metrics, data), shape[1], dtype, name)

    return Trainable(ModelObjective(forward, loss, metrics), start, parts.rebuild, prepare, numpy=False)


class _Parts(NamedTuple):
    forward: Forward
    init: Callable[[int], tuple[Any, Any]]  # seed -> parameters and statistics
    rebuild: Callable[[Any, Any], Any]


def _linen(model: Any, row: Any) -> _Parts:
    own = None
    if model.scope is not None:  # a trained module comes back bound to its variables
        model, own = model.unbind()
    known = inspect.signature(type(model).__call__).parameters
    forward = LinenForward(model, next((name for name in SWITCHES if name in known), None))

    def init(seed: int) -> tuple[Any, Any]:
        variables = model.init(jax.random.key(seed), row, **forward.mode(False)) if own is None else own
        _refuse(model, sorted(set(variables) - {"params", "batch_stats"}))
        return variables.get("params", {}), variables.get("batch_stats", ())

    failure = f"{type(model).__name__} could not be called on one row of the data"
    shapes = attempt(lambda: init(0), failure=failure, cause=_CAUSE)
    stateful = bool(jax.tree.leaves(shapes[1]))
    if stateful and forward.switch is None:
        raise InvalidArgument(
            f"{type(model).__name__} has batch statistics but cannot be told training from evaluation. "
            f"Let its __call__ take one of {', '.join(SWITCHES)}, and hand it to BatchNorm: "
            "use_running_average=not train."
        )
    forward = dataclasses.replace(forward, stateful=stateful)
    forward = dataclasses.replace(forward, noisy=_asks(forward, shapes, row, "InvalidRngError"))
    return _Parts(forward, init, lambda p, statistics: model.bind(forward.variables(p, statistics)))


def _nnx(nnx: Any, model: Any) -> _Parts:
    graph, own, statistics, streams, rest = nnx.split(model, nnx.Param, nnx.BatchStat, nnx.RngState, ...)
    _refuse(model, [".".join(map(str, path)) for path, _ in nnx.to_flat_state(rest)])
    leaves, structure = jax.tree.flatten(streams)
    keys = tuple(jax.numpy.issubdtype(leaf.dtype, jax.dtypes.prng_key) for leaf in leaves)
    stateful = bool(jax.tree.leaves(statistics))
    forward = NNXForward(graph, structure if keys else None, keys, stateful)

    def rebuild(params: Any, trained: Any) -> Any:
        module = forward.merge(params, trained)
        module.eval()
        return module

    return _Parts(forward, lambda seed: (own, statistics if stateful else ()), rebuild)


def _equinox(model: Any, row: Any) -> _Parts:
    eqx = sys.modules["equinox"]
    own, rest = eqx.partition(model, eqx.is_inexact_array)
    forward = EquinoxForward(Frozen(rest))
    noisy = _asks(forward, (own, ()), row, "RuntimeError", "key")
    if noisy and "key" not in inspect.signature(type(model).__call__).parameters:
        raise InvalidArgument(
            f"{type(model).__name__} has dropout but its __call__ takes no key. "
            "Let it take key=None and hand it to the dropout layers."
        )
    forward = dataclasses.replace(forward, noisy=noisy)
    return _Parts(
        forward, lambda seed: (own, ()), lambda params, _: eqx.nn.inference_mode(eqx.combine(params, rest))
    )


def _asks(forward: Forward, variables: Any, row: Any, error: str, word: str = "") -> bool:
    """Return whether a model asks for noise in training mode; any other fault is told later."""
    try:
        jax.eval_shape(lambda own, statistics: forward.train(own, statistics, row, ())[0], *variables)
    # the packages' own errors are known by their names: neither package is imported here
    except Exception as found:
        return type(found).__name__.endswith(error) and word in str(found)
    return False


def _refuse(model: Any, extra: list[str]) -> None:
    if extra:
        raise InvalidArgument(
            "a flax module may carry parameters, batch statistics and random streams only, "
            f"{type(model).__name__} has also {', '.join(extra)}. {_CAUSE}"
        )
