"""The same training in NumPy without any framework, twice: as one writes it, and tuned by hand."""

from collections.abc import Callable

import numpy as np
from harness import Clock, Run
from task import B1, B2, EPS, Task


def plain_peer(task: Task) -> Callable[[int], Run]:
    """Return the loop as one writes it: four arrays, backpropagation, Adam's moments in place."""

    def run(seed: int) -> Run:
        (W1, b1), (W2, b2) = task.start()
        params, random, t = (W1, b1, W2, b2), np.random.default_rng(seed), 0
        moments = [(np.zeros_like(p), np.zeros_like(p)) for p in params]
        gradient = _GRADIENTS[task.loss]
        history = []
        with Clock() as clock:
            for _ in range(task.epochs):
                order, total = random.permutation(len(task.X)), 0.0
                X, y = task.X[order], task.y[order]
                for i in range(0, len(X), task.batch_size):
                    x, target = X[i : i + task.batch_size], y[i : i + task.batch_size]
                    a = np.tanh(x @ W1 + b1)
                    loss, d = gradient(a @ W2 + b2, target)
                    total += loss
                    dz = (d @ W2.T) * (1 - a * a)
                    t, rate, eps = _corrected(task, t)
                    grads = (x.T @ dz, dz.sum(axis=0), a.T @ d, d.sum(axis=0))
                    for p, g, (m, v) in zip(params, grads, moments, strict=True):
                        m *= B1
                        m += (1 - B1) * g
                        v *= B2
                        v += (1 - B2) * g * g
                        p -= rate * m / (np.sqrt(v) + eps)
                history.append(total / len(X))
        return Run(clock.seconds, task.steps, [(W1, b1), (W2, b2)])

    return run


def tuned_peer(task: Task) -> Callable[[int], Run]:
    """Return the loop tuned by hand: all parameters in one vector, every large result written in place."""

    def run(seed: int) -> Run:
        p, layers = _joined(task.start())
        (W1, b1), (W2, b2) = layers
        g, grads = _joined([(np.zeros_like(W), np.zeros_like(b)) for W, b in layers])
        (G1, g1), (G2, g2) = grads
        m, v, w = np.zeros_like(p), np.zeros_like(p), np.empty_like(p)
        A, DZ = np.empty((2, task.batch_size, task.sizes[1]), np.float32)
        random, t = np.random.default_rng(seed), 0
        gradient, add = _GRADIENTS[task.loss], np.add.reduce
        history = []
        with Clock() as clock:
            for _ in range(task.epochs):
                order, total = random.permutation(len(task.X)), 0.0
                X, y = task.X[order], task.y[order]
                for i in range(0, len(X), task.batch_size):
                    x = X[i : i + task.batch_size]
                    a, dz = A[: len(x)], DZ[: len(x)]
                    np.matmul(x, W1, out=a)
                    a += b1
                    np.tanh(a, out=a)
                    out = a @ W2
                    out += b2
                    loss, d = gradient(out, y[i : i + task.batch_size])
                    total += loss
                    np.matmul(a.T, d, out=G2)
                    add(d, axis=0, out=g2)
                    np.matmul(d, W2.T, out=dz)
                    a *= a
                    np.subtract(1, a, out=a)
                    dz *= a
                    np.matmul(x.T, dz, out=G1)
                    add(dz, axis=0, out=g1)
                    t, rate, eps = _corrected(task, t)
                    np.multiply(g, g, out=w)
                    w *= 1 - B2
                    v *= B2
                    v += w
                    g *= 1 - B1
                    m *= B1
                    m += g
                    np.sqrt(v, out=w)
                    w += eps
                    np.divide(m, w, out=w)
                    w *= rate
                    p -= w
                history.append(total / len(X))
        return Run(clock.seconds, task.steps, layers)

    return run


def _corrected(task: Task, t: int) -> tuple[int, float, float]:
    """Return the next step's number, and rate and eps with both bias corrections folded in."""
    t += 1
    root = (1 - B2**t) ** 0.5
    return t, task.learning_rate * root / (1 - B1**t), EPS * root


def _joined(layers: list) -> tuple[np.ndarray, list]:
    """Return all parameters in one vector, and the layers as views of it."""
    flat = np.concatenate([array.ravel() for layer in layers for array in layer])
    views, at = [], 0
    for W, b in layers:
        middle, end = at + W.size, at + W.size + b.size
        views.append((flat[at:middle].reshape(W.shape), flat[middle:end]))
        at = end
    return flat, views


def _squared_error(out: np.ndarray, target: np.ndarray) -> tuple[float, np.ndarray]:
    """Return the summed loss of the rows and the gradient of their mean; overwrites ``out``."""
    out -= target
    loss = float(np.vdot(out, out))
    out *= 2 / len(out)
    return loss, out


def _cross_entropy(out: np.ndarray, target: np.ndarray) -> tuple[float, np.ndarray]:
    """Return the summed loss of the rows and the gradient of their mean; overwrites ``out``."""
    rows = np.arange(len(out))
    out -= out.max(axis=1, keepdims=True)
    np.exp(out, out=out)
    out /= out.sum(axis=1, keepdims=True)
    loss = -float(np.log(out[rows, target]).sum())
    out[rows, target] -= 1
    out *= 1 / len(out)
    return loss, out


_GRADIENTS = {"squared_error": _squared_error, "cross_entropy": _cross_entropy}
