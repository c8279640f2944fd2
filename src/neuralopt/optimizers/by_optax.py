"""Optimizers that optax computes: its transformations behind our one ``update`` signature."""

import abc
import contextlib
from typing import Any, ClassVar, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from neuralopt.core import tree
from neuralopt.core.errors import InvalidArgument, missing_dependency
from neuralopt.core.method import hyper, method, switch, value_at
from neuralopt.core.namespace import namespace
from neuralopt.optimizers.base import Optimizer, work


def optax_module(purpose: str) -> Any:
    """Return optax, or raise the error that says how to install it."""
    try:
        import optax
    except ImportError:
        raise missing_dependency("optax", "optax", purpose) from None
    return optax


class OptaxState(NamedTuple):
    """State of an optax transformation that trains here."""

    count: Any  # (), int32
    learning_rate: Any  # (), in force at the last update; NaN when optax does not tell
    inner: Any  # optax's own


class FromOptax(Optimizer):
    """What both forms of `from_optax` share: the calls into optax."""

    learning_rate_range: ClassVar[tuple[float, float]] = (1e-4, 1e-1)
    decay_kind: ClassVar[str] = "unknown"

    @abc.abstractmethod
    def _made(self, count: Any) -> Any:
        """Return the optax transformation in force at a step."""

    def _told(self, rate: Any, inner: Any) -> Any:
        """Return the learning rate to keep in the state."""
        return rate

    def init(self, params: Any) -> OptaxState:
        """Return optax's first state with a count, refuse one with random keys; see `Transform.init`."""
        count, rate = self._first(params)
        with _precision(params):
            inner = self._made(count).init(tree.map(_for_optax, params))
        if any(jnp.issubdtype(leaf.dtype, jax.dtypes.prng_key) for leaf in tree.leaves(inner)):
            raise InvalidArgument(
                "optax keeps a random key in this optimizer's state, which is neither saved nor swept here. "
                "For noise on the gradients take chain(AnnealedNoise(...), SGD(...))."
            )
        inner = tree.map(lambda leaf: namespace(*tree.leaves(params)).asarray(leaf, dtype=leaf.dtype), inner)
        return OptaxState(count, self._told(rate, inner), inner)

    def update(
        self, grads: Any, state: OptaxState, params: Any, *, value: Any = None, value_fn: Any = None
    ) -> tuple[Any, OptaxState]:
        """Return optax's updates; see `Transform.update`."""
        t, rate = self._begin(grads, state, params)
        extra = {"value": value, "value_fn": value_fn}
        extra = {name: given for name, given in extra.items() if given is not None}
        with _precision(params):
            transformation = optax_module("from_optax").with_extra_args_support(self._made(state.count))
            inner, gradient, worked = (tree.map(_for_optax, part) for part in (state.inner, grads, params))
            updates, inner = transformation.update(gradient, inner, worked, grad=gradient, **extra)
        inner = tree.map(_as_before, state.inner, inner)
        return tree.map(_as_before, params, updates), OptaxState(t, self._told(rate, inner), inner)


@method
class OptaxOptimizer(FromOptax):
    """An optax factory with its hyperparameters; made by `from_optax`."""

    factory: Any = switch(None)
    learning_rate: Any = hyper(None, low=0)
    hyperparameters: Any = None
    options: tuple[tuple[str, Any], ...] = switch(())

    def __repr__(self) -> str:
        """Return the call that makes it; without an address in memory, which no other process shares."""
        given = {} if self.learning_rate is None else {"learning_rate": self.learning_rate}
        given |= (self.hyperparameters or {}) | dict(self.options)
        name = getattr(self.factory, "__name__", type(self.factory).__name__)
        return f"from_optax({', '.join([name, *(f'{key}={value!r}' for key, value in given.items())])})"

    def _made(self, count: Any) -> Any:
        numbers = {name: value_at(h, count) for name, h in (self.hyperparameters or {}).items()}
        if self.learning_rate is not None:
            numbers["learning_rate"] = value_at(self.learning_rate, count)
        return self.factory(**numbers, **dict(self.options))

    def _rate(self, count: Any, params: Any) -> Any:
        return _no_rate(params) if self.learning_rate is None else super()._rate(count, params)


@method
class OptaxTransformation(FromOptax):
    """An optax transformation that is already made; made by `from_optax`."""

    transformation: Any = switch(None)

    @property
    def learning_rate(self) -> float:
        """NaN: a transformation that is already made does not tell its learning rate."""
        return float("nan")

    def _made(self, count: Any) -> Any:
        return self.transformation

    def _rate(self, count: Any, params: Any) -> Any:
        return _no_rate(params)

    def _told(self, rate: Any, inner: Any) -> Any:
        # inject_hyperparams and to_optax keep it in their state
        found = optax_module("from_optax").tree_utils.tree_get_all_with_path(inner, "learning_rate")
        return namespace(rate).asarray(found[0][1], dtype=rate.dtype) if len(found) == 1 else rate


def _on_numpy(params: Any) -> bool:
    return namespace(*tree.leaves(params)) is np


def _precision(params: Any) -> Any:
    """Return the context to call optax in: with float64 on where NumPy parameters are float64."""
    double = _on_numpy(params) and tree.scalar_dtype(params) == np.float64
    return jax.enable_x64(True) if double else contextlib.nullcontext()


def _for_optax(array: Any) -> Any:
    """Return an array as JAX's, sixteen-bit floats in float32: optax alone would remember in sixteen bits."""
    array = jnp.asarray(array)
    return work(array) if jnp.issubdtype(array.dtype, jnp.floating) else array


def _as_before(old: Any, new: Any) -> Any:
    """Return an array in the namespace and dtype of the one it replaces.

    optax multiplies by hyperparameters as they come, which may widen what it remembers.
    """
    return namespace(old).asarray(new, dtype=old.dtype)


def _no_rate(params: Any) -> Any:
    return tree.cast(float("nan"), tree.scalar_dtype(params), tree.leaves(params)[0])
