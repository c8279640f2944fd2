"""The plane in which several paths spread most."""

import dataclasses

import numpy as np

from neuralopt.trajectories.paths import Paths, check_paths, rotated


@dataclasses.dataclass(frozen=True)
class Plane:
    """The plane of the first two principal axes of all points of all paths.

    Attributes
    ----------
    origin : array of shape (parameters,)
        The mean of all points.
    axes : array of shape (2, parameters)
        Orthonormal.
    coordinates : dict of str to array of shape (points, 2)
        Where the points of every path fall on the plane.
    residuals : dict of str to array of shape (points,)
        How far they lie from it, in weight space.
    explained : array of shape (axes,)
        The share of the variance that each principal axis holds, the plane's two first.
    scores : dict of str to array of shape (points, axes)
        The points in the coordinates of all principal axes: distances are those in weight space.
    """

    origin: np.ndarray
    axes: np.ndarray
    coordinates: dict[str, np.ndarray]
    residuals: dict[str, np.ndarray]
    explained: np.ndarray
    scores: dict[str, np.ndarray]


def common_plane(paths: Paths) -> Plane:
    """Return the plane in which paths spread most, with what it hides.

    Parameters
    ----------
    paths : mapping of str to array of shape (points, parameters)
        By name; all in the same parameters.

    Returns
    -------
    Plane
        Each axis points to where the last points lie.

    Raises
    ------
    InvalidArgument
        For paths of different widths, of less than two points, or that are not finite.

    Examples
    --------
    >>> plane = common_plane({"a": np.array([[0.0, 0, 0], [1, 0, 0], [2, 1, 0]])})
    >>> float(plane.explained[:2].sum().round(6)), plane.coordinates["a"].shape
    (1.0, (3, 2))
    """
    found = check_paths(paths)
    mean, scores, combinations = rotated(found)
    points = np.concatenate(list(found.values())) - mean
    axes = combinations[:, :2].T @ points
    bounds = np.cumsum([0, *map(len, found.values())])
    ends = scores[bounds[1:] - 1, :2].sum(axis=0) - scores[bounds[:-1], :2].sum(axis=0)
    sign = np.where(ends < 0, -1.0, 1.0)
    axes *= sign[:, None]
    scores[:, :2] *= sign
    beyond = np.sqrt((scores[:, 2:] ** 2).sum(axis=1))
    parts = {name: slice(*bounds[k : k + 2]) for k, name in enumerate(found)}
    variance = (scores**2).sum(axis=0)
    return Plane(
        origin=mean,
        axes=axes,
        coordinates={name: scores[part, :2] for name, part in parts.items()},
        residuals={name: beyond[part] for name, part in parts.items()},
        explained=variance / (variance.sum() or 1.0),
        scores={name: scores[part] for name, part in parts.items()},
    )
