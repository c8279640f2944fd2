"""Trees, namespaces and dtypes."""

import array_api_strict as strict
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from neuralopt.core import tree
from neuralopt.core.namespace import namespace

trees = st.recursive(
    hnp.arrays(np.float64, hnp.array_shapes(max_dims=2, max_side=3), elements=st.floats(-9, 9)),
    lambda inner: (
        st.lists(inner, min_size=1, max_size=3) | st.dictionaries(st.sampled_from("abc"), inner, min_size=1)
    ),
    max_leaves=5,
)


@given(trees)
def test_names_are_unique_and_as_many_as_leaves(params):
    found = tree.names(params)
    assert len(set(found)) == len(found) == len(tree.leaves(params))


@given(trees)
def test_map_unzip_and_map_named_equal_map(params):
    doubled, halved = tree.map_unzip(2, lambda a, b: (a + b, b / 2), params, params)
    named = tree.map_named(lambda name, a, b: a + b, params, params)
    for got, want in ((doubled, 2.0), (named, 2.0), (halved, 0.5)):
        expected = tree.map(lambda leaf, factor=want: factor * leaf, params)
        assert tree.structure(got) == tree.structure(expected)
        for a, b in zip(tree.leaves(got), tree.leaves(expected), strict=True):
            np.testing.assert_array_equal(a, b)


@given(trees)
def test_global_norm_equals_numpy(params):
    flat = np.concatenate([leaf.ravel() for leaf in tree.leaves(params)])
    np.testing.assert_allclose(tree.global_norm(params), np.linalg.norm(flat), rtol=1e-14)
    strictly = tree.global_norm(tree.map(strict.asarray, params))
    np.testing.assert_allclose(float(strictly), np.linalg.norm(flat), rtol=1e-14)


def test_where_numpy_and_another_library_meet_the_other_wins():
    assert namespace(np.ones(1), 2.0, jnp.ones(1)) is namespace(jnp.ones(1))
    assert namespace(strict.ones(1), np.ones(1)) is strict
    assert namespace() is np
    seen = []
    jax.eval_shape(lambda x: seen.append(namespace(1.0, np.ones(1), x)), jnp.ones(1))
    assert seen == [namespace(jnp.ones(1))]


@pytest.mark.parametrize("xp", [np, jnp, strict])
def test_working_and_scalar_dtypes(xp):
    single, double = xp.ones(2, dtype=xp.float32), xp.ones(2, dtype=xp.float32)
    assert tree.working_dtype(single) == xp.float32
    assert tree.scalar_dtype([single, double]) == xp.float32
    assert tree.cast(np.float64(0.1), xp.float32, single).dtype == xp.float32
    assert tree.zeros_like([single])[0].dtype == xp.float32


def test_sixteen_bits_are_worked_in_float32():
    low = [jnp.ones(2, jnp.bfloat16), jnp.ones(2, jnp.float16)]
    for leaves in (low, tree.map(np.asarray, low)):
        assert {leaf.dtype for leaf in tree.zeros_like(leaves)} == {np.dtype(np.float32)}
        assert tree.global_norm(leaves) == 2.0
        assert tree.global_norm(leaves).dtype == np.float32
        updated = tree.apply_updates(leaves, leaves)
        assert [leaf.dtype for leaf in updated] == [leaf.dtype for leaf in leaves]


def test_one_float64_leaf_makes_the_scalars_float64():
    assert tree.scalar_dtype([np.ones(1, np.float32), np.ones(1)]) == np.float64
    assert tree.scalar_dtype([strict.ones(1)]) == strict.float64


RAVELLED = {
    "W": np.arange(6.0, dtype=np.float32).reshape(2, 3),
    "b": np.float32(7),
    "e": np.zeros((0, 2), np.float32),
}


def test_ravel_compiled_equals_numpy_and_unravel_is_its_inverse():
    flat = tree.ravel(RAVELLED)
    np.testing.assert_array_equal(flat, [0, 1, 2, 3, 4, 5, 7])
    np.testing.assert_array_equal(jax.jit(tree.ravel)(RAVELLED), flat)
    mixed = jax.jit(lambda b: tree.ravel({**RAVELLED, "b": b}))(RAVELLED["b"])
    np.testing.assert_array_equal(mixed, flat)
    again = jax.jit(lambda t: tree.unravel(tree.ravel(t), t))(RAVELLED)
    jax.tree.map(np.testing.assert_array_equal, again, RAVELLED)


def test_ravel_is_differentiated_and_mapped():
    weights = jnp.arange(7.0)
    found = jax.grad(lambda t: jnp.sum(weights * tree.ravel(t)))(jax.tree.map(jnp.asarray, RAVELLED))
    np.testing.assert_array_equal(tree.ravel(found), weights)
    three = jax.tree.map(lambda a: jnp.stack([a, 2 * a, 3 * a]), RAVELLED)
    np.testing.assert_array_equal(jax.vmap(tree.ravel)(three), np.outer([1, 2, 3], tree.ravel(RAVELLED)))


def test_ravel_compiles_to_no_concatenation():
    """Fused with what makes its parts, it reads beyond them, see docs/decisions/0011."""

    def grads(t):
        return tree.ravel(jax.tree.map(lambda a: 2 * a + 1, t)) + 1

    assert " concatenate(" not in jax.jit(grads).lower(RAVELLED).compile().as_text()
