"""From records to the ranking: rows in order, and a summary in words."""

from typing import Any

import numpy as np

from neuralopt.benchmark.records import Record
from neuralopt.core.results import Status

_TOLD_APART = 0.05  # of the family of all paired tests of a task
_DIVERGED = "Diverged at every learning rate."
_NOT_FINITE = (
    "Its figures on the test rows are not finite. Likely cause: a test row lies far outside of the training "
    "rows. Look for outliers and wrong units."
)


def ranking_rows(records: list[tuple[str, Record]]) -> list[dict[str, Any]]:
    """Return one row for every record, best test metric first, diverged ones last.

    Parameters
    ----------
    records : list of (file name, Record)

    Returns
    -------
    list of dict
        With rank, names, chosen learning rate, loss and metric with 95 % intervals, status.
    """
    rows = [_row(name, record) for name, record in records]
    rows.sort(key=lambda row: (row["metric"] is None, -(row["metric"] or 0), row["loss"] or 0, row["method"]))
    for rank, row in enumerate(rows, 1):
        row["rank"] = rank
    return rows


def _row(name: str, record: Record) -> dict[str, Any]:
    header = record.header
    scores = header["scores"] or {"loss": [None] * 3, "metric": [None] * 3}
    best, rates = header["best"], header["learning_rates"]
    diverged, runs = divergences(header)
    return {
        "rank": 0,
        "method": header["method"],
        "label": header["label"],
        "family": header["family"],
        "learning_rate": None if best is None else rates[best],
        "schedule": header.get("schedule"),
        **dict(zip(("metric", "metric_low", "metric_high"), scores["metric"], strict=True)),
        **dict(zip(("loss", "loss_low", "loss_high"), scores["loss"], strict=True)),
        "status": _status(header),
        "diverged_runs": diverged,
        "runs": runs,
        "record": name,
    }


def divergences(header: dict[str, Any]) -> tuple[int, int]:
    """Return how many runs of a method diverged, and how many there were: at every rate and schedule."""
    held = header["diverged"]
    return header.get("tried_diverged", int(np.sum(held))), header.get("tried", int(np.size(held)))


def _status(header: dict[str, Any]) -> str:
    """Return the sentence that says what a row's figures are worth."""
    if header["scores"] is None:
        diverged = header["family"] == "gradient" and header["best"] is None
        return _DIVERGED if diverged else _NOT_FINITE
    return Status.MAX_EPOCHS.value


def summary(rows: list[dict[str, Any]], facts: dict[str, Any]) -> str:
    """Return who won in one to three sentences, and whether a reference line did.

    Parameters
    ----------
    rows : list of dict
        From `ranking_rows`.
    facts : dict
        From ``Task.facts``.

    Returns
    -------
    str
    """
    ours = [r for r in rows if r["family"] != "reference" and r["metric"] is not None]
    if not ours:
        return "Every network diverged. Give smaller learning rates, or look for outliers in the data."
    best, metric = ours[0], "accuracy" if facts["metric"] == "accuracy" else "R²"
    level = [r["label"] for r in ours[1:] if _level(r, best, tested=best is rows[0])]
    kind = "network" if best["family"] == "gradient" else "method"
    text = f"{best['label']} is the best {kind}: test {metric} {_interval(best)}."
    if level:
        text += (
            f" {len(level)} other{'s' if len(level) > 1 else ''} cannot be told apart from it on "
            f"{facts['n_test']} test rows ({', '.join(level[:4])}{', ...' if len(level) > 4 else ''})."
        )
    beaten = [r for r in rows if r["family"] == "reference" and (r["metric"] or -np.inf) > best["metric"]]
    if beaten:
        top = beaten[0]
        clear = top["metric_low"] > best["metric_high"]
        text += (
            f" {top['label']} does {'clearly ' if clear else ''}better ({_interval(top)}): "
            "a network does not pay here as it stands."
        )
    return text


def _level(row: dict[str, Any], best: dict[str, Any], *, tested: bool) -> bool:
    """Return whether a method cannot be told apart from the best: by a paired test, else by intervals."""
    if tested and row.get("p_value") is not None:
        return row["p_value"] >= _TOLD_APART
    return row["metric_high"] >= best["metric_low"]


def _interval(row: dict[str, Any]) -> str:
    return f"{row['metric']:.3f} [{row['metric_low']:.3f}, {row['metric_high']:.3f}]"
