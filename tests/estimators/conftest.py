"""Data that the tests of the estimators share; programs are cached outside the user's home."""

from collections.abc import Iterator

import jax
import numpy as np
import pytest
from sklearn.datasets import load_iris


@pytest.fixture(scope="session", autouse=True)
def _own_program_cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(
            "NEURALOPT_CACHE", str(tmp_path_factory.mktemp("programs"))
        )  # workers of joblib inherit it
        before = jax.config.jax_compilation_cache_dir
        yield
        jax.config.update("jax_compilation_cache_dir", before)


@pytest.fixture(scope="session")
def regression() -> tuple[np.ndarray, np.ndarray]:
    """60 rows, 3 features of the order of 1, one real target far from it."""
    random = np.random.default_rng(0)
    X = random.normal(size=(60, 3))
    return X, 5000 + 300 * (X[:, 0] * X[:, 1] + X[:, 2])


@pytest.fixture(scope="session")
def iris() -> tuple[np.ndarray, np.ndarray]:
    """150 rows, 4 standardised features, labels of text."""
    data = load_iris()
    X = (data.data - data.data.mean(axis=0)) / data.data.std(axis=0)
    return X, data.target_names[data.target]
