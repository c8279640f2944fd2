"""A table with every kind of column."""

import numpy as np
import pandas as pd
import pytest


@pytest.fixture
def frame():
    rng = np.random.default_rng(0)
    n = 40
    return pd.DataFrame(
        {
            "size": rng.normal(50, 9, n),
            "rooms": rng.integers(1, 6, n),
            "garden": np.arange(n) % 3 == 0,
            "city": np.array(["Ankara", "İzmir", "Bursa", "Adana"])[np.arange(n) % 4],
            "price": rng.normal(1000, 200, n),
            "kind": np.array(["flat", "house"])[rng.integers(0, 2, n)],
        }
    )
