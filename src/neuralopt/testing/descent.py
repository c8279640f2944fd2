"""The contract's first part: an optimizer lowers losses, rests where it should, and is swept."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from neuralopt.core import tree
from neuralopt.optimizers.rates import with_learning_rate
from neuralopt.testing.problems import Problem, example_grads, example_params, problems
from neuralopt.testing.running import (
    compiled_update,
    descend,
    difference,
    follow,
    learning_rate_of,
    require,
    to_jax,
)


def _descends(optimizer: Any, problem: Problem) -> None:
    """Try the learning rates of the optimizer's own range, all in one program; the best must do."""
    start = tree.map(lambda p: jnp.asarray(p, jnp.float32), problem.start)
    if learning_rate_of(optimizer) is None:
        finals = jax.jit(lambda: descend(optimizer, problem.loss, start, problem.steps))()
    else:
        low, high = getattr(optimizer, "learning_rate_range", (1e-4, 1.0))
        rates = jnp.geomspace(low, high, 8)
        finals = jax.jit(
            jax.vmap(
                lambda rate: descend(with_learning_rate(optimizer, rate), problem.loss, start, problem.steps)
            )
        )(rates)
    first, best = float(problem.loss(start)), float(jnp.nanmin(finals))
    require(
        best < problem.fall * first,
        f"the loss {problem.name} must fall below {problem.fall} of its first value {first:.3g} in "
        f"{problem.steps} steps at the best learning rate of learning_rate_range; it came to {best:.3g}.",
    )


def descends_a_quadratic(optimizer: Any) -> None:
    """Lower a convex quadratic."""
    _descends(optimizer, problems()[0])


def descends_rosenbrock(optimizer: Any) -> None:
    """Lower Rosenbrock's function."""
    _descends(optimizer, problems()[1])


def descends_a_network(optimizer: Any) -> None:
    """Lower the loss of a small network."""
    _descends(optimizer, problems()[2])


def sweeps_by_vmap(optimizer: Any) -> None:
    """Give under ``vmap`` over learning rates what each learning rate gives alone."""
    rate = learning_rate_of(optimizer)
    if rate is None:
        return
    params, stream = to_jax(example_params(np.float32)), to_jax(example_grads(3, np.float32))
    rates = [rate, rate / 2, rate / 4]

    def run(one: Any) -> Any:
        return follow(with_learning_rate(optimizer, one), params, stream)[0]

    swept = jax.jit(jax.vmap(run))(jnp.asarray(rates, jnp.float32))
    alone = [follow(with_learning_rate(optimizer, one), params, stream, compiled_update)[0] for one in rates]
    apart = difference(tree.map(lambda *leaf: jnp.stack(leaf), *alone), swept, np.float32)
    require(apart <= 8, f"a sweep by vmap must equal solo runs; they are {apart:.0f} ulp apart in float32.")


def rests_at_zero_gradient(optimizer: Any) -> None:
    """Move by weight decay only when the gradient is zero, and not at all without decay."""
    params = to_jax(example_params(np.float32))
    zeros = [tree.map(jnp.zeros_like, params)] * 3
    after, _ = follow(optimizer, params, zeros, compiled_update)
    for name, old, new in zip(tree.names(params), tree.leaves(params), tree.leaves(after), strict=True):
        require(
            bool(jnp.all((jnp.abs(new) <= jnp.abs(old)) & (new * old > 0))),
            f"at zero gradient parameters may only decay towards zero, leaf {name!r} went elsewhere.",
        )
    bare = tree.map_named(
        lambda name, h: 0.0 * h if name.rpartition("/")[2] == "weight_decay" else h, optimizer
    )
    after, _ = follow(bare, params, zeros, compiled_update)
    moved = difference(params, after, np.float32)
    require(
        moved == 0,
        f"at zero gradient and with every leaf named weight_decay at 0 nothing may move; "
        f"it moved {moved:.0f} ulp.",
    )
