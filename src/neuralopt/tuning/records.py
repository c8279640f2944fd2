"""The records of a study, from which a report is drawn."""

import datetime
import math
from pathlib import Path
from typing import Any

import numpy as np

import neuralopt
from neuralopt.core.errors import InvalidArgument
from neuralopt.storage import write_container, write_json
from neuralopt.tuning.result import TuneResult
from neuralopt.tuning.trials import TrialState, described

VERSION = 1


def write_records(
    result: TuneResult,
    folder: str | Path,
    *,
    title: str = "Study",
    names: tuple[str, ...] | None = None,
    machine: dict[str, Any] | None = None,
    config: dict[str, Any] | None = None,
    notes: list[str] | None = None,
    model: str | None = None,
) -> Path:
    """Write what a report of a study shows: ``tuning.json`` and ``tuning.safetensors``.

    Parameters
    ----------
    result : TuneResult
        Of a study that has ended or was interrupted.
    folder : path
        Where they go.
    title : str
        Heading of the report.
    names : tuple of str, optional
        What the objectives are called; by default value, or value 1, value 2, ...
    machine, config : dict, optional
        Facts for the last section.
    notes : list of str, optional
        Further sentences.
    model : str, optional
        The file of the best model.

    Returns
    -------
    Path
        The folder.
    """
    study, place = result.study, Path(folder)
    count = len(study.directions)
    names = names or (("value",) if count == 1 else tuple(f"value {k + 1}" for k in range(count)))
    try:
        shares = result.importance()
    except InvalidArgument:  # too few trials to tell
        shares = {}
    best = study.trials.best()
    trials = [
        {
            "number": t.number,
            "state": t.state.name,
            "values": list(t.values) if t.values else None,
            "params": {k: list(v) if isinstance(v, tuple) else v for k, v in t.params.items()},
            "units": [None if math.isnan(u) else float(u) for u in study.space.units(t.params)],
            "seconds": t.seconds,
            "steps": max(t.reports, default=0),
            "error": t.error.splitlines()[0] if t.error else None,
        }
        for t in result.trials
    ]
    facts = {
        "format": "neuralopt-tuning",
        "version": VERSION,
        "neuralopt": neuralopt.__version__,
        "title": title,
        "created": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        "machine": machine or {},
        "config": config or {},
        "notes": notes or [],
        "names": list(names),
        "directions": list(study.directions),
        "method": study.sampler.name,
        "pruner": study.pruner.name,
        "space": study.space.describe(),
        "trials": trials,
        "order": study.trials.order,
        "best": None if best is None else best.number,
        "best_text": None if best is None else described(best.params),
        "importance": [[name, share] for name, share in shares.items()],
        "front": [t.number for t in result.pareto_front()] if count > 1 else [],
        "interrupted": result.interrupted,
        "seconds": result.seconds,
        "model": model,
    }
    rows = [(t.number, s, v[0]) for t in result.trials for s, v in sorted(t.reports.items())]
    number, step, value = (np.array(column, float) for column in zip(*rows)) if rows else [np.zeros(0)] * 3
    write_container(
        place / "tuning.safetensors",
        kind="tuning-record",
        version=VERSION,
        header={},
        arrays={"trial": number.astype(np.int32), "step": step.astype(np.int32), "value": value},
    )
    write_json(place / "tuning.json", facts)
    return place


def counts(result: TuneResult) -> dict[TrialState, int]:
    """Return how many trials ended in which way."""
    return {state: sum(t.state is state for t in result.trials) for state in TrialState}
