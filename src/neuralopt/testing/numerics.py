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
    to_jax,
    update,
)

_FEW = 8  # ulp of a leaf's largest entry, after ten steps


def agrees_across_namespaces(optimizer: Any) -> None:
    """Give the same on NumPy, on JAX step by step, and compiled, in float32 and float64."""
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
                apart <= _FEW,
                f"NumPy and {label} must agree to {_FEW} ulp after 10 steps in {np.dtype(dtype).name}; "
                f"they are {apart:.0f} ulp apart.",
            )


def keeps_bfloat16(optimizer: Any) -> None:
    """Keep bfloat16 parameters, and keep what is remembered precise enough not to freeze."""
    low = tree.map(lambda p: jnp.asarray(p, jnp.bfloat16), example_params())
    grads = tree.map(lambda p: jnp.asarray(p, jnp.bfloat16), example_grads(1)[0])

    def run(params: Any, grads: Any) -> Any:
        def step(carry: Any, _: Any) -> tuple[Any, None]:
            params, state = carry
            updates, state = update(optimizer, grads, state, params)
            for name, p, u in zip(tree.names(params), tree.leaves(params), tree.leaves(updates), strict=True):
                require(
                    u.dtype == p.dtype,
                    f"an update must have its parameter's dtype; leaf {name!r}: {u.dtype} for {p.dtype}.",
                )
            return (tree.apply_updates(params, updates), state), None

        return jax.lax.scan(step, (params, optimizer.init(params)), None, length=300)[0]

    (_, ours), (_, full) = jax.jit(run)(low, grads), jax.jit(run)(*tree.map(_widen, (low, grads)))
    for name, a, b in zip(tree.names(ours), tree.leaves(ours), tree.leaves(full), strict=True):
        a, b = np.asarray(a, np.float64), np.asarray(b, np.float64)
        require(
            np.linalg.norm(a - b) <= 0.05 * np.linalg.norm(b) or np.isnan(b).all(),
            f"with bfloat16 parameters the state must follow that of float32; leaf {name!r} froze or "
            f"drifted: norm {np.linalg.norm(a):.4g}, in float32 {np.linalg.norm(b):.4g}.",
        )


def _widen(leaf: Any) -> Any:
    return leaf.astype(jnp.float32)


def keeps_float32(optimizer: Any) -> None:
    """Keep float32 although hyperparameters are NumPy float64 scalars and float64 is enabled."""
    wide = tree.map(lambda h: np.float64(h) if isinstance(h, float) else h, optimizer)
    with jax.enable_x64(True):
        for params, grads in (
            (example_params(np.float32), example_grads(1, np.float32)[0]),
            (to_jax(example_params(np.float32)), to_jax(example_grads(1, np.float32)[0])),
        ):
            updates, state = update(wide, grads, wide.init(params), params)
            for name, leaf in zip(tree.names((updates, state)), tree.leaves((updates, state)), strict=True):
                require(
                    leaf.dtype != np.float64,
                    f"float32 parameters must not be widened by NumPy float64 hyperparameters; "
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
