"""A simulator's network that needs no training: random tanh features, the readout at its optimum."""

import numpy as np

from neuralopt.readout import solve


class SmallBase:
    def __init__(self, X, Y, units=64, seed=0):
        random = np.random.default_rng(seed)
        self.inner = random.normal(size=(X.shape[1], units)) / np.sqrt(X.shape[1])
        self.shift = random.normal(size=units)
        self.readout = solve(self.features(X), Y, 1e-7)
        self.weights, self.bias = self.readout.weights, self.readout.bias

    def features(self, X):
        return np.tanh(X @ self.inner + self.shift)

    def predict(self, X):
        return self.readout.predict(self.features(X))


class WithTangents(SmallBase):
    def tangents(self, X):
        H = self.features(X)
        slope = self.weights[:, 0] * (1 - H**2)
        return np.hstack([H, slope, *(slope * X[:, [j]] for j in range(X.shape[1]))])


def drawn(simulator, real, d, n, seed=0, within=None, noise=0.0, tests=500):
    """Return simulated, real and test rows in scaled units, and the network."""
    random = np.random.default_rng(seed)
    X_sim, X_real, X_test = (random.random((rows, d)) for rows in (600, n, tests))
    X_real = X_real if within is None else within(X_real)
    ys, yr, yt = simulator(X_sim), real(X_real), real(X_test)
    yr = yr + noise * yt.std() * random.normal(size=n)
    to_x = lambda X: (X - 0.5) * np.sqrt(12)  # noqa: E731 - one scale for three arrays
    to_y = lambda y: ((y - ys.mean()) / ys.std())[:, None]  # noqa: E731 - the scale of the targets, as above
    rows = [to_x(X_sim), to_y(ys), to_x(X_real), to_y(yr), to_x(X_test), to_y(yt)]
    return WithTangents(*rows[:2], seed=seed), rows


def error(found, wanted):
    return float(np.sqrt(np.mean((found - wanted) ** 2)) / wanted.std())
