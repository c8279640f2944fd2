"""The contract's third part: states are plain, stable, readable and can be put away."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from neuralopt.core import tree
from neuralopt.optimizers.rates import with_learning_rate
from neuralopt.schedules import Warmup
from neuralopt.testing.problems import example_grads, example_params
from neuralopt.testing.running import (
    compiled_update,
    follow,
    learning_rate_of,
    require,
    same,
    to_jax,
    traces,
    update,
)


def never_compiles_twice(optimizer: Any) -> None:
    """Take another number for every hyperparameter without a second trace."""
    params, stream = to_jax(example_params(np.float32)), to_jax(example_grads(2, np.float32))
    follow(optimizer, params, stream[:1], compiled_update)
    before = len(traces)
    other = tree.map(lambda h: h * 0.9 if isinstance(h, float) else h, optimizer)
    follow(other, params, stream, compiled_update)
    more = len(traces) - before
    require(
        more == 0,
        f"a change of numbers must compile nothing, and neither must the second step; traced {more} times "
        "more. Likely cause: a number in a static field, or a state whose dtypes change.",
    )


def keeps_its_state_stable(optimizer: Any) -> None:
    """Keep structure, shapes and dtypes of the state from step 0 on."""
    for dtype in (jnp.bfloat16, jnp.float32, jnp.float64):
        with jax.enable_x64(dtype == jnp.float64):
            params = tree.map(lambda p, dtype=dtype: jnp.asarray(p, dtype), example_params())
            state = optimizer.init(params)
            after = jax.eval_shape(lambda s, p: update(optimizer, p, s, p)[1], state, params)
        require(
            tree.structure(state) == tree.structure(after),
            f"the state's structure must not change: {tree.structure(state)} became {tree.structure(after)}.",
        )
        for name, old, new in zip(tree.names(state), tree.leaves(state), tree.leaves(after), strict=True):
            require(
                hasattr(old, "dtype") and (old.shape, old.dtype) == (new.shape, new.dtype),
                f"the state's leaf {name!r} must be an array of one shape and dtype from step 0 on; "
                f"{old!r} became {new!r}.",
            )


def tells_its_learning_rate(optimizer: Any) -> None:
    """Keep the learning rate in force in ``state.learning_rate``, from `init` on."""
    params, stream = example_params(np.float32), example_grads(3, np.float32)
    rate = learning_rate_of(optimizer)
    if rate is None:
        told = optimizer.init(params).learning_rate
        require(np.shape(told) == (), f"state.learning_rate must be a scalar, got shape {np.shape(told)}.")
        return
    ramp = Warmup(rate, steps=4, start=rate / 2)
    scheduled = with_learning_rate(optimizer, ramp)
    for count in range(4):
        told = follow(scheduled, params, stream[:count])[1].learning_rate
        asked = ramp(max(count - 1, 0))
        require(
            np.shape(told) == () and np.float32(told) == np.float32(asked),
            f"state.learning_rate must be the rate in force: after {count} updates {asked}, it says {told}.",
        )


def resumes_exactly(optimizer: Any) -> None:
    """Continue bit for bit from a state that was put away as plain arrays."""
    params, stream = example_params(np.float32), example_grads(4, np.float32)
    _resumes(optimizer, params, stream, update, np.asarray)
    _resumes(optimizer, to_jax(params), to_jax(stream), compiled_update, jnp.asarray)


def _resumes(optimizer: Any, params: Any, stream: list[Any], step: Any, as_array: Any) -> None:
    whole = follow(optimizer, params, stream, step)
    half, state = follow(optimizer, params, stream[:2], step)
    plain = [np.array(leaf) for leaf in tree.leaves(state)]
    restored = tree.structure(optimizer.init(params)).unflatten([as_array(leaf) for leaf in plain])
    resumed = follow(optimizer, half, stream[2:], step, restored)
    require(
        same(whole, resumed),
        "a run resumed from the leaves of its state must equal the uninterrupted run bit for bit. "
        "Likely cause: something that changes is kept outside the state.",
    )


def leaves_its_arguments_alone(optimizer: Any) -> None:
    """Change nothing that it is given, and give the same twice."""
    params, (first, second) = example_params(np.float32), example_grads(2, np.float32)
    _, state = follow(optimizer, params, [first])
    given = (second, state, params)
    before = tree.map(np.array, given)
    once, twice = update(optimizer, *given), update(optimizer, *given)
    require(same(before, tree.map(np.array, given)), "update must not write into its arguments.")
    require(same(once, twice), "update must give the same for the same arguments.")


def refuses_bad_input(optimizer: Any) -> None:
    """Refuse, with neuralopt's InvalidArgument or another ValueError, what cannot be meant."""
    params = example_params()
    state = optimizer.init(params)
    wide = {**params, "bias": np.zeros(7)}
    cases = {
        "init of an empty tree": lambda: optimizer.init([]),
        "init of whole numbers": lambda: optimizer.init({"weight": np.arange(3)}),
        "gradients of another structure": lambda: update(optimizer, {"bias": params["bias"]}, state, params),
        "gradients of another shape": lambda: update(optimizer, wide, state, params),
    }
    for case, call in cases.items():
        raised = "nothing"
        try:
            call()
        except ValueError:
            continue
        except Exception as error:  # a crash deep inside says nothing to the user
            raised = f"{type(error).__name__}: {error}"
        require(False, f"{case} must raise InvalidArgument, a ValueError; it raised {raised}.")
