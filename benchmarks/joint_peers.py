"""Ways to learn from simulated and real rows that others use, as baselines of `bench_joint`."""

from typing import Any

import numpy as np

_FOLDS = 3
Rows = tuple[np.ndarray, np.ndarray]


def weighted_pooling(simulated: Rows, real: Rows, X: np.ndarray) -> np.ndarray:
    """Return predictions of one kernel ridge on all rows, the real ones with weights chosen by folds."""
    grid = [(g, w) for g in (0.1, 0.5) for w in (1.0, 30.0)]
    return _best_pool(grid, simulated, real, X)


def coral(simulated: Rows, real: Rows, X: np.ndarray) -> np.ndarray:
    """Return predictions of a kernel ridge on real rows, and simulated ones moved to their covariance.

    Sun, Feng and Saenko, 2016, arXiv:1511.05547, on the inputs.
    """
    A, B = simulated[0], real[0]
    d = A.shape[1]
    one, two = (np.cov(M.T).reshape(d, d) + 1e-3 * np.eye(d) for M in (A, B))
    white = np.linalg.cholesky(np.linalg.inv(one))
    moved = (A - A.mean(axis=0)) @ white @ np.linalg.cholesky(two).T + B.mean(axis=0)
    return _best_pool([(g, 1.0) for g in (0.1, 0.5)], (moved, simulated[1]), real, X)


def _best_pool(grid: list[tuple[float, float]], simulated: Rows, real: Rows, X: np.ndarray) -> np.ndarray:
    from sklearn.kernel_ridge import KernelRidge

    def fitted(gamma: float, weight: float, rows: Rows) -> Any:
        inputs, targets = (np.concatenate([a, b]) for a, b in zip(simulated, rows, strict=True))
        weights = np.r_[np.ones(len(simulated[0])), np.full(len(rows[0]), weight)]
        return KernelRidge(kernel="rbf", gamma=gamma, alpha=1e-3).fit(inputs, targets, weights)

    errors = [_folds(real, lambda rows, A, c=choice: fitted(*c, rows).predict(A)) for choice in grid]
    return fitted(*grid[int(np.argmin(errors))], real).predict(X)


def l2_sp(base: Any, real: Rows, X: np.ndarray) -> np.ndarray:
    """Return predictions of the network tuned on the real rows, all weights pulled to the simulator's.

    Li, Grandvalet and Davoine, 2018, arXiv:1802.01483; the pull is chosen by folds.
    """

    def tuned(pull: float, rows: Rows, inputs: np.ndarray) -> np.ndarray:
        return _tune(base, pull, rows).predict(inputs)[:, 0]

    pulls = (1e-4, 1e-3, 1e-2)
    errors = [_folds(real, lambda rows, A, p=pull: tuned(p, rows, A)) for pull in pulls]
    return tuned(pulls[int(np.argmin(errors))], real, X)


def _tune(base: Any, pull: float, rows: Rows) -> Any:
    from scipy.optimize import minimize

    from neuralopt.core import tree

    begin = tree.ravel(base.params)

    def network(x: np.ndarray) -> Any:
        return type(base)(base.mlp, tree.unravel(x, base.params))

    def loss(x: np.ndarray) -> tuple[float, np.ndarray]:
        at = network(x)
        off, moved = at.predict(rows[0])[:, 0] - rows[1], x - begin
        gradient = 2 / len(off) * (at.tangents(rows[0]).T @ off) + 2 * pull * moved
        return float(np.mean(off**2) + pull * moved @ moved), gradient

    return network(minimize(loss, begin, jac=True, method="L-BFGS-B", options={"maxiter": 100}).x)


def tradaboost(simulated: Rows, real: Rows, X: np.ndarray, seed: int, stages: int = 30) -> np.ndarray:
    """Return predictions of TrAdaBoost.R2 with regression trees, beta = E / (1 - E).

    Pardoe and Stone, 2010, "Boosting for regression transfer".
    """
    from sklearn.tree import DecisionTreeRegressor

    inputs, targets = (np.concatenate([a, b]) for a, b in zip(simulated, real, strict=True))
    n = len(simulated[0])
    weights = np.full(len(inputs), 1 / len(inputs))
    fade = 1 / (1 + np.sqrt(2 * np.log(n) / stages))
    trees, betas = [], []
    for stage in range(stages):
        tree = DecisionTreeRegressor(max_depth=8, random_state=seed + stage).fit(inputs, targets, weights)
        off = abs(tree.predict(inputs) - targets)
        off = off / max(float(off.max()), 1e-300)
        E = float(off[n:] @ weights[n:] / weights[n:].sum())
        if E >= 0.5:
            break
        beta = max(E, 1e-6) / (1 - E)
        weights = weights * np.r_[fade ** off[:n], beta ** -off[n:]]
        weights = weights / weights.sum()
        trees.append(tree)
        betas.append(beta)
    if not trees:
        return DecisionTreeRegressor(max_depth=8, random_state=seed).fit(inputs, targets).predict(X)
    late = len(trees) // 2
    return _weighted_median(np.stack([t.predict(X) for t in trees[late:]]), -np.log(np.array(betas[late:])))


def _weighted_median(values: np.ndarray, weights: np.ndarray) -> np.ndarray:
    order = np.argsort(values, axis=0)
    upto = np.cumsum(weights[order], axis=0)
    place = np.argmax(upto >= 0.5 * weights.sum(), axis=0)
    return np.take_along_axis(values, np.take_along_axis(order, place[None], axis=0), axis=0)[0]


def _folds(real: Rows, predict: Any) -> float:
    """Return the mean squared error on folds of the real rows that ``predict(rows, inputs)`` has not seen."""
    rows = np.arange(len(real[0]))
    squares = 0.0
    for k in range(_FOLDS):
        out = rows % _FOLDS == k
        squares += float(np.sum((predict((real[0][~out], real[1][~out]), real[0][out]) - real[1][out]) ** 2))
    return squares
