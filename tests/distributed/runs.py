"""Small runs of two processes, and what is the same about them."""

from pathlib import Path

import jax
import numpy as np

from neuralopt import Callback
from neuralopt.distributed import DataParallel, Int8, Processes


class At(Callback):
    """Do something after some epochs."""

    every = 1

    def __init__(self, **what):
        self.what = {int(epoch[1:]): do for epoch, do in what.items()}

    def on_chunk(self, report):
        self.what.get(report.epoch, lambda: None)()


def given(**more):
    return {"epochs": 12, "batch_size": 16, "dtype": "float64", **more}


def int8(**processes):
    return DataParallel(exchange=Int8(), backend=Processes(**processes) if processes else "processes")


def leaves(result):
    return jax.tree.leaves(result.params)


def same(one, other):
    for a, b in zip(leaves(one), leaves(other), strict=True):
        assert a.tobytes() == b.tobytes()
    for name in set(one.history) - {"seconds", "bytes_on_wire"}:
        assert np.array_equal(one.history[name], other.history[name])


def alive(pid):
    """Whether a process runs; one that nobody has waited for yet does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except OSError:
        return False
