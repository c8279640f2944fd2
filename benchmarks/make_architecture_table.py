"""Train every network of a small space in full and store the curves with the package.

``python benchmarks/make_architecture_table.py [mlp_digits] [mobilenet_digits]``
"""

import sys
import time
from pathlib import Path

import numpy as np
from sklearn.datasets import load_digits

from neuralopt.architecture import MLPSpace, MobileNetV3Space
from neuralopt.architecture.data import read_data
from neuralopt.architecture.strategies import every
from neuralopt.architecture.table import ArchitectureTable
from neuralopt.architecture.trainer import Trainer
from neuralopt.optimizers import Adam

FOLDER = Path(__file__).resolve().parents[1] / "src/neuralopt/architecture/stored"
TABLES = {
    "mlp_digits": (
        MLPSpace(64, 10, depths=(1, 2, 3), widths=(4, 8, 16, 32), activations=("relu", "tanh", "sigmoid")),
        {"epochs": 40, "seeds": [0, 1, 2], "batch_size": 64, "learning_rate": 3e-3},
    ),
    "mobilenet_digits": (
        MobileNetV3Space(
            (8, 8), 1, 10, width=0.25, kernels=(3, 5), expansions=(1, 3), depths=(1, 2), stages=2
        ),
        {"epochs": 12, "seeds": [0], "batch_size": 64, "learning_rate": 3e-3},
    ),
}


def make(name: str) -> Path:
    """Train all networks of a table and write it."""
    space, facts = TABLES[name]
    digits = load_digits()
    X = digits.images / 8 - 1
    X = X if space.name == "mobilenet_v3" else X.reshape(len(X), -1)
    data = read_data(
        (X if space.name == "mobilenet_v3" else X.reshape(len(X), -1), digits.target), None, None, 0
    )
    networks, begin = every(space), time.perf_counter()
    curves = np.zeros((3, len(networks), len(facts["seeds"]), facts["epochs"]))
    for s, seed in enumerate(facts["seeds"]):
        trainer = Trainer(space, data, facts["batch_size"], Adam(facts["learning_rate"]), seed)
        for n, genes in enumerate(networks):
            trained = trainer.train(genes, trainer.fresh(genes, n), facts["epochs"])
            assert trained is not None
            held = trained[0]
            curves[:, n, s] = held.train_loss, held.validation_loss, held.validation_metric
    facts = {**facts, "data": "scikit-learn digits, 60/20/20, split seed 0", "metric": "accuracy"}
    path = ArchitectureTable(space, curves, facts).save(FOLDER / f"{name}.safetensors")
    print(f"{path}: {len(networks)} networks, {time.perf_counter() - begin:.0f} s")
    return path


if __name__ == "__main__":
    for wanted in sys.argv[1:] or TABLES:
        make(wanted)
