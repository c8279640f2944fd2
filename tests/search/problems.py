"""Small problems, and the naive loop: one full forward pass for every value of every weight."""

import numpy as np

from neuralopt.models import MLP


def parity(bits):
    X = np.array(np.meshgrid(*[[-1.0, 1.0]] * bits)).reshape(bits, -1).T
    return X, np.where(X.prod(axis=1) > 0, 1, -1)


def spirals():
    i = np.arange(97)
    angle, radius = i * np.pi / 16, (104 - i) / 104
    arm = np.c_[radius * np.sin(angle), radius * np.cos(angle)]
    return np.r_[arm, -arm], np.r_[np.ones(97), -np.ones(97)]


def naive_sweep(mlp: MLP, params, X, value, grids):
    """Set every weight in turn to the value of the lowest loss; the current one stays where none is lower.

    ``value`` takes outputs; ``grids`` are the values for weights and for biases.
    """
    params = [(W.copy(), b.copy()) for W, b in params]
    now = value(mlp.forward(params, X))
    for W, b in params:
        for unit in range(W.shape[1]):
            for place in [*range(W.shape[0]), None]:
                part, where = (b, unit) if place is None else (W, (place, unit))
                kept = part[where]
                for candidate in grids[place is None]:
                    part[where] = candidate
                    found = value(mlp.forward(params, X))
                    if found < now - 1e-12 * abs(now):
                        now, kept = found, candidate
                part[where] = kept
    return params, now


def enumerated(z, a, cost):
    """Return the lowest cost over one t in every interval between breakpoints; ``cost`` takes z + t a."""
    moving = a != 0
    t = np.unique(-z[moving] / a[moving])
    if not t.size:
        return cost(z)
    middles = [t[0] - 1, *(t[:-1] + t[1:]) / 2, t[-1] + 1]
    return min(cost(z), *(cost(z + m * a) for m in middles))


def least_errors(X, y):
    """Return the fewest errors of any line on points in the plane, by all lines through two of them."""
    best = len(y)
    for i in range(len(y)):
        for j in range(i):
            d = X[i] - X[j]
            side = (X - X[i]) @ np.array([-d[1], d[0]])
            on = np.abs(side) < 1e-9
            for sign in (1, -1):
                best = min(best, int(((sign * side > 0) != (y > 0))[~on].sum()))
    return best
