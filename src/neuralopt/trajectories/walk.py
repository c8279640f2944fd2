"""What a plane would show of paths that go nowhere."""

from typing import NamedTuple

import numpy as np

from neuralopt.core.scalars import check_count
from neuralopt.trajectories.paths import Paths, check_paths

_FEW, _GUARD, _ITERATIONS = 100, 8, 6


class WalkNull(NamedTuple):
    """The share of variance in two components, of paths and of random walks."""

    explained: float  # of the paths
    low: float  # 95 % of the walks lie between
    high: float
    flagged: bool  # the paths are not distinguishable: a walk does as well


def random_walk_null(
    paths: Paths, *, dimensions: int | None = None, walks: int = 40, seed: int = 0
) -> WalkNull:
    r"""Compare the variance that two components hold with that of random walks.

    Every path has a walk of as many points in as many dimensions, with steps of the same lengths in
    directions drawn at random; all walks begin at one point. Two components of one long walk of equal
    steps in many dimensions hold :math:`\frac{6}{\pi^2}(1 + \frac14) = 76\,\%`.

    Parameters
    ----------
    paths : mapping of str to array of shape (points, parameters)
        As for `common_plane`.
    dimensions : int, optional
        Of the space that walks are drawn in, where the paths are given in fewer coordinates than they
        have parameters; see ``Plane.scores``.
    walks : int >= 1, default 40
        How many are drawn.
    seed : int, default 0
        Of the directions.

    Returns
    -------
    WalkNull
        Flagged when the paths' share is no higher than what walks reach.

    Notes
    -----
    N directions in d dimensions are drawn as N x N numbers, their triangular factor (Bartlett, 1933).

    References
    ----------
    Antognini and Sohl-Dickstein, 2018, arXiv:1806.08805, equation 14.

    Examples
    --------
    >>> steps = np.random.default_rng(1).normal(size=(30, 500))
    >>> random_walk_null({"walk": steps.cumsum(axis=0)}).flagged
    True
    >>> random_walk_null({"line": np.arange(30.0)[:, None] * np.ones(500)}).flagged
    False
    """
    check_count("walks", walks)
    found = check_paths(paths)
    random = np.random.default_rng(seed)
    space = dimensions or next(iter(found.values())).shape[1]
    explained = _explained(np.concatenate(list(found.values())).astype(np.float64))
    steps = [np.linalg.norm(np.diff(path.astype(np.float64), axis=0), axis=1) for path in found.values()]
    drawn = np.array([_explained(_walks(steps, space, random)) for _ in range(walks)])
    low, high = np.quantile(drawn, [0.025, 0.975])
    return WalkNull(explained, float(low), float(high), bool(explained <= drawn.max()))


def _walks(lengths: list[np.ndarray], dimensions: int, random: np.random.Generator) -> np.ndarray:
    """Return all points of walks from one start, up to a rotation of the space."""
    count = sum(map(len, lengths))
    width = min(count, dimensions)
    directions = np.tril(random.normal(size=(count, width)), -1)
    rest = np.maximum(dimensions - np.arange(width), 1)
    directions[np.arange(width), np.arange(width)] = np.sqrt(random.chisquare(rest))
    directions /= np.linalg.norm(directions, axis=1, keepdims=True)
    parts, first = [], 0
    for length in lengths:
        own = directions[first : first + len(length)] * length[:, None]
        parts += [np.zeros((1, width)), np.cumsum(own, axis=0)]
        first += len(length)
    return np.concatenate(parts)


def _explained(points: np.ndarray) -> float:
    """Return the share of the variance in the first two components; of many points by subspace iteration."""
    centred = points - points.mean(axis=0)
    total = max(float((centred**2).sum()), 1e-300)
    if len(points) <= _FEW:
        return float(np.linalg.eigvalsh(centred @ centred.T)[-2:].sum() / total)
    basis = np.linalg.qr(centred[:: len(points) // _GUARD].T)[0]
    for _ in range(_ITERATIONS):
        basis = np.linalg.qr(centred.T @ (centred @ basis))[0]
    values = np.linalg.svd(centred @ basis, compute_uv=False)
    return float((values[:2] ** 2).sum() / total)
