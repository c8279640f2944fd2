"""Checks and sums that all views of paths share."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from neuralopt.core.errors import InvalidArgument

Paths = Mapping[str, Any]
"""By name an array of shape (points, parameters), in the order of training."""


def check_paths(paths: Paths) -> dict[str, np.ndarray]:
    """Return paths as arrays; raise unless they lie in one space and are finite.

    Parameters
    ----------
    paths : mapping of str to array of shape (points, parameters)

    Returns
    -------
    dict of str to array
    """
    found = {name: np.asarray(path) for name, path in paths.items()}
    if not found:
        raise InvalidArgument("there must be at least one path, got none.")
    shapes = ", ".join(f"{name}: {path.shape}" for name, path in found.items())
    if (
        any(path.ndim != 2 or len(path) < 2 for path in found.values())
        or len({path.shape[1:] for path in found.values()}) > 1
    ):
        raise InvalidArgument(
            f"every path must have shape (points, parameters), two points or more and the same parameters; "
            f"got {shapes}."
        )
    lost = [name for name, path in found.items() if not np.isfinite(path).all()]
    if lost:
        raise InvalidArgument(
            f"paths must be finite; those of {', '.join(lost)} are not. Likely cause: the run diverged. "
            "Leave it out, or cut the path before."
        )
    return found


def rotated(paths: dict[str, np.ndarray]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return all points, less their mean, in the coordinates of their principal axes.

    The decomposition is that of the Gram matrix, whose size is the number of points, not of parameters.

    Parameters
    ----------
    paths : dict of str to array
        Checked.

    Returns
    -------
    mean : array of shape (parameters,)
    scores : float64 array of shape (points, axes)
        The largest axis first; distances between points are those between the paths' points.
    combinations : float64 array of shape (points, axes)
        Axis k in weight space is ``combinations[:, k] @ (points - mean)``, of length one.
    """
    points = np.concatenate(list(paths.values())).astype(np.float64)
    mean = points.mean(axis=0)
    points -= mean
    values, vectors = np.linalg.eigh(points @ points.T)
    values, vectors = values[::-1], vectors[:, ::-1]
    kept = max(2, int((values > 1e-14 * max(values[0], 1e-300)).sum()))
    root = np.sqrt(np.maximum(values[:kept], 0))
    scores = vectors[:, :kept] * root
    combinations = vectors[:, :kept] / np.where(root > 0, root, np.inf)
    return mean, scores, combinations
