"""All points of all paths in one t-SNE embedding, with figures that say what it is worth."""

import dataclasses

import numpy as np

from neuralopt.core.errors import InvalidArgument
from neuralopt.core.scalars import check_count
from neuralopt.trajectories.paths import Paths, check_paths, rotated
from neuralopt.trajectories.scores import continuity, procrustes, trustworthiness

_AXES, _ITERATIONS, _JITTER, _FEWEST = 30, 500, 0.1, 5


@dataclasses.dataclass(frozen=True)
class Embedding:
    """Points of several paths in one plane.

    Attributes
    ----------
    coordinates : dict of str to array of shape (points, 2)
        By path.
    trustworthiness, continuity : float
        With five neighbours; see the functions of these names.
    stability : float
        The largest Procrustes disparity between embeddings of different seeds, 0 (alike) to 1.
    perplexity : float
        About how many neighbours each point was held to.
    """

    coordinates: dict[str, np.ndarray]
    trustworthiness: float
    continuity: float
    stability: float
    perplexity: float


def embed(paths: Paths, *, perplexity: float = 20.0, seeds: int = 3, seed: int = 0) -> Embedding:
    """Embed all points of all paths together by t-SNE.

    Points of different paths can be compared, for all are placed by the same objective. Distances
    between clusters and their sizes mean nothing in a t-SNE. It begins with the principal components;
    for other seeds these are disturbed a little, which tells how far the picture hangs on its start.

    Parameters
    ----------
    paths : mapping of str to array of shape (points, parameters)
        By name; all in the same parameters. Together at least five points.
    perplexity : float, default 20
        Lowered to a third of the points where they are few.
    seeds : int >= 1, default 3
        How many embeddings are compared for ``stability``; 1 leaves it at 0.
    seed : int, default 0
        Of the disturbance.

    Returns
    -------
    Embedding
        The same for the same paths.

    Raises
    ------
    InvalidArgument
        For fewer than five points, and as `common_plane`.

    References
    ----------
    van der Maaten and Hinton, 2008, JMLR 9; Kobak and Linderman, 2021, doi:10.1038/s41587-020-00809-z
    (the start).

    Examples
    --------
    >>> random = np.random.default_rng(0)
    >>> paths = {name: random.normal(size=(12, 40)).cumsum(axis=0) for name in "ab"}
    >>> found = embed(paths, seeds=1)
    >>> found.coordinates["b"].shape, found.trustworthiness > 0.8
    ((12, 2), True)
    """
    from sklearn.manifold import TSNE
    from threadpoolctl import threadpool_limits

    check_count("seeds", seeds)
    found = check_paths(paths)
    if (count := sum(map(len, found.values()))) < _FEWEST:
        raise InvalidArgument(
            f"an embedding needs {_FEWEST} points or more, all paths together, got {count}. "
            "Record more points of the run."
        )
    scores = rotated(found)[1]
    near = scores[:, :_AXES]
    used = float(min(perplexity, (len(scores) - 1) / 3))
    start = 1e-4 * scores[:, :2] / max(scores[:, 0].std(), 1e-300)
    results = []
    # one thread: the sums come out the same everywhere, and few points gain nothing by two
    with threadpool_limits(1):
        for k in range(seeds):
            noise = np.random.default_rng([seed, k]).normal(size=start.shape)
            begin = start + (_JITTER * start.std() * noise if k else 0.0)
            method = TSNE(
                perplexity=used,
                init=begin.astype(np.float32),
                learning_rate="auto",
                max_iter=_ITERATIONS,
                random_state=seed + k,
            )
            results.append(method.fit_transform(near.astype(np.float32)).astype(np.float64))
    pairs = [(a, b) for k, a in enumerate(results) for b in results[k + 1 :]]
    neighbours = min(5, (len(scores) - 1) // 2)
    bounds = np.cumsum([0, *map(len, found.values())])
    return Embedding(
        coordinates={name: results[0][bounds[k] : bounds[k + 1]] for k, name in enumerate(found)},
        trustworthiness=trustworthiness(scores, results[0], neighbours),
        continuity=continuity(scores, results[0], neighbours),
        stability=max((procrustes(a, b) for a, b in pairs), default=0.0),
        perplexity=used,
    )
