"""Train every configuration of small spaces and keep their curves: the ground of the regret figures.

``python benchmarks/make_tuning_tables.py [NAME ...]`` writes tests/tuning/tables/NAME.safetensors,
about a minute for each on one core: the mean curves over three seeds. The tests and
`bench_tuning.py` read them by `tuning_table.py`.
"""

import itertools
import math
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.datasets import load_breast_cancer, load_diabetes, load_digits
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import StandardScaler

from neuralopt import MLP, optimizers, transforms
from neuralopt.engine.cohort import Cohort
from neuralopt.storage import write_container

FOLDER = Path(__file__).resolve().parent.parent / "tests" / "tuning" / "tables"
_RATES = [float(f"{v:.3g}") for v in np.geomspace(1e-4, 1.0, 13)]
_SEEDS = (0, 1, 2)  # one alone would make luck the best configuration
_DECAYS = [1e-5, 1e-4, 1e-3, 1e-2, 1e-1]
SPACES: dict[str, dict[str, list[Any]]] = {
    "digits": {
        "optimizer": ["adamw", "sgd"],
        "hidden": [8, 16, 32, 64],
        "batch_size": [16, 64, 256],
        "learning_rate": _RATES,
        "weight_decay": _DECAYS,
    },
    "diabetes": {
        "optimizer": ["adamw", "sgd"],
        "hidden": [4, 16, 64],
        "batch_size": [8, 32, 128],
        "learning_rate": _RATES,
        "weight_decay": _DECAYS,
    },
    "breast_cancer": {
        "optimizer": ["adamw", "sgd"],
        "hidden": [4, 16, 64],
        "batch_size": [8, 32, 128],
        "learning_rate": _RATES,
        "weight_decay": _DECAYS,
    },
}
_EPOCHS = {"digits": 27, "diabetes": 27, "breast_cancer": 27}


def make(name: str) -> Path:
    """Train all configurations of a space and write the table."""
    data, validation, outputs, loss = _data(name)
    space, epochs = SPACES[name], _EPOCHS[name]
    shapes = [space[k] for k in ("optimizer", "hidden", "batch_size")]
    numbers = list(itertools.product(space["learning_rate"], space["weight_decay"]))
    curves, errors, begin = [], [], time.perf_counter()
    for kind, hidden, batch_size in itertools.product(*shapes):
        metric = "accuracy" if loss == "cross_entropy" else "r2"
        runs = [
            Cohort(
                MLP((data[0].shape[1], hidden, outputs), "relu"),
                data,
                [_optimizer(kind, rate, decay) for rate, decay in numbers],
                epochs=epochs,
                validation=validation,
                loss=loss,
                metrics=(metric,),
                batch_size=batch_size,
                seed=seed,
            ).advance(epochs)
            for seed in _SEEDS
        ]
        # NaN where any of the seeds diverged
        curves.append(np.mean([rows["validation_loss"] for rows in runs], axis=0))
        errors.append(1 - np.mean([rows[f"validation_{metric}"] for rows in runs], axis=0))
    count = math.prod(map(len, space.values()))
    arrays = {"loss": np.concatenate(curves), "error": np.concatenate(errors)}
    assert arrays["loss"].shape == (count, epochs)
    header = {"axes": [[axis, values] for axis, values in space.items()], "inputs": data[0].shape[1]}
    path = write_container(
        FOLDER / f"{name}.safetensors",
        kind="tuning-table",
        version=1,
        header=header | {"outputs": outputs, "rows": len(data[0])},
        arrays={key: value.astype(np.float32) for key, value in arrays.items()},
    )
    best = np.nanmin(arrays["loss"])
    print(f"{path.name}: {count} configurations, {time.perf_counter() - begin:.0f} s, best loss {best:.4f}")
    return path


def _optimizer(kind: str, rate: float, decay: float) -> Any:
    if kind == "adamw":
        return optimizers.AdamW(rate, weight_decay=decay)
    return transforms.chain(transforms.L2Decay(decay), optimizers.SGD(rate, momentum=0.9))


def _data(name: str) -> tuple[Any, Any, int, str]:
    """Return training and validation rows, outputs and loss."""
    loads = {"digits": load_digits, "diabetes": load_diabetes, "breast_cancer": load_breast_cancer}
    X, y = loads[name](return_X_y=True)
    classes = name != "diabetes"
    parts = train_test_split(X, y, test_size=0.4, random_state=0, stratify=y if classes else None)
    X_train, X_held, y_train, y_held = parts
    scaler = StandardScaler().fit(X_train)
    if not classes:
        mean, std = y_train.mean(), y_train.std()
        y_train, y_held = (y_train - mean) / std, (y_held - mean) / std
    train = scaler.transform(X_train), y_train
    return (
        train,
        (scaler.transform(X_held), y_held),
        int(y.max()) + 1 if classes else 1,
        ("cross_entropy" if classes else "squared_error"),
    )


if __name__ == "__main__":
    for wanted in sys.argv[1:] or SPACES:
        make(wanted)
