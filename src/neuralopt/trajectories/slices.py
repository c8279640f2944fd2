"""The loss along random directions around a model, scaled so that models can be compared."""

from typing import Any

import numpy as np

from neuralopt.trajectories.landscape import Losses, grid


def filter_normalised(params: Any, seed: int = 0) -> np.ndarray:
    r"""Return a random direction whose filters have the norms of the model's.

    .. math:: d_{ij} \leftarrow \frac{d_{ij}}{\lVert d_{ij} \rVert} \lVert \theta_{ij} \rVert

    where a filter is what leads into one unit; biases stay as they are. So a layer of relu units that
    is scaled, the next one scaled back, has the same slices.

    Parameters
    ----------
    params : list of (W, b)
        W of shape (fan_in, fan_out).
    seed : int, default 0
        Of the direction.

    Returns
    -------
    array of shape (parameters,)
        W and b of the first layer, and so on; zero for the biases.

    References
    ----------
    Li, Xu, Taylor, Studer and Goldstein, 2018, arXiv:1712.09913, section 4.

    Examples
    --------
    >>> direction = filter_normalised([(np.array([[3.0], [4.0]]), np.ones(1))])
    >>> float(np.linalg.norm(direction[:2]).round(6)), float(direction[2])
    (5.0, 0.0)
    """
    random, parts = np.random.default_rng(seed), []
    for W, b in params:
        W = np.asarray(W)
        drawn = random.normal(size=W.shape)
        norm = np.linalg.norm(drawn, axis=0)
        scaled = drawn * (np.linalg.norm(W, axis=0) / np.where(norm > 0, norm, 1.0))
        parts += [scaled.ravel(), np.zeros(np.size(b))]
    return np.concatenate(parts)


def slice_1d(losses: Losses, params: Any, x: np.ndarray, seed: int = 0) -> np.ndarray:
    """Return the losses along one filter-normalised direction through a model.

    Parameters
    ----------
    losses : Landscape or callable
        As for `grid`.
    params : list of (W, b)
        The model, at 0.
    x : array of shape (m,)
        Where; 1 goes as far as the weights are long.
    seed : int, default 0
        Of the direction.

    Returns
    -------
    array of shape (m,)
        The losses.

    Examples
    --------
    >>> def squares(points, weights):
    ...     return ((weights @ points) ** 2).sum(axis=1)
    >>> slice_1d(squares, [(np.zeros((2, 1)), np.ones(1))], np.array([-1.0, 0.0])).tolist()
    [1.0, 1.0]
    """
    points = np.stack([_flat(params), filter_normalised(params, seed)])
    return np.asarray(losses(points, np.stack([np.ones(len(x)), np.asarray(x)], axis=1)))


def slice_2d(losses: Losses, params: Any, x: np.ndarray, y: np.ndarray, seed: int = 0) -> np.ndarray:
    """Return the losses on the plane of two filter-normalised directions through a model.

    Parameters
    ----------
    losses : Landscape or callable
        As for `grid`.
    params : list of (W, b)
        The model, at 0, 0.
    x, y : array of shape (m,), array of shape (n,)
        Where, along the first and the second direction.
    seed : int, default 0
        Of the first direction; the second has the next one.

    Returns
    -------
    array of shape (n, m)
        The losses; row 0 of y = 0 is `slice_1d`.
    """
    axes = np.stack([filter_normalised(params, seed), filter_normalised(params, seed + 1)])
    return grid(losses, _flat(params), axes, x, y)


def _flat(params: Any) -> np.ndarray:
    return np.concatenate([np.ravel(array) for pair in params for array in pair])
