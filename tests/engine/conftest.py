"""Data and small runs shared by the engine's tests."""

import jax
import numpy as np
import pytest

from neuralopt import MLP


@pytest.fixture(autouse=True, scope="session")
def no_program_cache():
    """Compile anew in every session; the cache has tests of its own."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("NEURALOPT_CACHE", "off")
        yield


@pytest.fixture(autouse=True)
def precision_is_left_alone():
    """No run may leave float64 switched on or off behind it."""
    before = jax.config.jax_enable_x64
    yield
    assert jax.config.jax_enable_x64 == before
    assert jax.numpy.ones(1).dtype == (np.float64 if before else np.float32)


@pytest.fixture(scope="session")
def regression():
    """50 rows: batches of 16 leave a remainder of 2."""
    random = np.random.default_rng(0)
    X = random.normal(size=(50, 3))
    return X, np.stack([np.sin(X[:, 0]) * X[:, 1], X[:, 2] ** 2], axis=1)


@pytest.fixture(scope="session")
def held_out():
    random = np.random.default_rng(1)
    X = random.normal(size=(20, 3))
    return X, np.stack([np.sin(X[:, 0]) * X[:, 1], X[:, 2] ** 2], axis=1)


@pytest.fixture(scope="session")
def classes():
    random = np.random.default_rng(2)
    X = random.normal(size=(50, 3))
    return X, (X[:, 0] > 0).astype(int) + (X[:, 1] > 0)


@pytest.fixture(scope="session")
def net():
    return MLP((3, 6, 2))


@pytest.fixture(scope="session")
def classifier():
    return MLP((3, 6, 3))


class Checks:
    """Comparisons of two results."""

    @staticmethod
    def same(one, other, rtol=0.0, atol=0.0, history=True):
        """The same status, best epoch, history without seconds, and parameters; bit for bit by default."""
        assert one.status is other.status
        assert one.epochs == other.epochs
        assert one.best_epoch == other.best_epoch
        if history:
            assert set(one.history) == set(other.history)
            for name in set(one.history) - {"seconds"}:
                np.testing.assert_allclose(
                    other.history[name], one.history[name], rtol=rtol, atol=atol, err_msg=name
                )
        for a, b in zip(jax.tree.leaves(one.params), jax.tree.leaves(other.params), strict=True):
            assert a.dtype == b.dtype
            np.testing.assert_allclose(b, a, rtol=rtol, atol=atol)


@pytest.fixture(scope="session")
def check():
    return Checks
