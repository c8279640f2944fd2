"""Adaptive dropout overfits less than the fixed rate it starts from, at equal budget, on every seed."""

import numpy as np
import pytest
from sklearn.datasets import load_diabetes

from neuralopt import MLP, EarlyStopping, schedules, sweep

SEEDS = range(5)


@pytest.fixture(scope="module")
def split():
    X, y = (np.asarray(a, np.float32) for a in load_diabetes(return_X_y=True))
    X, y = ((a - a.mean(axis=0)) / a.std(axis=0) for a in (X, y))
    order = np.random.default_rng(0).permutation(len(X))
    return [(X[rows], y[rows, None]) for rows in np.split(order, [200, 300])]


def test_the_gap_shrinks_on_every_seed(split):
    training, validation, test = split
    net = MLP((10, 64, 1), "relu")

    def gaps(dropout):
        runs = sweep(
            net,
            training,
            learning_rates=[0.005],
            seeds=SEEDS,
            epochs=100,
            validation=validation,
            dropout=dropout,
            early_stopping=EarlyStopping(patience=100, restore_best=False),  # the last epoch's parameters
        )
        models = [runs.model(0, seed) for seed in SEEDS]
        losses = [[np.mean((m.forward(X) - y) ** 2) for X, y in (training, test)] for m in models]
        return np.diff(losses)[:, 0], runs

    fixed, _ = gaps(0.1)
    adaptive, runs = gaps(schedules.AdaptiveDropout(0.1, high=0.7))
    rates = runs.history["dropout"][0]
    assert rates.max() > 0.2
    assert ((rates >= 0) & (rates <= 0.7 + 1e-6)).all()
    assert len({tuple(r) for r in rates}) > 1  # each run has a feedback of its own
    assert (adaptive < 0.9 * fixed).all(), (adaptive, fixed)
