"""Data shared by the tests of several workers."""

import numpy as np
import pytest

from neuralopt import MLP


@pytest.fixture(autouse=True, scope="session")
def no_program_cache():
    """Compile anew in every session."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("NEURALOPT_CACHE", "off")
        yield


@pytest.fixture(scope="session")
def regression():
    """50 rows: batches of 16 leave a remainder of 2."""
    random = np.random.default_rng(0)
    X = random.normal(size=(50, 3))
    return X, np.stack([np.sin(X[:, 0]) * X[:, 1], X[:, 2] ** 2], axis=1)


@pytest.fixture(scope="session")
def net():
    return MLP((3, 6, 2))
