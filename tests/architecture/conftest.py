"""Small data and spaces for searches."""

import numpy as np
import pytest
from sklearn.datasets import load_digits

from neuralopt.architecture import MLPSpace, MobileNetV3Space


@pytest.fixture(scope="session")
def digits():
    """Images (n, 8, 8) from -1 to 1 and their digits."""
    held = load_digits()
    return (held.images / 8 - 1).astype(np.float32), held.target


@pytest.fixture(scope="session")
def rings():
    """Two classes that no line parts: 200 points."""
    X = np.random.default_rng(0).normal(size=(200, 2)).astype(np.float32)
    return X, (np.hypot(*X.T) > 1.1).astype(int)


@pytest.fixture(scope="session")
def small_mlps():
    """84 networks."""
    return MLPSpace(2, 2, depths=(1, 2, 3), widths=(2, 4, 8), activations=("relu", "tanh"))


@pytest.fixture(scope="session")
def small_mobilenets():
    """(4² + 4³)² networks of two stages, the second with squeeze-excite."""
    return MobileNetV3Space(
        (8, 8), 1, 10, width=0.25, kernels=(3, 5), expansions=(1, 2), depths=(2, 3), stages=2
    )
