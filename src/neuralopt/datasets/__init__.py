"""Bundled real data, simulated and real pairs with known truth, and the reading of users' tables."""

from neuralopt.datasets.bundled import bundled_names, bundled_target, load_bundled
from neuralopt.datasets.encoder import TableEncoder
from neuralopt.datasets.generated import (
    generate_real_data,
    generate_simulated_data,
    real_truth,
    simulated_truth,
)
from neuralopt.datasets.pairs import Pair, make_pair, pair_names
from neuralopt.datasets.rendered import render_digits
from neuralopt.datasets.tables import read_table
from neuralopt.datasets.tasks import recognise_task

__all__ = [
    "Pair",
    "TableEncoder",
    "bundled_names",
    "bundled_target",
    "generate_real_data",
    "generate_simulated_data",
    "load_bundled",
    "make_pair",
    "pair_names",
    "read_table",
    "real_truth",
    "recognise_task",
    "render_digits",
    "simulated_truth",
]
