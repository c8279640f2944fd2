"""A records folder as a comparison writes it, with synthetic numbers."""

import copy
import json
import os
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from neuralopt.storage import write_container

GRADIENT = {
    "adam": "Adam",
    "nadamw": "NAdamW",
    "adamw": "AdamW",
    "rmsprop": "RMSprop",
    "momentum": "SGD with momentum",
    "nesterov": "SGD with Nesterov momentum",
    "adagrad": "AdaGrad",
    "sgd": "SGD",
    "gd": "Gradient descent, full batch",
    "hybrid": "Search, then gradient",
    "varpro": "Variable projection",
    "search": "Line search per weight",
}
REFERENCES = {"linear": "Linear model", "boosting": "Histogram gradient boosting"}
CLASSIFICATION = {
    "name": "digits",
    "kind": "classification",
    "metric": "accuracy",
    "loss": "cross-entropy",
    "target": "digit",
    "n_train": 1257,
    "n_validation": 270,
    "n_test": 270,
    "n_features": 64,
    "n_outputs": 10,
    "classes": list(range(10)),
    "reason": "The target has 10 different values.",
    "notes": ["3 constant columns were dropped."],
    "summary": "Adam did best; it beat both references.",
    "best_model": "neuralopt-runs/digits/best.safetensors",
    "findings": [
        {
            "code": "NOPT001",
            "title": "Learning rate at the boundary",
            "cause": "The best learning rate is the largest that was tried.",
            "cure": "Widen the range.",
            "methods": ["gd"],
        }
    ],
}
REGRESSION = CLASSIFICATION | {
    "name": "diabetes",
    "kind": "regression",
    "metric": "r2",
    "loss": "mean squared error",
    "target": "progression",
    "n_train": 309,
    "n_validation": 66,
    "n_test": 67,
    "n_features": 10,
    "n_outputs": 1,
    "classes": None,
    "reason": "The target has 214 different values.",
    "summary": "Adam did best, but its interval overlaps those of the references.",
    "best_model": "neuralopt-runs/diabetes/best.safetensors",
    "findings": [],
}


NO_BROWSER = not any(map(shutil.which, ("chromium", "chromium-browser", "google-chrome")))
LEFT_OUT = "browser tests were left out: no Chromium on this machine (they fail where CI is set)"


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if NO_BROWSER and not os.environ.get("CI"):
        browser = [item for item in items if item.get_closest_marker("browser")]
        config.hook.pytest_deselected(items=browser)
        items[:] = [item for item in items if item not in browser]


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    if NO_BROWSER and not os.environ.get("CI"):
        terminalreporter.write_line(LEFT_OUT)


class RecordsWriter:
    """Builds a records folder; ``ranking`` may be changed before ``write``."""

    def __init__(self, folder: Path, epochs: int = 30, learning_rates: int = 5, seeds: int = 3):
        self.folder, self.epochs, self.seeds = folder, epochs, seeds
        self.rates = np.logspace(-4, 0, learning_rates).tolist()
        self.containers: dict[str, tuple[dict[str, Any], dict[str, np.ndarray]]] = {}
        self.ranking: dict[str, Any] = {
            "format": "neuralopt-ranking",
            "version": 1,
            "neuralopt": "0.1.0",
            "title": "Comparison of 14 methods on digits and diabetes",
            "created": "2026-11-20T19:30:00+00:00",
            "machine": {"processor": "x86_64", "cores": 2, "NPROC": 1, "jax": "0.10.2"},
            "config": {"epochs": epochs, "learning rates": learning_rates, "seeds": seeds, "hidden": [64]},
            "complete": True,
            "tasks": [self._task(t, i) for i, t in enumerate((CLASSIFICATION, REGRESSION))],
        }

    def _task(self, facts: dict[str, Any], number: int) -> dict[str, Any]:
        rng = np.random.default_rng(number)
        task = copy.deepcopy(facts)
        rows = [self._row(task, m, l, i, rng) for i, (m, l) in enumerate(GRADIENT.items())]
        rows += [self._row(task, m, l, 2.5 + 3 * i, rng) for i, (m, l) in enumerate(REFERENCES.items())]
        rows.sort(key=lambda row: (row["metric"] is None, -(row["metric"] or 0)))
        task["rows"] = [row | {"rank": i + 1} for i, row in enumerate(rows)]
        return task

    def _row(self, task: dict[str, Any], method: str, label: str, place: float, rng: Any) -> dict[str, Any]:
        reference = method in REFERENCES
        rates = [] if reference or method in ("varpro", "search") else self.rates
        runs = (max(1, len(rates)), 1 if reference else self.seeds)
        epochs = 0 if reference else self.epochs
        diverged = np.zeros(runs, dtype=bool)
        if rates:
            diverged[-1] = method != "adagrad"
            diverged[-2, 0] = method == "sgd"
        if method == "search":
            diverged[:] = True
        quality = (0.1 if task["metric"] == "accuracy" else 0.5) * (1 + 0.12 * place)
        slow = 1 + np.abs(np.arange(runs[0]) - 2)[:, None, None] * 2
        decay = np.exp(-np.arange(1, epochs + 1) / (4 * slow))
        noise = rng.uniform(0.95, 1.05, (*runs, epochs)) * rng.uniform(0.85, 1.15, (*runs, 1))
        loss = (quality * slow**0.3 + 2.2 * decay) * noise
        loss[diverged, epochs // 3 :] = np.nan
        if method == "adamw":  # stopped early
            loss[2, 1, 2 * epochs // 3 :] = np.nan
        test_loss = quality * (slow[..., 0] ** 0.3) * rng.uniform(0.97, 1.03, runs)
        test_loss[diverged] = np.nan
        metric = 1 - 0.35 * test_loss
        best = None if diverged.all() else int(np.nanargmin(np.median(test_loss, axis=1)))
        middle = None if best is None else float(np.median(metric[best]))
        final = None if best is None else float(np.median(test_loss[best]))
        record = f"{task['name']}--{method}.safetensors"
        header = {
            "task": task["name"],
            "method": method,
            "label": label,
            "family": "reference" if reference else "gradient",
            "learning_rates": rates,
            "seeds": list(range(runs[1])),
            "best": best if rates else None,
            "epochs": epochs,
            "batch_size": 32,
            "parameters": 4810,
            "statuses": [["DIVERGED" if d else "MAX_EPOCHS" for d in row] for row in diverged],
            "diverged": diverged.tolist(),
            "seconds": {"compile": 0.7, "train": 1.4},
            "hyperparameters": {"b1": 0.9},
        }
        arrays = {
            "train_loss": loss * 0.8,
            "validation_loss": loss,
            "validation_metric": 1 - 0.35 * loss,
            "test_loss": test_loss,
            "test_metric": metric,
            "best_epoch": np.full(runs, max(0, epochs - 1)),
        }
        self.containers[record] = (header, arrays)
        return {
            "rank": 0,
            "method": method,
            "label": label,
            "family": header["family"],
            "learning_rate": rates[best] if rates and best is not None else None,
            "metric": middle,
            "metric_low": None if middle is None else middle - 0.011,
            "metric_high": None if middle is None else middle + 0.009,
            "loss": final,
            "loss_low": None if final is None else final * 0.9,
            "loss_high": None if final is None else final * 1.12,
            "status": "Every run diverged." if best is None else "Ran all its epochs.",
            "diverged_runs": int(diverged.all() * runs[1] if best is None else diverged[best].sum()),
            "runs": runs[1],
            "record": record,
        }

    def write(self) -> Path:
        self.folder.mkdir(parents=True, exist_ok=True)
        for name, (header, arrays) in self.containers.items():
            write_container(self.folder / name, kind="record", version=1, header=header, arrays=arrays)
        (self.folder / "ranking.json").write_text(json.dumps(self.ranking), encoding="utf-8")
        return self.folder


@pytest.fixture
def writer(tmp_path: Path) -> RecordsWriter:
    return RecordsWriter(tmp_path / "run" / "records")


@pytest.fixture(scope="session")
def make_writer() -> type[RecordsWriter]:
    return RecordsWriter
