"""The contract's second part: dtypes are kept, and all array namespaces agree."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from neuralopt.core import tree
from neuralopt.optimizers.rates import with_learning_rate
from neuralopt.schedules import Constant
from neuralopt.testing.problems import example_grads, example_params
from neuralopt.testing.running import (
    compiled_update,
    difference,
    follow,
    learning_rate_of,
    require,
    same,
    searches,
    to_jax,
    update,
)

_FEW = 8  # ulp of a leaf's largest entry, after ten steps
# A line search sees differences of losses that are rounded each for itself: a few ulp of the loss become
# many of the step.
_FEW_SEARCHED = 64


def agrees_across_namespaces(optimizer: Any) -> None:
    """Give the same on NumPy, on JAX step by step, and compiled, in float32 and float64."""
    few = _FEW_SEARCHED if searches(optimizer) else _FEW
    for dtype in (np.float32, np.float64):
        params, stream = example_params(dtype), example_grads(10, dtype)
        with jax.enable_x64(dtype == np.float64):
            numpy, _ = follow(optimizer, params, stream)
            eager, _ = follow(optimizer, to_jax(params), to_jax(stream))
            compiled, _ = follow(optimizer, to_jax(params), to_jax(stream), compiled_update)
        require(
            all(isinstance(leaf, np.ndarray | np.generic) for leaf in tree.leaves(numpy)),
            "NumPy parameters must stay NumPy.",
        )
        for label, other in (("eager JAX", eager), ("compiled JAX", compiled)):
            apart = difference(numpy, other, dtype)
            require(
                apart <= few,
                f"NumPy and {label} must agree to {few} ulp after 10 steps in {np.dtype(dtype).name}; "
                f"they are {apart:.0f} ulp apart.",
            )


def keeps_bfloat16(optimizer: Any) -> None:
    """Keep bfloat16 parameters, and keep what is remembered precise enough not to freeze."""
    low, grads = (
        tree.map(lambda p: p.astype(jnp.bfloat16), part) for part in (example_params(), example_grads(1)[0])
    )
    _, ours = _same_gradient(optimizer, low, grads)
    _, full = _same_gradient(optimizer, *(tree.map(_widen, part) for part in (low, grads)))
    for name, a, b in zip(tree.names(ours), tree.leaves(ours), tree.leaves(full), strict=True):
        a, b = np.asarray(a, np.float64), np.asarray(b, np.float64)
        require(
            np.linalg.norm(a - b) <= 0.05 * np.linalg.norm(b) or np.isnan(b).all(),
            f"with bfloat16 parameters the state must follow that of float32; leaf {name!r} froze or "
            f"drifted: norm {np.linalg.norm(a):.4g}, in float32 {np.linalg.norm(b):.4g}.",
        )
    compiled = jax.eval_shape(lambda p, g: update(optimizer, g, optimizer.init(p), p), low, grads)
    eager = update(optimizer, grads, optimizer.init(low), low)
    for label, (updates, state) in (("NumPy", eager), ("JAX", compiled)):
        for name, p, u in zip(tree.names(low), tree.leaves(low), tree.leaves(updates), strict=True):
            require(
                u.dtype == p.dtype,
                f"on {label} an update must have its parameter's dtype; "
                f"leaf {name!r}: {u.dtype} for {p.dtype}.",
            )
        for name, there, here in zip(tree.names(ours), tree.leaves(state), tree.leaves(ours), strict=True):
            require(
                there.dtype == here.dtype,
                f"a state must have the same dtypes on NumPy and JAX; leaf {name!r} has {there.dtype} "
                f"on {label} and {here.dtype} on NumPy after many steps.",
            )


def _same_gradient(optimizer: Any, params: Any, grads: Any) -> tuple[Any, Any]:
    """Return the updates and the state after 300 times the same gradient at the same parameters."""
    state, updates = optimizer.init(params), grads
    for _ in range(300):
        updates, state = update(optimizer, grads, state, params)
    return updates, state


def _widen(leaf: Any) -> Any:
    return leaf.astype(np.float32)


def keeps_float32(optimizer: Any) -> None:
    """Keep float32 although hyperparameters are NumPy float64 scalars and float64 is enabled."""
    wide = tree.map(lambda h: np.float64(h) if isinstance(h, float) else h, optimizer)
    params, grads = example_params(np.float32), example_grads(1, np.float32)[0]

    def step(optimizer: Any, params: Any, grads: Any) -> Any:
        return update(optimizer, grads, optimizer.init(params), params)

    with jax.enable_x64(True):
        for label, made in (
            ("NumPy", step(wide, params, grads)),
            ("JAX", jax.eval_shape(step, wide, params, grads)),
        ):
            for name, leaf in zip(tree.names(made), tree.leaves(made), strict=True):
                require(
                    leaf.dtype != np.float64,
                    f"float32 parameters must not be widened by NumPy float64 hyperparameters; on {label} "
                    f"leaf {name!r} of (updates, state) became float64.",
                )


def obeys_a_schedule(optimizer: Any) -> None:
    """Give with a schedule what the constant that it yields gives."""
    rate = learning_rate_of(optimizer)
    if rate is None:
        return
    scheduled = with_learning_rate(optimizer, Constant(rate))
    params, stream = example_params(np.float32), example_grads(3, np.float32)
    plain, by_schedule = (follow(opt, params, stream)[0] for opt in (optimizer, scheduled))
    require(same(plain, by_schedule), "a schedule must give on NumPy exactly what its constant gives.")
    plain, by_schedule = (
        follow(opt, to_jax(params), to_jax(stream), compiled_update)[0] for opt in (optimizer, scheduled)
    )
    apart = difference(plain, by_schedule, np.float32)
    require(apart <= 2, f"compiled, a schedule must give what its constant gives; {apart:.0f} ulp apart.")
