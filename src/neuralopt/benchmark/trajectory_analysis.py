"""From the paths of several optimizers to the figures' data."""

from typing import Any

import numpy as np
from threadpoolctl import threadpool_limits

from neuralopt import trajectories
from neuralopt.benchmark.records import Record
from neuralopt.benchmark.task import Task
from neuralopt.models import MLP

_AXES, _GRID, _ROWS, _EMBEDDED = 64, 25, 256, 400
_SLICE = np.linspace(-1, 1, 25)
_MARGIN = 0.08
_FAR = 4.0  # a path that goes so many times as far as the median one would be all that a plane shows


def analyse(
    paths: dict[str, tuple[np.ndarray, np.ndarray]], records: dict[str, Record], task: Task
) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    """Return header and arrays of a task's record of trajectories; see `_analyse`."""
    # one thread: matrices of some hundred rows gain little by more, and lose much on a busy machine
    with threadpool_limits(1):
        return _analyse(paths, records, task)


def _analyse(
    paths: dict[str, tuple[np.ndarray, np.ndarray]], records: dict[str, Record], task: Task
) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    """Return header and arrays of a task's record of trajectories.

    Parameters
    ----------
    paths : dict of str to (epoch, trajectory)
        By method, the best first.
    records : dict of str to Record
        Of the same methods.
    task : Task

    Returns
    -------
    header : dict
        Scores and shares of variance.
    arrays : dict of str to array
        For every method ``epoch/``, ``points/`` (the leading principal coordinates), ``plane/``,
        ``residual/``, ``distance/`` (from the start), ``embedding/``, ``embedding_epoch/``, ``slice/``;
        ``plane/`` and ``residual/`` not of those that went much farther than the others, ``far``;
        ``grid/x``, ``grid/y``, ``grid/loss``; ``slice_x`` and, of the best model, ``slice_plane``.
    """
    points = {method: path for method, (_, path) in paths.items()}
    every = trajectories.common_plane(points).scores
    distance = {m: np.linalg.norm(scores - scores[0], axis=1) for m, scores in every.items()}
    middle = np.median([far.max() for far in distance.values()])
    near = {m: path for m, path in points.items() if distance[m].max() <= _FAR * middle}
    plane = trajectories.common_plane(near)
    network = records[next(iter(records))].header["network"]
    mlp = MLP(**{**network, "layer_sizes": tuple(network["layer_sizes"])})
    rows = np.linspace(0, len(task.train.X) - 1, min(_ROWS, len(task.train.X))).astype(int)
    X, y = task.train.X[rows].astype(np.float32), task.train.y[rows]
    losses = trajectories.Landscape(mlp, X, y if y.ndim == 1 else y.astype(np.float32), task.loss)
    thinned = {m: _spread(len(p), max(2, _EMBEDDED // len(points))) for m, p in points.items()}
    embedding = trajectories.embed({m: every[m][thinned[m]] for m in points})
    space = mlp.parameter_count
    joint = trajectories.random_walk_null(plane.scores, dimensions=space, walks=20)
    single = {m: trajectories.random_walk_null({m: p}, dimensions=space) for m, p in every.items()}
    across, up = _ranges(np.concatenate(list(plane.coordinates.values())))
    axes = plane.axes.astype(np.float32)
    header = {
        "task": task.name,
        "methods": list(points),
        "far": [m for m in points if m not in near],
        "labels": {m: records[m].header["label"] for m in points},
        "seed": records[next(iter(records))].header["seeds"][0],
        "parameters": space,
        "loss": task.loss.title,
        "loss_rows": len(rows),
        "explained": plane.explained[:10].tolist(),
        "embedding": {
            "trustworthiness": embedding.trustworthiness,
            "continuity": embedding.continuity,
            "stability": embedding.stability,
            "perplexity": embedding.perplexity,
        },
        "random_walk": joint._asdict(),
        "random_walks": {m: found._asdict() for m, found in single.items()},
    }
    arrays = {
        "grid/x": across,
        "grid/y": up,
        "grid/loss": trajectories.grid(losses, plane.origin.astype(np.float32), axes, across, up),
        "slice_x": _SLICE,
    }
    models = {m: records[m].params() for m in points}
    best = models[next(iter(models))]
    arrays["slice_plane"] = trajectories.slice_2d(losses, best, _SLICE, _SLICE)
    for m, scores in every.items():
        arrays |= {
            f"epoch/{m}": paths[m][0],
            f"points/{m}": scores[:, :_AXES],
            f"distance/{m}": distance[m],
            f"embedding/{m}": embedding.coordinates[m],
            f"embedding_epoch/{m}": paths[m][0][thinned[m]],
            f"slice/{m}": trajectories.slice_1d(losses, models[m], _SLICE),
        }
    for m in near:
        arrays |= {f"plane/{m}": plane.coordinates[m], f"residual/{m}": plane.residuals[m]}
    return header, {k: a.astype(np.float32) if a.dtype == np.float64 else a for k, a in arrays.items()}


def _spread(count: int, wanted: int) -> np.ndarray:
    """Return indices of so many points at most, evenly, the first and the last among them."""
    return np.unique(np.linspace(0, count - 1, min(count, wanted)).round().astype(int))


def _ranges(points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    low, high = points.min(axis=0), points.max(axis=0)
    pad = _MARGIN * np.maximum(high - low, 1e-12)
    x, y = (np.linspace(low[k] - pad[k], high[k] + pad[k], _GRID) for k in range(2))
    return x, y
