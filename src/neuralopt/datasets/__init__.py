"""Bundled real data and the reading of users' tables."""

from neuralopt.datasets.bundled import bundled_names, bundled_target, load_bundled
from neuralopt.datasets.encoder import TableEncoder
from neuralopt.datasets.tables import read_table
from neuralopt.datasets.tasks import recognise_task

__all__ = [
    "TableEncoder",
    "bundled_names",
    "bundled_target",
    "load_bundled",
    "read_table",
    "recognise_task",
]
