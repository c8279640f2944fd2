"""A small run of every mode; as a program: one that is killed at a random moment after its first save.

    python modes.py MODE FOLDER DELAY

kills itself DELAY seconds after the first file was renamed into place, or at its end where it is faster.
"""

import os
import signal
import sys
import threading
import warnings

import numpy as np

import neuralopt
from neuralopt import MLP, Callback, EarlyStopping, JointOptimizer, MLPSpace, search_architecture
from neuralopt.benchmark import Budget, compare, make_task
from neuralopt.datasets import make_pair
from neuralopt.distributed import DataParallel, DiLoCo, Int8, PowerSGD
from neuralopt.search import HybridModel, SearchModel
from neuralopt.storage import read_container
from neuralopt.tuning.trials import without_times

RANDOM = np.random.default_rng(0)
X = RANDOM.normal(size=(160, 3))
Y = X[:, :2] * X[:, 1:]
SIDES = (Y[:, 0] > 0).astype(int)


class EveryEpoch(Callback):
    """Let a run save after every epoch."""

    every = 1


def timeless(history):
    """Return the columns of a history that are no measured times."""
    return {name: np.asarray(history[name]) for name in history if name not in ("seconds", "epoch_time")}


def train(file, resume, **more):
    """Train by gradient."""
    given = {"epochs": 60, "batch_size": 16, "validation": (X[:40], Y[:40]), **more}
    keep = {"checkpoint": file, "checkpoint_every": 0, "resume": resume} if file else {}
    callbacks = [EveryEpoch(), EarlyStopping(patience=60)]
    result = neuralopt.train(MLP((3, 6, 2)), (X, Y), callbacks=callbacks, **given, **keep)
    return {"params": result.params, **timeless(result.history)}


def powersgd(file, resume):
    """Train with two simulated workers that send low-rank gradients, with error feedback."""
    return train(file, resume, distribute=DataParallel(exchange=PowerSGD(1)))


def diloco(file, resume):
    """Train with two simulated workers that meet now and then: outer momentum, residuals of int8."""
    return train(file, resume, distribute=DiLoCo(period=7, exchange=Int8()))


def joint(file, resume, **more):
    """Fit a simulator, a deeper one, and the candidates."""
    pair = make_pair("currin", n_sim=120, n_real=12)
    model = JointOptimizer(input_dim=2, hidden_dim=8, output_dim=1, **more)
    keep = {"checkpoint": file, "checkpoint_every": 0, "resume": resume} if file else {}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        model.fit(pair.X_sim, pair.y_sim, pair.X_real, pair.y_real, epochs=40, **keep)
    answers = model.predict(pair.X_test)
    return {"answers": answers, "errors": model.candidates_.errors, **timeless(model.history_)}


def alternating(file, resume):
    """Fit jointly through the compiled engine, the readout solved between."""
    return joint(file, resume, mode="alternating")


def searched(file, resume, kind=SearchModel, call="search", **more):
    """Search weights exactly, from three starts."""
    model = kind(3, [6], 1, seed=3, **more)
    keep = {"checkpoint": file, "checkpoint_every": 0, "resume": resume} if file else {}
    y = SIDES if "loss" in more else Y[:, 0]
    getattr(model, call)(X, y, 25, **keep)
    return {"params": model.params, "status": model.status.name, **timeless(model.history)}


def search(file, resume):
    """Search step units for the fewest errors."""
    return searched(file, resume, activation="step", loss="01", restarts=2)


def hybrid(file, resume):
    """Search, descend, search again."""
    return searched(file, resume, HybridModel, "search_and_train", activation="tanh")


def tune(folder, resume):
    """Tune a network, in batches of trials."""
    space = [("learning_rate", "log_uniform", 1e-3, 1e-1), ("batch_size", "categorical", [16, 40])]
    keep = {"output": folder, "checkpoint_every": 0, "resume": resume} if folder else {}
    options = {"validation": (X[:40], Y[:40]), "epochs": 8, "max_trials": 8, "seed": 1, "pruner": "asha"}
    result = neuralopt.tune(MLP((3, 6, 2)), space, (X, Y), early_stopping_patience=None, **options, **keep)
    return {"events": without_times(result.study.events)}


def architecture(folder, resume):
    """Search an architecture, and train the best in full."""
    keep = {"folder": folder, "resume": resume} if folder else {}
    space = MLPSpace(3, 2, depths=(1, 2), widths=(2, 4), activations=("relu",))
    options = {"population_size": 3, "generations": 3, "epochs": 4, "batch_size": 32}
    found = search_architecture((X.astype(np.float32), SIDES), space, **options, **keep)
    rows = found.frame().drop(columns=["seconds", "latency_ms"])
    return {"rows": rows.to_csv(), "params": found.model.variables}


def compared(folder, resume):
    """Compare two optimizers."""
    import pandas

    frame = pandas.DataFrame({"a": X[:, 0], "b": X[:, 1], "y": Y[:, 0]})
    budget = Budget(rates=2, seeds=2, epochs=2, hidden=(3,), widen=0)
    made = compare(
        [make_task("rows", frame, "y")],
        optimizers=["sgd", "adam"],
        budget=budget,
        references=False,
        output=folder,
        resume=resume,
    )
    records = {
        path.name: read_container(path, kind="record", version=1).arrays
        for path in sorted(made.records.glob("*.safetensors"))
        if not path.stem.endswith("--trajectories")
    }
    return {"table": (made.folder / "ranking.csv").read_text(), **records}


MODES = {
    "train": train,
    "powersgd": powersgd,
    "diloco": diloco,
    "joint": joint,
    "alternating": alternating,
    "search": search,
    "hybrid": hybrid,
    "tune": tune,
    "architecture": architecture,
    "compare": compared,
}


def place(mode, folder):
    """Return what a mode takes: a file, or a folder."""
    return folder if mode in ("tune", "architecture", "compare") else folder / "run.ckpt"


def die():
    """Die as by kill -9, without a word to anybody."""
    os.kill(os.getpid(), signal.SIGKILL)


def arm(folder, delay):
    """Have this process killed so many seconds after its first save in a folder."""
    replace = os.replace

    def first(*given):
        replace(*given)
        if not str(given[1]).startswith(folder):  # a compiler keeps its programs, too
            return
        os.replace = replace
        timer = threading.Timer(delay, die)
        timer.daemon = True
        timer.start()

    os.replace = first


if __name__ == "__main__":
    from pathlib import Path

    mode, folder, delay = sys.argv[1:]
    arm(folder, float(delay))
    MODES[mode](place(mode, Path(folder)), False)
    print("at the end", flush=True)
    die()
