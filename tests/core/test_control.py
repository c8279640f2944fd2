"""Loops and branches: plain Python on NumPy, compiled on JAX, one result."""

import array_api_strict as strict
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from neuralopt.core.control import cond, while_loop


def collatz(start):
    """Return how many steps take a number to 1."""

    def body(state):
        n, steps = state
        return cond(n % 2 == 0, lambda n: n // 2, lambda n: 3 * n + 1, n), steps + 1

    return while_loop(lambda state: state[0] != 1, body, (start, 0 * start))[1]


STEPS = {1: 0, 2: 1, 3: 7, 6: 8, 7: 16}


@pytest.mark.parametrize("as_array", [np.asarray, strict.asarray, jnp.asarray])
def test_counts_the_same_everywhere(as_array):
    assert {n: int(collatz(as_array(n))) for n in STEPS} == STEPS


def test_under_jit_and_vmap():
    found = jax.jit(jax.vmap(collatz))(jnp.asarray(list(STEPS)))
    np.testing.assert_array_equal(found, list(STEPS.values()))


def test_only_one_branch_runs_on_numpy():
    def never(_):
        raise AssertionError("the branch not taken ran")

    assert cond(np.asarray(True), lambda x: x + 1, never, np.asarray(1)) == 2
    assert cond(np.asarray(False), never, lambda x: x - 1, np.asarray(1)) == 0


def test_a_traced_predicate_may_meet_numpy_arguments():
    choose = jax.jit(lambda p: cond(p, lambda x: x + 1, lambda x: x - 1, np.float32(1)))
    assert (float(choose(True)), float(choose(False))) == (2.0, 0.0)


def test_arrays_stay_numpy():
    assert isinstance(while_loop(lambda x: x[0] < 3, lambda x: x + 1, np.zeros(2)), np.ndarray)
