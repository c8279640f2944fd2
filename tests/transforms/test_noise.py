"""Annealed noise: its variance law, its independence, and that it is the same everywhere."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from neuralopt.core import tree
from neuralopt.schedules import Cosine
from neuralopt.transforms import AnnealedNoise

SIZE = 40_000


def zeros(dtype=np.float64, size=SIZE):
    return {"a": np.zeros(size, dtype), "b": np.zeros(size, dtype)}


def noise(transform, params, steps, start=0):
    state = transform.init(params)._replace(count=np.asarray(start, np.int32))
    drawn = []
    for _ in range(steps):
        updates, state = transform.update(params, state, params)
        drawn.append(updates)
    return drawn


@pytest.mark.parametrize(("eta", "gamma"), [(0.01, 0.55), (1.0, 0.55), (0.3, 1.0), (0.3, 0.0)])
def test_the_variance_follows_the_law(eta, gamma):
    for t in (0, 1, 9, 999):
        sample = noise(AnnealedNoise(eta, gamma), zeros(), 1, start=t)[0]["a"]
        law = eta / (1 + t) ** gamma
        # five standard errors of a variance estimate, and of a mean
        assert abs(sample.var() / law - 1) < 5 * np.sqrt(2 / SIZE)
        assert abs(sample.mean()) < 5 * np.sqrt(law / SIZE)


def test_the_noise_is_normal():
    sample = noise(AnnealedNoise(1.0), zeros(), 1)[0]["a"]
    assert abs((sample**3).mean()) < 5 * np.sqrt(15 / SIZE)
    assert abs((sample**4).mean() - 3) < 5 * np.sqrt(96 / SIZE)


def test_leaves_steps_and_seeds_are_independent():
    steps = noise(AnnealedNoise(1.0, 0.0), zeros(), 2)
    other = noise(AnnealedNoise(1.0, 0.0, seed=1), zeros(), 1)
    samples = np.stack([steps[0]["a"], steps[0]["b"], steps[1]["a"], steps[1]["b"], other[0]["a"]])
    correlation = np.corrcoef(samples) - np.eye(5)
    assert np.abs(correlation).max() < 5 / np.sqrt(SIZE)


@pytest.mark.parametrize("dtype", [np.float32, np.float64, jnp.bfloat16])
def test_numpy_and_jax_see_the_same_noise(dtype):
    opt, params = AnnealedNoise(0.1, seed=5), zeros(dtype, 64)
    here = noise(opt, params, 3)
    with jax.enable_x64(dtype == np.float64):
        there = jax.tree.map(jnp.asarray, params)
        step, state = jax.jit(opt.update), opt.init(there)
        for ours in here:
            theirs, state = step(there, state, there)
            for name, leaf in ours.items():
                assert isinstance(leaf, np.ndarray)
                assert leaf.dtype == theirs[name].dtype == dtype
                np.testing.assert_allclose(
                    np.asarray(leaf, np.float64),
                    np.asarray(theirs[name], np.float64),
                    rtol=4 * float(jnp.finfo(dtype).eps),
                )


def test_all_dtypes_see_the_same_noise():
    low, single, double = (
        noise(AnnealedNoise(), zeros(d, 64), 1)[0]["a"] for d in (jnp.bfloat16, np.float32, np.float64)
    )
    np.testing.assert_array_equal(low, single.astype(jnp.bfloat16))
    np.testing.assert_allclose(single, double, rtol=1e-6)


def test_a_resumed_run_sees_the_noise_it_would_have_seen():
    whole = noise(AnnealedNoise(), zeros(size=8), 6)
    for k in range(6):
        for full, resumed in zip(
            whole[k:], noise(AnnealedNoise(), zeros(size=8), 6 - k, start=k), strict=True
        ):
            np.testing.assert_array_equal(full["a"], resumed["a"])


def test_the_gradient_is_kept_and_no_variance_is_no_noise():
    grads = {"a": np.arange(5.0)}
    updates, _ = AnnealedNoise(1e-20).update(grads, AnnealedNoise().init(grads), grads)
    np.testing.assert_allclose(updates["a"], grads["a"], atol=1e-9)
    updates, _ = AnnealedNoise(0.0).update(grads, AnnealedNoise().init(grads), grads)
    np.testing.assert_array_equal(updates["a"], grads["a"])


def test_a_sweep_over_seeds_draws_for_each_and_compiles_once():
    params, traced = {"a": jnp.zeros(6)}, []

    @jax.jit
    def run(transform):
        traced.append(1)
        return transform.update(params, transform.init(params), params)[0]["a"]

    alone = [run(AnnealedNoise(0.1, seed=seed)) for seed in (0, 1, 2)]
    assert len(traced) == 1
    swept = jax.vmap(lambda seed: run(AnnealedNoise(0.1, seed=seed)))(jnp.arange(3))
    np.testing.assert_allclose(swept, np.stack(alone), rtol=1e-6)
    assert len(np.unique(np.asarray(swept))) == 18


def test_the_generator_is_not_the_users_default():
    expected = noise(AnnealedNoise(), zeros(size=4), 1)
    with jax.default_prng_impl("rbg"):
        np.testing.assert_array_equal(expected[0]["a"], noise(AnnealedNoise(), zeros(size=4), 1)[0]["a"])


def test_its_numbers_can_be_scheduled():
    sizes = [
        np.abs(tree.leaves(step)[0]).mean()
        for step in noise(AnnealedNoise(Cosine(1.0, 2), 0.0), zeros(size=999), 3)
    ]
    assert sizes[0] > sizes[1] > sizes[2] == 0.0
