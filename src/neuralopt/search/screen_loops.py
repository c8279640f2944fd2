"""Candidates for one weight of a smooth network, in float32, as compiled loops; see `screen`."""

import numpy as np
from numba import njit

TANH, SIGMOID, RELU, IDENTITY = range(4)
_BLOCK = 256  # rows at a time: all layers of a block stay in the nearest cache
_LOOP = {"cache": True, "nogil": True, "error_model": "numpy"}  # a check of divisors costs the vectors
_FAST = {"reassoc", "nsz", "contract"}
_OVER = tuple(np.float32(c) for c in (0.99999988, 0.133731961, 3.48658068e-3, 2.04718126e-5, 1.31842004e-8))
_UNDER = tuple(np.float32(c) for c in (1.0, 0.467064947, 2.58419756e-2, 3.27138347e-4, 7.7026533e-7))


@njit(**_LOOP)
def sums_of_squares(z, a, h, pre, v, weights, biases, sizes, y, steps, code, enough):
    """Return the sum of squared errors at every step; of some only a part, which is above ``enough``.

    z, a and h, the unit's pre-activations, what a step adds to them and its values now, have shape (n,);
    pre, of shape (m, n), is the layer after it, v its weights there. ``weights`` and ``biases`` hold the
    layers after that one after the other, ``sizes`` all their widths, m first; y has shape (k, n).
    """
    n, widest = z.shape[0], sizes.max()
    sums, unit = np.zeros(steps.shape[0]), np.empty(_BLOCK, np.float32)
    here, there = np.empty((widest, _BLOCK), np.float32), np.empty((widest, _BLOCK), np.float32)
    for begin in range(0, n, _BLOCK):
        rows = slice(begin, min(n, begin + _BLOCK))
        b = rows.stop - rows.start
        off = unit[:b]
        for s in range(steps.shape[0]):
            if sums[s] > enough:
                continue
            _moved(z[rows], a[rows], steps[s], off)
            _activate(off, code)
            _sum(off, h[rows], np.float32(-1.0), off)
            for u in range(sizes[0]):
                _sum(pre[u, rows], off, v[u], here[u, :b])
            weight, bias = 0, 0
            for layer in range(sizes.shape[0] - 1):
                for p in range(sizes[layer]):
                    _activate(here[p, :b], code)
                for u in range(sizes[layer + 1]):
                    there[u, :b] = biases[bias]
                    for p in range(sizes[layer]):
                        _sum(there[u, :b], here[p, :b], weights[weight], there[u, :b])
                        weight += 1
                    bias += 1
                here, there = there, here
            for u in range(y.shape[0]):
                sums[s] += _square(here[u, :b], y[u, rows])
    return sums


@njit(**_LOOP, fastmath=_FAST)
def _moved(z, a, step, out):
    for i in range(out.shape[0]):
        out[i] = z[i] + step * a[i]


@njit(**_LOOP, fastmath=_FAST)
def _sum(first, second, factor, out):
    for i in range(out.shape[0]):
        out[i] = first[i] + factor * second[i]


@njit(**_LOOP, fastmath=_FAST)
def _square(first, second):
    total = np.float32(0.0)
    for i in range(first.shape[0]):
        total += (first[i] - second[i]) * (first[i] - second[i])
    return total


@njit(**_LOOP)
def _activate(x, code):
    if code == TANH:
        _tanh(x, np.float32(1.0), np.float32(0.0))
    elif code == SIGMOID:
        _tanh(x, np.float32(0.5), np.float32(0.5))
    elif code == RELU:
        for i in range(x.shape[0]):
            x[i] = max(x[i], np.float32(0.0))


@njit(**_LOOP, fastmath=_FAST)
def _tanh(x, factor, shift):
    """Put ``shift + factor' tanh(factor x)`` in place of x, by a rational function within 4e-7."""
    outer = np.float32(1.0) - shift
    for i in range(x.shape[0]):
        v = min(max(factor * x[i], np.float32(-9.0)), np.float32(9.0))
        s = v * v
        over = (((_OVER[4] * s + _OVER[3]) * s + _OVER[2]) * s + _OVER[1]) * s + _OVER[0]
        under = (((_UNDER[4] * s + _UNDER[3]) * s + _UNDER[2]) * s + _UNDER[1]) * s + _UNDER[0]
        x[i] = shift + outer * (v * over / under)
