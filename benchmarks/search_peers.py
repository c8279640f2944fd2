"""The naive loop, Adam with straight-through gradients, CMA-ES and random features for `bench_search`."""

import itertools
import time
from typing import Any

import numpy as np

Params = list[tuple[np.ndarray, np.ndarray]]


def naive_seconds(sizes: list[int], X: Any, Y: Any, activation: str, values: int, weights: int) -> float:
    """Return the seconds of one naive sweep in torch: a full forward pass for every value of every weight.

    The first ``weights`` of the first layer are timed, and the rest reckoned at the same price.
    """
    import torch

    random = torch.Generator().manual_seed(0)
    shapes = list(itertools.pairwise(sizes))
    layers = [
        (torch.randn(m, n, generator=random, dtype=torch.float64), torch.zeros(n, dtype=torch.float64))
        for m, n in shapes
    ]
    X, Y = torch.as_tensor(X), torch.as_tensor(Y)
    act = torch.tanh if activation == "tanh" else lambda z: (z >= 0).to(z.dtype)

    def loss() -> Any:
        a = X
        for W, b in layers[:-1]:
            a = act(a @ W + b)
        W, b = layers[-1]
        return torch.mean((a @ W + b - Y) ** 2)

    torch.set_num_threads(1)  # so small a network is only slowed down by more
    with torch.no_grad():
        grid, W = torch.linspace(-5, 5, values, dtype=torch.float64), layers[0][0]
        loss()
        begin = time.perf_counter()
        for k in range(weights):
            place = (k % W.shape[0], k // W.shape[0])
            best, kept = loss(), W[place].clone()
            for value in grid:
                W[place] = value
                now = loss()
                if now < best:
                    best, kept = now, value.clone()
            W[place] = kept
    count = sum((m + 1) * n for m, n in shapes)
    return (time.perf_counter() - begin) / weights * count


def random_features(X: Any, Y: Any, units: int, seed: int) -> Any:
    """Return outputs(X) of random step units with a ridge readout of the best of three penalties."""
    random = np.random.default_rng(seed)
    W, b = random.standard_normal((X.shape[1], units)), 0.5 * random.standard_normal(units)

    def features(A: Any) -> Any:
        return np.c_[A @ W + b >= 0, np.ones(len(A))].astype(np.float64)

    H = features(X)
    V = np.linalg.solve(H.T @ H + 1e-2 * len(H) / 100 * np.eye(H.shape[1]), H.T @ Y)
    return lambda A: features(A) @ V


def straight_through(sizes: list[int], X: Any, y: Any, loss: str, seconds: float, seed: int) -> Any:
    """Return a `GradientModel` of step units: Adam with straight-through gradients, the better of two rates.

    Compiling is outside the clock.
    """
    from neuralopt.search import GradientModel

    best = None
    first, *hidden, last = sizes
    for rate in (0.003, 0.03):
        model = GradientModel(first, hidden, last, loss=loss, activation="step", batch_size=64, seed=seed)
        model.train_model(X, y, 2, rate)
        model.budget_s = seconds / 2
        losses = model.train_model(X, y, 100_000, rate)["loss"]
        if best is None or losses.min() < best[0]:
            best = float(losses.min()), model
    assert best is not None
    return best[1]


def evolution(sizes: list[int], X: Any, y: Any, loss: str, seconds: float, seed: int) -> Any:
    """Return an `EvolutionModel` of step units: CMA-ES, separable above 500 parameters."""
    from neuralopt.search import EvolutionModel

    first, *hidden, last = sizes
    model = EvolutionModel(first, hidden, last, loss=loss, activation="step", budget_s=seconds, seed=seed)
    model.evolve(X, y, 10**6)
    return model
