"""How fast and how steadily methods get to a validation loss that another method has set."""

from typing import Any

import numpy as np

from neuralopt.benchmark.ranking import divergences
from neuralopt.benchmark.records import Record

REFERENCE = "nadamw"
"""Sets the target, and is in every comparison of optimizers."""

INDEPENDENT = 1000
"""The first of the reference's further seeds, from which the target is taken: no run that is compared."""

_SHARE = 0.95


def target_loss(records: list[Record], constant: float) -> float | None:
    """Return the validation loss to be reached: 95 % of the way that the reference comes down.

    The reference's runs at its chosen learning rate are made again from other seeds for that.

    Parameters
    ----------
    records : list of Record
    constant : float
        Validation loss of the best constant answer, where the way begins.

    Returns
    -------
    float or None
        None without the reference, or where it does no better than the constant answer.
    """
    found = (r.arrays.get("independent_validation_loss") for r in records if r.header["method"] == REFERENCE)
    curves = next(found, None)
    if curves is None or not np.isfinite(curves).any(axis=1).all():
        return None
    reached = float(np.median(np.nanmin(curves, axis=1)))
    return constant - _SHARE * (constant - reached) if reached < constant else None


def convergence_rows(records: list[Record], constant: float) -> list[dict[str, Any]]:
    """Return speed, stability and accuracy of every method that was trained by gradient.

    Parameters
    ----------
    records : list of Record
    constant : float
        As for `target_loss`.

    Returns
    -------
    list of dict
        Numbers, each over the seeds at the chosen learning rate: medians of epochs, steps, samples and
        seconds to the target (infinity where half of the seeds or more do not reach it), interquartile
        range of the lowest validation loss, standard deviation of the test metric; over all runs the share
        that diverged.
    """
    target, rows = target_loss(records, constant), []
    for record in records:
        header, arrays = record.header, record.arrays
        if header["family"] != "gradient":
            continue
        row: dict[str, Any] = {
            "slug": header["method"],
            "method": header["label"],
            "role": "reference" if header["method"] == REFERENCE else "",
            "learning_rate": None,
            "target": target,
            "epochs": None,
            "steps": None,
            "samples": None,
            "state": header["state"],
            "seconds": None,
            "reached": 0,
            "seeds": len(header["seeds"]),
            "validation_spread": None,
            "accuracy_spread": None,
            **dict(zip(("diverged", "runs"), divergences(header), strict=True)),
            "accuracy": header["scores"] and header["scores"]["metric"],
        }
        if (best := header["best"]) is not None:
            curves = arrays["validation_loss"][best]
            low, high = np.quantile(np.nanmin(curves, axis=1), [0.25, 0.75])
            row |= {
                "learning_rate": header["learning_rates"][best],
                "validation_spread": float(high - low),
                "accuracy_spread": _spread(arrays["test_metric"][best]),
            }
            if target is not None:
                row |= _time_to(target, record)
        rows.append(row)
    _add_ratios(rows, {r.header["method"]: r for r in records}, target)
    return rows


def _add_ratios(rows: list[dict[str, Any]], records: dict[str, Record], target: float | None) -> None:
    """Give every row its epochs to the target over the reference's, with an interval over paired seeds."""
    reference = records.get(REFERENCE)
    for row in rows:
        row["ratio"] = None
        if target is not None and reference is not None and row["slug"] != REFERENCE:
            mine, theirs = (epochs_to(target, record) for record in (records[row["slug"]], reference))
            row["ratio"] = speed_ratio(mine, theirs)


def speed_ratio(mine: np.ndarray, theirs: np.ndarray, seed: int = 0) -> list[float] | None:
    """Return the geometric mean over seeds of mine over theirs, with a 95 % percentile bootstrap.

    Parameters
    ----------
    mine, theirs : float arrays of shape (S,)
        Epochs to a target, paired by seed; infinite where it was not met.
    seed : int, default 0
        Of the resampling.

    Returns
    -------
    list of three floats or None
        Value, low, high; None where any run did not meet the target, for then there is no ratio.

    Examples
    --------
    >>> [round(part, 3) for part in speed_ratio(np.array([8.0, 16.0]), np.array([10.0, 20.0]))]
    [0.8, 0.8, 0.8]
    """
    if len(mine) != len(theirs) or not (np.isfinite(mine).all() and np.isfinite(theirs).all()):
        return None
    logs = np.log(mine / theirs)
    drawn = np.random.default_rng(seed).integers(len(logs), size=(2000, len(logs)))
    low, high = np.quantile(logs[drawn].mean(axis=1), [0.025, 0.975])
    return [float(np.exp(part)) for part in (logs.mean(), low, high)]


def _spread(values: np.ndarray) -> float | None:
    """Return the standard deviation over seeds; None where a figure is not finite."""
    return float(np.std(values, ddof=min(1, len(values) - 1))) if np.isfinite(values).all() else None


def epochs_to(target: float, record: Record) -> np.ndarray:
    """Return the epochs after which each seed's run at the chosen learning rate met a validation loss.

    Parameters
    ----------
    target : float
    record : Record
        Of a method that descends a gradient.

    Returns
    -------
    float array of shape (S,)
        Infinity where it was not met, or no learning rate was chosen.
    """
    best = record.header["best"]
    if best is None:
        return np.full(len(record.header["seeds"]), np.inf)
    hit = record.arrays["validation_loss"][best] <= target  # NaN after the end of a run is no hit
    return np.where(hit.any(axis=1), hit.argmax(axis=1) + 1.0, np.inf)


def _time_to(target: float, record: Record) -> dict[str, Any]:
    header, epochs = record.header, epochs_to(target, record)
    middle = float(np.median(epochs))
    runs = np.size(header["diverged"])
    return {
        "epochs": middle,
        "steps": middle * header["steps"],
        "samples": middle * header["rows"],
        "seconds": middle * header["seconds"]["train"] / (runs * header["epochs"]),
        "reached": int(np.isfinite(epochs).sum()),
    }


def convergence_table(
    records: list[Record], constant: float, metric: str = "accuracy"
) -> list[dict[str, Any]]:
    """Return `convergence_rows` as a table of texts, fastest first; none without trained networks.

    Parameters
    ----------
    records : list of Record
    constant : float
        As for `target_loss`.
    metric : str, default "accuracy"
        The name of the test metric.

    Returns
    -------
    list of dict
        One table or none.
    """
    rows = convergence_rows(records, constant)
    if not rows:
        return []
    target, metric = rows[0]["target"], {"r2": "R²"}.get(metric, metric)
    rows.sort(key=lambda r: (np.inf if r["epochs"] is None else r["epochs"], -r["reached"]))
    if target is None:
        note = (
            "There is no target, for the reference NAdamW diverged."
            if any(row["role"] and row["learning_rate"] is None for row in rows)
            else "There is no target: the reference NAdamW comes no lower than a constant answer does "
            f"({constant:.3f} in validation). What the training rows have in common says nothing about "
            "others."
        )
    else:
        note = (
            f"Epochs, steps and samples to the target, a validation loss of {target:.3f}: 95 % of "
            f"the way from a constant answer ({constant:.3f}) to what NAdamW reaches, which is tuned the "
            "same way, from seeds that are not compared. Medians over seeds at the learning rate of least "
            "validation loss; ∞ where half of the seeds or more never get there. Seconds differ from run to "
            "run and are in timings.csv. Over NAdamW: the epochs over NAdamW's, geometric mean over paired "
            "seeds with its 95 % interval. State: numbers kept for each parameter. "
            "Stability: interquartile range of the lowest validation loss, standard deviation of the test "
            f"{metric} over seeds, runs that diverged at any learning rate. Test {metric} with its 95 % "
            "interval over seeds and test rows; of questions with several pairs over questions."
        )
    return [
        {
            "title": f"Convergence, stability and test {metric}",
            "columns": [
                *("Method", "Epochs", "Over NAdamW", "Steps", "Samples", "Seeds", "State"),
                *("Loss IQR", "Test SD", "Diverged", f"Test {metric}"),
            ],
            "rows": [_texts(row) for row in rows],
            "note": note,
        }
    ]


def _texts(row: dict[str, Any]) -> list[str]:
    return [
        row["method"] + (f" ({row['role']})" if row["role"] else ""),
        _number(row["epochs"], "g"),
        _ratio(row["ratio"]),
        _number(row["steps"], "g"),
        _number(row["samples"], "g"),
        f"{row['reached']} of {row['seeds']}" if row["target"] is not None else "–",
        _number(row["state"], ".2g"),
        _number(row["validation_spread"], ".2g"),
        _number(row["accuracy_spread"], ".3f"),
        f"{row['diverged']} of {row['runs']}",
        interval(row["accuracy"]),
    ]


def interval(figure: list[float] | None) -> str:
    """Return a figure with its interval as text."""
    return "diverged" if figure is None else f"{figure[0]:.3f} [{figure[1]:.3f}, {figure[2]:.3f}]"


def _ratio(found: list[float] | None) -> str:
    return "–" if found is None else f"{found[0]:.2f} [{found[1]:.2f}, {found[2]:.2f}]"


def _number(value: float | None, form: str) -> str:
    if value is None:
        return "–"
    return "∞" if not np.isfinite(value) else format(value, form)
