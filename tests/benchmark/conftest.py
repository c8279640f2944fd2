"""Small tasks of both kinds, and one small comparison that many tests look at."""

import numpy as np
import pandas as pd
import pytest

from neuralopt.benchmark import Budget, Task, make_task


def table(kind: str, rows: int = 60) -> pd.DataFrame:
    """Return three columns and a target that follows from them, with noise."""
    rng = np.random.default_rng(7)
    frame = pd.DataFrame(rng.normal(size=(rows, 3)).round(3), columns=["a", "b", "c"])
    if kind == "classification":
        noisy = frame.to_numpy() + 0.5 * rng.normal(size=(rows, 3))
        return frame.assign(y=np.array(["oak", "elm", "ash"])[noisy.argmax(axis=1)])
    return frame.assign(y=frame["a"] - 2 * frame["b"] * frame["c"] + 0.3 * rng.normal(size=rows))


@pytest.fixture
def frame_of():
    """Return the maker of tables."""
    return table


@pytest.fixture(params=["regression", "classification"])
def task(request: pytest.FixtureRequest) -> Task:
    """A task of each kind, 60 rows."""
    return make_task(request.param, table(request.param), "y")


@pytest.fixture
def quick() -> Budget:
    """Two learning rates, two seeds, two epochs, three units: the shapes that other tests compiled."""
    return Budget(rates=2, seeds=2, epochs=2, hidden=(3,))
