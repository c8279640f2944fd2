"""How the contract runs an optimizer: on NumPy, on JAX step by step, and compiled."""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from neuralopt.core import tree
from neuralopt.core.errors import InvalidArgument
from neuralopt.core.namespace import namespace
from neuralopt.optimizers.rates import with_learning_rate
from neuralopt.testing.problems import example_params, quadratic


def require(holds: Any, law: str) -> None:
    """Raise an AssertionError that states the law unless it holds; not stripped by ``python -O``."""
    if not holds:
        raise AssertionError(law)


def update(optimizer: Any, grads: Any, state: Any, params: Any) -> tuple[Any, Any]:
    """Return updates and state, giving the optimizer all that it may ask for.

    The loss that it is given has the gradients that it is given, so that a line search finds what
    they promise.
    """

    def loss(trial: Any) -> Any:
        moved = tree.map(lambda q, p: q - p, trial, params)
        along = tree.leaves(tree.map(lambda g, d: namespace(g, d).sum(g * d + d * d / 2), grads, moved))
        return quadratic(params) + sum(along[1:], start=along[0])

    return optimizer.update(grads, state, params, value=quadratic(params), value_fn=loss)


def searches(optimizer: Any) -> bool:
    """Return whether an update asks for the loss at other parameters, as a line search does."""
    asked, params = [], example_params()

    def loss(trial: Any) -> Any:
        asked.append(trial)
        return quadratic(trial)

    optimizer.update(params, optimizer.init(params), params, value=quadratic(params), value_fn=loss)
    return bool(asked)


traces: list[str] = []  # one entry for every time that `compiled_update` was traced


def _traced(optimizer: Any, grads: Any, state: Any, params: Any) -> tuple[Any, Any]:
    traces.append(type(optimizer).__name__)
    return update(optimizer, grads, state, params)


#: Shared by all checks, so that each optimizer is compiled once for one kind of parameters.
compiled_update = jax.jit(_traced)


def to_jax(params: Any) -> Any:
    """Return a tree with every leaf as a JAX array of the same dtype."""
    return tree.map(jnp.asarray, params)


def follow(
    optimizer: Any, params: Any, stream: list[Any], step: Callable[..., Any] = update, state: Any = None
) -> tuple[Any, Any]:
    """Return parameters and state after a stream of gradients, step by step."""
    state = optimizer.init(params) if state is None else state
    for grads in stream:
        updates, state = step(optimizer, grads, state, params)
        params = tree.apply_updates(params, updates)
    return params, state


def descend(optimizer: Any, loss: Callable[[Any], Any], params: Any, steps: int) -> Any:
    """Return the loss after so many steps as one scan, at the parameters that the optimizer is judged by."""

    def step(carry: Any, _: Any) -> tuple[Any, None]:
        params, state = carry
        value, grads = jax.value_and_grad(loss)(params)
        updates, state = optimizer.update(grads, state, params, value=value, value_fn=loss)
        return (tree.apply_updates(params, updates), state), None

    (params, state), _ = jax.lax.scan(step, (params, optimizer.init(params)), None, length=steps)
    return loss(optimizer.evaluation_params(params, state))


def learning_rate_of(optimizer: Any) -> float | None:
    """Return the learning rate when it is a number that can be set, else None."""
    rate = getattr(optimizer, "learning_rate", None)
    if rate is None or callable(rate):
        return None
    try:
        with_learning_rate(optimizer, rate)
    except InvalidArgument:
        return None
    return float(rate)


def same(ours: Any, theirs: Any) -> bool:
    """Return whether two trees are equal bit for bit, with equal dtypes and NaN equal to NaN."""
    pairs = zip(tree.leaves(ours), tree.leaves(theirs), strict=True)
    return tree.structure(ours) == tree.structure(theirs) and all(
        a.dtype == b.dtype and np.asarray(a).tobytes() == np.asarray(b).tobytes() for a, b in pairs
    )


def difference(ours: Any, theirs: Any, dtype: Any) -> float:
    """Return the largest difference of two trees, in units in the last place of each leaf's largest entry."""
    worst = 0.0
    for a, b in zip(tree.leaves(ours), tree.leaves(theirs), strict=True):
        a, b = np.asarray(a, np.float64), np.asarray(b, np.float64)
        if a.size and not np.array_equal(a, b, equal_nan=True):
            ulp = np.finfo(dtype).eps * max(np.abs(a).max(), np.finfo(dtype).tiny)
            worst = max(worst, float(np.abs(a - b).max() / ulp))
    return worst
