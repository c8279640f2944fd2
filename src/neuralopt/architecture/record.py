"""What the records of an architecture search hold, as plain values."""

import datetime
import math
from typing import Any

import neuralopt
from neuralopt.architecture.evaluation import Evaluation
from neuralopt.architecture.result import ArchitectureResult
from neuralopt.architecture.table import load_table, predictor_taus, table_names
from neuralopt.benchmark.machine import machine_facts

FORMAT, VERSION = "neuralopt-architecture", 1


def architecture_facts(result: ArchitectureResult) -> dict[str, Any]:
    """Return what is known of a search as plain JSON values.

    Parameters
    ----------
    result : ArchitectureResult
        With one evaluation or more.

    Returns
    -------
    dict
    """
    space, best = result.space, result.best
    return {
        "format": FORMAT,
        "version": VERSION,
        "neuralopt": neuralopt.__version__,
        "created": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        "machine": machine_facts(),
        "config": {name: value for name, value in result.settings.items() if name != "space_settings"},
        "summary": result.summary().splitlines(),
        "metric": result.metric,
        "space": {"name": space.name, "title": space.title, "size": space.size, **space.settings},
        "best": {
            "description": best.describe(),
            "layers": [row["label"] for row in space.layers(best.genes)],
            "parameters": best.parameters,
            "multiply_adds": best.multiply_adds,
            "latency_ms": result.latencies.get(best.genes),
        },
        "evaluations": [_row(result, e) for e in result.history],
        "winner": result.winner,
        "lineage": [e.number for e in result.lineage()],
        "trained": {
            arm: {"validation": done.validation_metric, "test": done.test_metric}
            for arm, done in result.trained.items()
        },
        "predictors": predictor_rows(),
    }


def predictor_rows() -> list[dict[str, Any]]:
    """Return Kendall's tau of every predictor on every stored table, after a quarter of the epochs."""
    rows = []
    for name in table_names():
        table = load_table(name)
        rows += [{"table": name, **row} for row in predictor_taus(table, max(3, table.epochs // 4))]
    return rows


def _row(result: ArchitectureResult, e: Evaluation) -> dict[str, Any]:
    values = {"score": e.score, "metric": e.metric}
    return {
        "arm": e.arm,
        "number": e.number,
        "parent": e.parent,
        "inherited": e.inherited,
        "architecture": result.space.describe(e.genes),
        **{name: value if math.isfinite(value) else None for name, value in values.items()},
        "parameters": e.parameters,
        "multiply_adds": e.multiply_adds,
        "latency_ms": result.latencies.get(e.genes),
        "epochs": len(e.curves.train_loss),
        "seconds": e.seconds,
    }
