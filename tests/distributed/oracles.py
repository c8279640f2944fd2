"""The exchanges once more, for all workers at a time, in plain NumPy and float64."""

import numpy as np


def blocks_of(n, unit, workers):
    return -(-n // (unit * workers)) * unit * workers


def by_blocks(quantise, unit):
    def run(vectors, errors):
        K, n = vectors.shape
        p = blocks_of(n, unit, K)
        real = np.arange(p) < n
        wanted = np.pad(vectors, ((0, 0), (0, p - n))) + errors[0]
        sent = np.stack([quantise(w) for w in wanted])
        total = (sent.mean(0) + errors[1]) * real
        agreed = quantise(total)
        return agreed[:n], ((wanted - sent) * real, (total - agreed) * real)

    return run


def int8(vector):
    found = np.empty_like(vector)
    for k in range(0, len(vector), 256):
        block = vector[k : k + 256]
        scale = np.float64(np.float32(np.abs(block).max() / 127))
        found[k : k + 256] = np.rint(block / scale) * scale if scale else 0
    return found


def one_bit(vector):
    found = np.empty_like(vector)
    for k in range(0, len(vector), 256):
        block = vector[k : k + 256]
        found[k : k + 256] = np.where(block >= 0, 1, -1) * np.float64(np.float32(np.abs(block).mean()))
    return found


def largest(vectors, entries):
    sent = np.zeros_like(vectors)
    for row, out in zip(vectors, sent, strict=True):
        places = np.argsort(-np.abs(row), kind="stable")[:entries]
        out[places] = row[places].astype(np.float32)
    return sent


def low_rank(vectors, errors, shapes, Qs, rank):
    """One round of PowerSGD on matrices and vectors, by loops over workers."""
    wanted, agreed, own, new, start = vectors + errors, [], [[] for _ in vectors], [], 0
    Qs = iter(Qs)
    for shape in shapes:
        size = int(np.prod(shape))
        pieces = wanted[:, start : start + size]
        start += size
        if len(shape) == 2 and rank * sum(shape) < size:
            M = pieces.reshape(-1, *shape)
            P = np.linalg.qr(np.mean([m @ q for m, q in ((m, q) for q in [next(Qs)] for m in M)], axis=0))[0]
            projected = [m.T @ P for m in M]
            Q = np.mean(projected, axis=0)
            new.append(Q)
            agreed.append((P @ Q.T).ravel())
            for mine, q in zip(own, projected, strict=True):
                mine.append((P @ q.T).ravel())
        else:
            agreed.append(pieces.mean(0))
            for mine, piece in zip(own, pieces, strict=True):
                mine.append(piece)
    return np.concatenate(agreed), wanted - np.stack([np.concatenate(mine) for mine in own]), new
