"""What the protocol adds to a task's ranking: paired tests, cost of tuning, speed to a target, one score."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from neuralopt.benchmark.convergence import convergence_rows, convergence_table, epochs_to
from neuralopt.benchmark.paired import holm, paired_difference
from neuralopt.benchmark.profile import performance_profiles
from neuralopt.benchmark.records import Record
from neuralopt.benchmark.task import Task
from neuralopt.benchmark.trials import best_after

LEVEL = 0.05
"""Of the family of all tests of one task."""

_KEYS = ("difference", "difference_low", "difference_high", "p_value", "effect")


def add_paired_tests(rows: list[dict[str, Any]], records: dict[str, Record]) -> None:
    """Give every row its difference from the first, tested in pairs; p values are adjusted by Holm's method.

    Parameters
    ----------
    rows : list of dict
        Best first; each gets ``difference``, ``difference_low``, ``difference_high``, ``p_value`` and
        ``effect``, None where there is nothing to compare.
    records : dict of str to Record
        By the names in ``row["record"]``.
    """
    for row in rows:
        row |= dict.fromkeys(_KEYS)
    scored = [
        row for row in rows if "test_rows" in records[row["record"]].arrays and row["metric"] is not None
    ]
    if len(scored) < 2 or scored[0] is not rows[0]:
        return
    best = records[rows[0]["record"]].arrays["test_rows"]
    found = [paired_difference(best, records[row["record"]].arrays["test_rows"]) for row in scored[1:]]
    for row, pair, p in zip(scored[1:], found, holm([pair.p for pair in found]), strict=True):
        effect = pair.effect if np.isfinite(pair.effect) else None
        row |= dict(zip(_KEYS, (pair.value, pair.low, pair.high, p, effect), strict=True))


def protocol_tables(
    task: Task, rows: list[dict[str, Any]], records: Sequence[Record]
) -> list[dict[str, Any]]:
    """Return the tables of convergence and of paired tests, for the report.

    Parameters
    ----------
    task : Task
    rows : list of dict
        With what `add_paired_tests` found.
    records : sequence of Record

    Returns
    -------
    list of dict
        Each with title, columns, rows of texts and a note.
    """
    tables = convergence_table(list(records), task.constant_loss(), task.facts()["metric"])
    tested = [row for row in rows if row["p_value"] is not None]
    if not tested:
        return tables
    what = "accuracy" if task.kind == "classification" else "squared error"
    return [
        *tables,
        {
            "title": f"Paired tests against {rows[0]['label']}",
            "columns": ["Method", "Difference", "95 % interval", "Effect", "p (Holm)", "Told apart"],
            "rows": [
                [
                    row["label"],
                    f"{row['difference']:.3g}",
                    f"{row['difference_low']:.3g} … {row['difference_high']:.3g}",
                    "–" if row["effect"] is None else f"{row['effect']:.1f}",
                    f"{row['p_value']:.3f}" if row["p_value"] >= 0.0005 else "< 0.001",
                    "yes" if row["p_value"] < LEVEL else "no",
                ]
                for row in tested
            ],
            "note": (
                f"How far {rows[0]['label']} is ahead in {what} on the test rows, by a bootstrap that draws "
                "test rows and, where both have as many, seeds in pairs: the same seed means the same "
                "initial parameters and order of rows. Effect: the mean difference over seeds by its "
                f"standard deviation. p values are adjusted for {len(tested)} tests by Holm's method; "
                f"methods are told apart at {LEVEL:g}."
            ),
        },
    ]


def curves_of_tuning(records: Sequence[Record]) -> dict[str, list[list[float | None]]]:
    """Return by method the test metric after 1, 2, ... learning rates tried: mean, low and high.

    Parameters
    ----------
    records : sequence of Record

    Returns
    -------
    dict of str to list of [mean, low, high]
        Of methods with two learning rates or more.
    """
    found = {}
    for record in records:
        if record.header["family"] != "gradient" or len(record.header["learning_rates"]) < 2:
            continue
        curves = record.arrays["validation_loss"]
        lowest = np.where(np.isfinite(curves), curves, np.inf).min(axis=2)
        lowest = np.where(np.array(record.header["diverged"]), np.inf, lowest)
        after = best_after(record.arrays["test_metric"], lowest)
        found[record.header["method"]] = [[_plain(cell) for cell in row] for row in after]
    return found


def profile_of_speed(tasks: Sequence[tuple[Task, Sequence[Record]]]) -> dict[str, Any] | None:
    """Return performance profiles of epochs to the target over all tasks and seeds, and their integrals.

    Parameters
    ----------
    tasks : sequence of (Task, records)

    Returns
    -------
    dict or None
        ``factors``, and by method ``profiles`` and ``scores``; None without a target or methods.
    """
    costs: dict[str, list[np.ndarray]] = {}
    problems = 0
    for task, records in tasks:
        rows = convergence_rows(list(records), task.constant_loss())
        if not rows or rows[0]["target"] is None:
            continue
        seeds = rows[0]["seeds"]
        problems += seeds
        for record in records:
            if record.header["family"] == "gradient":
                reached = epochs_to(rows[0]["target"], record)
                costs.setdefault(record.header["method"], []).append(reached)
    whole = {name: np.concatenate(parts) for name, parts in costs.items()}
    whole = {name: cost for name, cost in whole.items() if len(cost) == problems}
    if len(whole) < 2:
        return None
    factors, profiles, scores = performance_profiles(whole)
    return {
        "factors": factors.tolist(),
        "profiles": {name: profile.tolist() for name, profile in profiles.items()},
        "scores": scores,
        "problems": problems,
    }


def _plain(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None
