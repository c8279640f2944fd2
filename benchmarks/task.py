"""The task that all peers train, and whether they did."""

import dataclasses
from typing import Any

import numpy as np
from harness import Run, check, number

B1, B2, EPS = 0.9, 0.999, 1e-8


@dataclasses.dataclass(frozen=True)
class Task:
    """What all peers train."""

    X: np.ndarray  # (n, inputs), float32
    y: np.ndarray  # (n, 1) float32, or (n,) int32 classes
    sizes: tuple[int, int, int]
    loss: str  # "squared_error" or "cross_entropy"
    epochs: int
    batch_size: int = 32
    learning_rate: float = 3e-3

    @property
    def steps(self) -> int:
        """Steps of a run; the last batch of an epoch is a short one."""
        return self.epochs * -(-len(self.X) // self.batch_size)

    def start(self) -> list[tuple[np.ndarray, np.ndarray]]:
        """Return the parameters that the peers start from: Glorot's uniform."""
        random, params = np.random.default_rng(0), []
        for n, m in zip(self.sizes[:-1], self.sizes[1:], strict=True):
            limit = np.sqrt(6 / (n + m))
            W = random.uniform(-limit, limit, (n, m)).astype(np.float32)
            params.append((W, np.zeros(m, np.float32)))
        return params

    def loss_of(self, params: Any) -> float:
        """Return the loss of parameters on all rows, in float64 and by none of the peers' code."""
        (W1, b1), (W2, b2) = [(np.asarray(W, np.float64), np.asarray(b, np.float64)) for W, b in params]
        out = np.tanh(self.X.astype(np.float64) @ W1 + b1) @ W2 + b2
        if self.loss == "squared_error":
            return float(np.mean((out - self.y) ** 2))
        top = out.max(axis=1, keepdims=True)
        log_sum = np.log(np.exp(out - top).sum(axis=1)) + top[:, 0]
        return float(np.mean(log_sum - out[np.arange(len(out)), self.y]))

    def untrained_loss(self) -> float:
        """Return the loss of the best constant prediction."""
        if self.loss == "squared_error":
            return float(np.var(self.y))
        shares = np.bincount(self.y) / len(self.y)
        return float(-np.sum(shares * np.log(shares)))


def learning_checks(task: Task, runs: dict[str, list[Run]]) -> tuple[list[dict[str, Any]], dict[str, float]]:
    """Check that every peer learned, and about as much as the others; return the median losses too."""
    losses = {name: float(np.median([task.loss_of(r.params) for r in rs])) for name, rs in runs.items()}
    worst = {name: max(task.loss_of(r.params) for r in rs) for name, rs in runs.items()}
    bound, middle = 0.5 * task.untrained_loss(), float(np.median(list(losses.values())))
    idle = [f"{n} {number(v)}" for n, v in worst.items() if not v <= bound]
    apart = [f"{n} {number(v)}" for n, v in losses.items() if not middle / 2 <= v <= 2 * middle]
    return [
        check(
            "every run of every peer learned",
            not idle,
            f"final loss at most {number(bound)}, half of what a constant gets"
            + (f"; not: {', '.join(idle)}" if idle else ""),
        ),
        check(
            "the peers did the same work",
            not apart,
            f"median final losses within a factor 2 of {number(middle)}"
            + (f"; not: {', '.join(apart)}" if apart else ""),
        ),
    ], losses
