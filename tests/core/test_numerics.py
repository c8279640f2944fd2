"""Sums without temporaries: against NumPy in float64, on all sizes around the block."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from neuralopt.core.numerics import fence, squared_sums, zero_after


def both(x, y):
    return x - 2 * y, x * y


@pytest.mark.parametrize("size", [1, 16_384, 32_767, 32_768, 32_769, 100_000])
def test_squared_sums_compiled_equal_numpy(size):
    x, y = np.random.default_rng(0).normal(size=(2, size)).astype(np.float32)
    expected = [float(np.sum(np.square(r.astype(np.float64)))) for r in both(x, y)]
    np.testing.assert_allclose(squared_sums(both, x, y), expected, rtol=1e-5)
    compiled = jax.jit(lambda x, y: squared_sums(both, x, y))
    np.testing.assert_allclose(compiled(x, y), expected, rtol=1e-6)


def test_squared_sums_keep_digits_over_many_entries():
    x = np.full(3_000_001, 1.1, np.float32)
    (total,) = jax.jit(lambda x: squared_sums(lambda x: (x,), x))(x)
    assert float(total) == pytest.approx(3_000_001 * float(np.float32(1.1)) ** 2, rel=3e-6)


def test_squared_sums_go_under_vmap_and_keep_scalars_traced():
    x = np.random.default_rng(1).normal(size=(3, 40_000)).astype(np.float32)
    factors = jnp.asarray([1.0, 2.0, 3.0])
    swept = jax.jit(jax.vmap(lambda x, c: squared_sums(lambda x: (c * x,), x)[0]))(x, factors)
    np.testing.assert_allclose(swept, [np.sum((c * r) ** 2) for c, r in zip([1, 2, 3], x)], rtol=1e-5)


def test_squared_sums_need_no_array_of_the_size_of_the_data():
    x = jax.ShapeDtypeStruct((1 << 20,), jnp.float32)
    program = jax.jit(lambda x, c: squared_sums(lambda x: (x / (jnp.sqrt(jnp.abs(x)) + c),), x))
    memory = program.lower(x, 1e-6).compile().memory_analysis()
    assert memory.temp_size_in_bytes < 0.05 * 4 * (1 << 20)


def test_fence_changes_no_value_and_differentiable_programs_compile():
    a, b = np.ones(3), np.zeros(2)
    assert fence(a, b)[0] is a
    np.testing.assert_array_equal(jax.jit(lambda a: fence(a, 2 * a)[1])(a), 2 * a)


@pytest.mark.parametrize("entry", [0.0, -3.0, np.inf, -np.inf, np.nan])
def test_zero_after_is_zero_whatever_is_in_the_array(entry):
    array = np.full(3, entry, np.float32)
    assert zero_after(array) == 0
    made = jax.jit(zero_after)(array)
    assert made == 0
    assert made.dtype == np.float32
    assert jax.jit(zero_after)(array[:0]) == 0
    assert jax.jit(lambda a: zero_after(a, jnp.bfloat16))(array).dtype == jnp.bfloat16


def test_zero_after_lets_a_program_overwrite_what_it_has_read():
    def step(v, m, g):
        m = m + g / (jnp.sqrt(v) + 1)
        return 0.9 * v + zero_after(m) + g * g, m

    arrays = [jax.ShapeDtypeStruct((1 << 18,), jnp.float32)] * 3
    program = jax.jit(step, donate_argnums=(0, 1)).lower(*arrays).compile()
    assert program.memory_analysis().temp_size_in_bytes < 1 << 16
