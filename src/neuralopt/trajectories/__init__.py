"""Ways of optimizers through weight space: joint embedding, plane, random-walk null, slices of the loss."""

from neuralopt.trajectories.embedding import Embedding, embed
from neuralopt.trajectories.landscape import Landscape, grid
from neuralopt.trajectories.plane import Plane, common_plane
from neuralopt.trajectories.scores import continuity, procrustes, trustworthiness
from neuralopt.trajectories.slices import filter_normalised, slice_1d, slice_2d
from neuralopt.trajectories.walk import WalkNull, random_walk_null

__all__ = [
    "Embedding",
    "Landscape",
    "Plane",
    "WalkNull",
    "common_plane",
    "continuity",
    "embed",
    "filter_normalised",
    "grid",
    "procrustes",
    "random_walk_null",
    "slice_1d",
    "slice_2d",
    "trustworthiness",
]
