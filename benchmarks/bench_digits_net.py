"""A 64-64-10 tanh net on scikit-learn's digits, batch 32, Adam: time per step of all peers."""

from typing import Any

from harness import Target, main
from steps import SETTINGS as SETTINGS
from steps import measure_steps

TITLE = "Digits net: 64-64-10, cross-entropy"
TARGETS = (Target("torch eager, fused Adam, the faster thread count", "torch", ">=", 6.0, "×"),)


def measure(quick: bool) -> dict[str, Any]:
    """Measure this section; see `harness`."""
    import numpy as np
    from sklearn.datasets import load_digits
    from task import Task

    X, y = load_digits(return_X_y=True)
    X = (X / 16).astype(np.float32)
    task = Task(X, y.astype(np.int32), (64, 64, 10), "cross_entropy", 10 if quick else 60, learning_rate=1e-3)
    return measure_steps(task, rounds=2 if quick else 9)


if __name__ == "__main__":
    main(measure)
