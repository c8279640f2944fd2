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
    lowest, bound, run = base, np.inf, base  # the sum between two buckets; what a bucket may hold
    for k in range(b):
        bound = min(bound, run + sums[k, 1])
        run += sums[k, 0] + sums[k, 1]
        lowest = min(lowest, run)
    if min(bound, lowest) >= now - tolerance:
        return 0.0, now
    step, found = _middle(t, bucket, change, scale, base, sums, lowest + tolerance)
    if not found < now - tolerance:  # all that looked lowest lies inside a tie: sort everything
        step, found = _middle(t, bucket, change, scale, base, sums, np.inf)
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
def _middle(t, bucket, change, scale, base, sums, limit):
    """Return the middle of the lowest interval among the buckets that may go below the limit, and its sum."""
    n, b = t.shape[0], sums.shape[0]
    before, kept, run = np.empty(b), np.empty(b, np.bool_), base
    for k in range(b):
        before[k] = run
        kept[k] = run + sums[k, 1] <= limit
        run += sums[k, 0] + sums[k, 1]
    count = 0
    chosen = np.empty(n, np.int64)
    for i in range(n):
        if kept[bucket[i]] and t[i] < np.inf:
            chosen[count] = i
            count += 1
    chosen = chosen[:count]
    values = t[chosen]
    order = np.argsort(values)
    best, step = np.inf, 0.0
    at, of = 0.0, -1
    for place in range(count + 1):
        i = chosen[order[place]] if place < count else -1
        k = bucket[i] if place < count else -2
        if k != of:
            if of >= 0 and at < best:  # behind the last element of a bucket
                left = values[order[place - 1]]
                right = _above(t, left)
                if _apart(left, right):
                    best, step = at, _between(left, right, scale)
            if k < 0:
                break
            at, of = before[k], k
            if at < best:
                right = t[i]
                left = _below(t, right)
                if _apart(left, right):
                    best, step = at, _between(left, right, scale)
        elif at < best:
            left, right = values[order[place - 1]], t[i]
            if _apart(left, right):
                best, step = at, 0.5 * (left + right)
        at += change[i]
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
def _below(t, right):
    left = -np.inf
    for at in t:
        if at < right:
            left = max(left, at)
    return left


@njit(cache=True, nogil=True)
def _above(t, left):
    right = np.inf
    for at in t:
        if at > left:
            right = min(right, at)
    return right


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
