"""A 10-64-1 tanh net on 1000 rows, batch 32, Adam: time per step of all peers."""

from typing import Any

from harness import Target, main
from steps import SETTINGS as SETTINGS
from steps import measure_steps

TITLE = "Small net: 10-64-1, regression"
TARGETS = (
    Target("time per step of neuralopt.train", "step", "<=", 8.0, "µs"),
    Target("torch eager, fused Adam, the faster thread count", "torch", ">=", 15.0, "×"),
    Target("the same in plain NumPy", "plain", ">=", 5.0, "×"),
    Target("scikit-learn MLPRegressor", "sklearn", ">=", 10.0, "×"),
)


def measure(quick: bool) -> dict[str, Any]:
    """Measure this section; see `harness`."""
    import numpy as np
    from task import Task

    random = np.random.default_rng(0)
    X = random.normal(size=(1000, 10)).astype(np.float32)
    clean = np.sin(2 * X[:, 0]) + X[:, 1] * X[:, 2] + 0.5 * X[:, 3]
    y = (clean + random.normal(0, 0.1, 1000)).astype(np.float32)[:, None]
    task = Task(X, y, (10, 64, 1), "squared_error", epochs=60 if quick else 300)
    return measure_steps(task, rounds=2 if quick else 9)


if __name__ == "__main__":
    main(measure)
