"""The exact line search over on/off units as compiled loops; imported only where numba is installed.

The text of `step_line` once more, element by element. A line does not sort its breakpoints: it counts
them into buckets along t, bounds what each bucket can hold, and sorts the few that can hold the minimum.
"""

import numpy as np
from numba import njit

TIE = 1e-11  # breakpoints nearer than this, relatively, are one


@njit(cache=True, nogil=True, fastmath={"reassoc", "nsz"})
def line(z, a, inverse, c, now, scale, tolerance, t, bucket, change, sums, moved):
    """Minimise ``sum_n c_n [z_n + t a_n >= 0]`` over real t; write the new pre-activations to ``moved``.

    now is the sum at t = 0. Returns the step, 0 where none lowers the sum by more than the tolerance, and
    the sum after it. The last five arguments are room to work in: t, change and moved of shape (n,), bucket
    of shape (n,), int32, sums of shape (b, 2): what rises and what falls in each bucket.
    """
    n, b = z.shape[0], sums.shape[0]
    half, last = 0.5 * b, b - 1
    base = 0.0
    for i in range(n):  # without branches, so that the compiler does several rows at once
        r, v = inverse[i], c[i]
        at = -z[i] * r
        k = np.int32(half + half * (at / (scale + abs(at))))
        bucket[i] = min(k, last)
        t[i] = np.inf if r == 0.0 else at  # such a row does not move
        change[i] = v if r > 0.0 else (-v if r < 0.0 else 0.0)
        base += v if r < 0.0 else (v if r == 0.0 and z[i] >= 0.0 else 0.0)
    for k in range(b):
        sums[k, 0] = 0.0
        sums[k, 1] = 0.0
    for i in range(n):
        d = change[i]
        sums[bucket[i], np.int64(d < 0.0)] += d
    lowest, place, bound, run = base, 0, np.inf, base  # at the edges of buckets, and what lies inside
    for k in range(b):
        if sums[k, 0] > 0.0 and sums[k, 1] < 0.0:  # else an edge is the lowest
            bound = min(bound, run + sums[k, 1])
        run += sums[k, 0] + sums[k, 1]
        if run < lowest:
            lowest, place = run, k + 1
    if min(bound, lowest) >= now - tolerance:
        return 0.0, now
    step, found = _at_edge(t, bucket, place, lowest, scale)
    if bound < found:
        step, found = _inside(t, bucket, change, base, sums, found, step)
    if not found < now - tolerance:  # what looked lowest lies inside a tie
        step, found = _sorted(t, change, base, scale)
        if not found < now - tolerance:
            return 0.0, now
    after = 0.0
    for i in range(n):
        moved[i] = z[i] + step * a[i]
        after += c[i] if moved[i] >= 0.0 else 0.0
    if after < now - tolerance:
        return step, after
    return 0.0, now


@njit(cache=True, nogil=True)
def _at_edge(t, bucket, place, lowest, scale):
    """Return the middle of the interval at the lower edge of a bucket, and its sum; infinity inside a tie."""
    left, right = -np.inf, np.inf
    for i in range(t.shape[0]):
        if t[i] < np.inf:
            if bucket[i] < place:
                left = max(left, t[i])
            else:
                right = min(right, t[i])
    if _apart(left, right):
        return _between(left, right, scale), lowest
    return 0.0, np.inf


@njit(cache=True, nogil=True)
def _inside(t, bucket, change, base, sums, best, step):
    """Return the best interval between two breakpoints of one bucket, where one is below ``best``."""
    n, b = t.shape[0], sums.shape[0]
    before, kept, run = np.empty(b), np.empty(b, np.bool_), base
    for k in range(b):
        before[k] = run
        kept[k] = sums[k, 0] > 0.0 and sums[k, 1] < 0.0 and run + sums[k, 1] < best
        run += sums[k, 0] + sums[k, 1]
    chosen, count = np.empty(n, np.int64), 0
    for i in range(n):
        if kept[bucket[i]] and t[i] < np.inf:
            chosen[count] = i
            count += 1
    chosen = chosen[:count]
    chosen = chosen[np.argsort(t[chosen])]
    at, of = 0.0, -1
    for k in range(count):
        i = chosen[k]
        if bucket[i] != of:
            at, of = before[bucket[i]], bucket[i]
        elif at < best and _apart(t[chosen[k - 1]], t[i]):
            best, step = at, 0.5 * (t[chosen[k - 1]] + t[i])
        at += change[i]
    return step, best


@njit(cache=True, nogil=True)
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


@njit(cache=True, nogil=True)
def _apart(left, right):
    if left == -np.inf or right == np.inf:
        return True
    return right - left > TIE * (abs(left) + abs(right)) + 1e-300


@njit(cache=True, nogil=True)
def _between(left, right, scale):
    if left == -np.inf:
        return right - scale
    if right == np.inf:
        return left + scale
    return 0.5 * (left + right)


@njit(cache=True, nogil=True)
def weights(columns, inverses, sizes, z, w, c, order, tolerance, buckets):
    """Set the incoming weights of one unit in turn, each to its exact optimum; z and w are changed.

    columns and inverses have shape (d, n), sizes (d,): the mean absolute value of each column. Returns
    the number of moves and the sum after them.
    """
    n = z.shape[0]
    t, change, moved, bucket = np.empty(n), np.empty(n), np.empty(n), np.empty(n, np.int32)
    sums = np.empty((buckets, 2))
    size, now = 0.0, 0.0
    for i in range(n):
        size += abs(z[i])
        if z[i] >= 0:
            now += c[i]
    moves = 0
    for j in order:
        if sizes[j] == 0.0 or size == 0.0:
            continue
        scale = size / n / sizes[j]
        step, now = line(z, columns[j], inverses[j], c, now, scale, tolerance, t, bucket, change, sums, moved)
        if step != 0.0:
            w[j] += step
            moves += 1
            size = 0.0
            for i in range(n):
                z[i] = moved[i]
                size += abs(moved[i])
    return moves, now


@njit(cache=True, nogil=True)
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


@njit(cache=True, nogil=True)
def along(z, a, c, tolerance, buckets):
    """Search along one direction: a is what it adds to the pre-activations. Returns the step and the sum."""
    n = z.shape[0]
    inverse, size, length, now = np.empty(n), 0.0, 0.0, 0.0
    for i in range(n):
        inverse[i] = 1.0 / a[i] if abs(a[i]) > 1e-300 else 0.0
        size += abs(z[i])
        length += abs(a[i])
        if z[i] >= 0:
            now += c[i]
    if length == 0.0 or size == 0.0:
        return 0.0, now
    room = np.empty(n), np.empty(n, np.int32), np.empty(n), np.empty((buckets, 2)), np.empty(n)
    return line(z, a, inverse, c, now, size / length, tolerance, room[0], room[1], room[2], room[3], room[4])
