"""The exact line search over on/off units as compiled loops; imported only where numba is installed.

The text of `step_line` once more, element by element. A line does not sort its breakpoints: it counts
them into buckets along t, finds the lowest edge between buckets, and sorts only the buckets inside which
the sum may fall below it.
"""

import numpy as np
from numba import njit

TIE = 1e-11  # breakpoints nearer than this, relatively, are one
_LOOP = {"cache": True, "nogil": True, "error_model": "numpy"}  # a check of divisors costs the vectors
_REORDER = {"reassoc", "nsz"}  # sums in any order, so that the compiler does several rows at once


@njit(**_LOOP)
def room_for(n, b):
    """Return what a line works in: for each row t, change and place, for each bucket two sums and a start."""
    return np.empty(n), np.empty(n), np.empty(n, np.int32), np.empty((b, 2)), np.empty(b)


@njit(**_LOOP)
def line(z, a, inverse, c, now, scale, tolerance, room, moved):
    """Minimise ``sum_n c_n [z_n + t a_n >= 0]`` over real t; write the new pre-activations to ``moved``.

    now is the sum at t = 0. Returns the step, 0 where none lowers the sum by more than the tolerance, the
    sum after it, and the sum of the new pre-activations' absolute values.
    """
    t, change, bucket, sums, start = room
    base = _place(z, inverse, c, scale, t, change, bucket, sums.shape[0])
    _fill(bucket, change, sums)
    below = now - tolerance
    best, edge = _lowest_edge(sums, base, below, start)
    step = 0.0
    for k in range(start.shape[0]):
        if start[k] + sums[k, 1] < best and sums[k, 0] > 0.0:  # else an edge is the lowest
            found, at = _inside(k, start[k], t, bucket, change, best)
            if found < best:
                best, step, edge = found, at, -1
    if not best < below:
        return 0.0, now, 0.0
    if edge >= 0:
        left, right = _around(t, bucket, edge)
        if _apart(left, right):
            step = _between(left, right, scale)
        else:  # what looked lowest lies inside a tie
            step, best = _sorted(t, change, base, scale)
            if not best < below:
                return 0.0, now, 0.0
    after, size = _moved(z, a, c, step, moved)
    if after < below:
        return step, after, size
    return 0.0, now, 0.0


@njit(**_LOOP, fastmath=_REORDER)
def _place(z, inverse, c, scale, t, change, bucket, b):
    """Write each row's breakpoint, what changes there and its bucket; return the sum at minus infinity."""
    half, last, base = 0.5 * b, b - 1, 0.0
    for i in range(z.shape[0]):  # without branches
        r, v = inverse[i], c[i]
        at = -z[i] * r
        k = np.int32(half + half * (at / (scale + abs(at))))
        bucket[i] = min(k, last)
        t[i] = np.inf if r == 0.0 else at  # such a row does not move
        change[i] = v if r > 0.0 else (-v if r < 0.0 else 0.0)
        base += v if r < 0.0 else (v if r == 0.0 and z[i] >= 0.0 else 0.0)
    return base


@njit(**_LOOP)
def _fill(bucket, change, sums):
    """Sum what rises and what falls in each bucket."""
    sums[:] = 0.0
    for i in range(change.shape[0]):
        d = change[i]
        sums[bucket[i], np.int64(d < 0.0)] += d


@njit(**_LOOP)
def _lowest_edge(sums, base, below, start):
    """Return the lowest sum at an edge between buckets and the bucket above it, -1 where none is below."""
    best, edge, run = below, -1, base
    for k in range(sums.shape[0]):
        if run < best:
            best, edge = run, k
        start[k] = run
        run += sums[k, 0] + sums[k, 1]
    if run < best:
        best, edge = run, sums.shape[0]
    return best, edge


@njit(**_LOOP)
def _inside(k, at, t, bucket, change, best):
    """Return the best interval between two breakpoints of bucket k, where one is below ``best``."""
    chosen = np.flatnonzero(bucket == k)
    chosen = chosen[np.argsort(t[chosen])]
    step, left = 0.0, -np.inf
    for i in chosen:
        if t[i] == np.inf:
            break
        if at < best and left > -np.inf and _apart(left, t[i]):
            best, step = at, 0.5 * (left + t[i])
        at += change[i]
        left = t[i]
    return best, step


@njit(**_LOOP)
def _around(t, bucket, edge):
    """Return the breakpoints on both sides of the lower edge of a bucket."""
    left, right = -np.inf, np.inf
    for i in range(t.shape[0]):
        if t[i] < np.inf:
            if bucket[i] < edge:
                left = max(left, t[i])
            else:
                right = min(right, t[i])
    return left, right


@njit(**_LOOP)
def _sorted(t, change, base, scale):
    """Return the best of all intervals by sorting every breakpoint."""
    order = np.argsort(t)
    at, best, step, left = base, np.inf, 0.0, -np.inf
    for i in order:
        if at < best and left < t[i] and _apart(left, t[i]):
            best, step = at, _between(left, t[i], scale)
        if t[i] == np.inf:
            break
        at += change[i]
        left = t[i]
    if at < best and left < np.inf and t[order[-1]] < np.inf:
        best, step = at, _between(left, np.inf, scale)
    return step, best


@njit(**_LOOP)
def _apart(left, right):
    if left == -np.inf or right == np.inf:
        return True
    return right - left > TIE * (abs(left) + abs(right)) + 1e-300


@njit(**_LOOP)
def _between(left, right, scale):
    if left == -np.inf:
        return right - scale
    if right == np.inf:
        return left + scale
    return 0.5 * (left + right)


@njit(**_LOOP, fastmath=_REORDER)
def _moved(z, a, c, step, moved):
    """Write pre-activations after a step; return the sum over rows that are on, and that of their sizes."""
    after, size = 0.0, 0.0
    for i in range(z.shape[0]):
        at = z[i] + step * a[i]
        moved[i] = at
        after += c[i] if at >= 0.0 else 0.0
        size += abs(at)
    return after, size


@njit(**_LOOP)
def weights(columns, inverses, sizes, z, w, c, order, tolerance, buckets):
    """Set the incoming weights of one unit in turn, each to its exact optimum; z and w are changed.

    columns and inverses have shape (d, n), sizes (d,): the mean absolute value of each column. Returns
    the number of moves and the sum after them.
    """
    n = z.shape[0]
    room, here, moved = room_for(n, buckets), z.copy(), np.empty(n)
    now, size = _moved(z, z, c, 0.0, moved)
    moves = 0
    for j in order:
        if sizes[j] == 0.0 or size == 0.0:
            continue
        scale = size / n / sizes[j]
        step, now, large = line(here, columns[j], inverses[j], c, now, scale, tolerance, room, moved)
        if step != 0.0:
            w[j] += step
            moves += 1
            size = large
            here, moved = moved, here
    z[:] = here
    return moves, now


@njit(**_LOOP)
def levels(columns, sizes, z, w, c, order, allowed, tolerance):
    """Set the incoming weights of one unit in turn, each to the best of a few levels; z and w are changed."""
    n = z.shape[0]
    now = 0.0
    for i in range(n):
        if z[i] >= 0:
            now += c[i]
    moves = 0
    for j in order:
        if sizes[j] == 0.0:
            continue
        a = columns[j]
        best, level = now - tolerance, w[j]
        for k in range(allowed.shape[0]):
            if allowed[k] == w[j]:
                continue
            step, after = allowed[k] - w[j], 0.0
            for i in range(n):
                after += c[i] if z[i] + step * a[i] >= 0.0 else 0.0
            if after < best:
                best, level = after, allowed[k]
        if level != w[j]:
            step = level - w[j]
            for i in range(n):
                z[i] += step * a[i]
            w[j] = level
            now = best
            moves += 1
    return moves, now


@njit(**_LOOP)
def along(z, a, c, tolerance, buckets):
    """Search along one direction: a is what it adds to the pre-activations. Returns the step and the sum."""
    n = z.shape[0]
    inverse, moved, length = np.empty(n), np.empty(n), 0.0
    now, size = _moved(z, z, c, 0.0, moved)
    for i in range(n):
        inverse[i] = 1.0 / a[i] if abs(a[i]) > 1e-300 else 0.0
        length += abs(a[i])
    if length == 0.0 or size == 0.0:
        return 0.0, now
    step, now, _ = line(z, a, inverse, c, now, size / length, tolerance, room_for(n, buckets), moved)
    return step, now


@njit(**_LOOP)
def least_squares(columns, c, size, rounds):
    """Return the direction of `OnOff.least_squares`, by conjugate gradients."""
    d, n = columns.shape
    D, p, q, along = np.zeros(d), np.empty(d), np.empty(d), np.empty(n)
    for j in range(d):
        p[j] = -_dot(columns[j], c)
    residual, square, small = p.copy(), _dot(p, p), 1e-3 * size.sum()
    stop = 1e-12 * square
    for _ in range(min(rounds, d)):
        if square <= stop:
            break
        along[:] = 0.0
        for j in range(d):
            _add(along, columns[j], p[j])
        for i in range(n):
            along[i] *= size[i]
        for j in range(d):
            q[j] = _dot(columns[j], along) + small * p[j]
        step = square / _dot(p, q)
        _add(D, p, step)
        _add(residual, q, -step)
        before, square = square, _dot(residual, residual)
        for j in range(d):
            p[j] = residual[j] + square / before * p[j]
    return D


@njit(**_LOOP, fastmath=_REORDER)
def _dot(first, second):
    total = 0.0
    for i in range(first.shape[0]):
        total += first[i] * second[i]
    return total


@njit(**_LOOP, fastmath=_REORDER)
def _add(out, other, factor):
    for i in range(out.shape[0]):
        out[i] += factor * other[i]
