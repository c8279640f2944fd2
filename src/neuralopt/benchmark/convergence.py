"""How fast and how steadily methods get to a validation loss that another method has set."""

from typing import Any

import numpy as np

from neuralopt.benchmark.records import Record

REFERENCE = "nadamw"
"""Sets the target; it is not one of the five optimizers that the text task compares."""

_SHARE = 0.95


def target_loss(records: list[Record], constant: float) -> float | None:
    """Return the validation loss to be reached: 95 % of the way that the reference comes down.

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
    header, curves = next(
        ((r.header, r.arrays["validation_loss"]) for r in records if r.header["method"] == REFERENCE),
        ({"best": None}, None),
    )
    if curves is None or header["best"] is None:
        return None
    reached = float(np.median(np.nanmin(curves[header["best"]], axis=1)))
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
        Numbers, each over the seeds at the chosen learning rate: medians of epochs, steps and seconds to the
        target (infinity where half of the seeds or more do not reach it), interquartile range of the lowest
        validation loss, standard deviation of the test accuracy; over all runs the share that diverged.
    """
    target, rows = target_loss(records, constant), []
    for record in records:
        header, arrays = record.header, record.arrays
        if header["family"] != "gradient":
            continue
        row: dict[str, Any] = {
            "method": header["label"],
            "role": "reference" if header["method"] == REFERENCE else "",
            "learning_rate": None,
            "target": target,
            "epochs": None,
            "steps": None,
            "seconds": None,
            "reached": 0,
            "seeds": len(header["seeds"]),
            "validation_spread": None,
            "accuracy_spread": None,
            "diverged": int(np.sum(header["diverged"])),
            "runs": int(np.size(header["diverged"])),
            "accuracy": header["scores"] and header["scores"]["metric"],
        }
        if (best := header["best"]) is not None:
            curves = arrays["validation_loss"][best]
            low, high = np.quantile(np.nanmin(curves, axis=1), [0.25, 0.75])
            row |= {
                "learning_rate": header["learning_rates"][best],
                "validation_spread": float(high - low),
                "accuracy_spread": float(np.std(arrays["test_metric"][best], ddof=min(1, len(curves) - 1))),
            }
            if target is not None:
                row |= _time_to(target, curves, header)
        rows.append(row)
    return rows


def _time_to(target: float, curves: np.ndarray, header: dict[str, Any]) -> dict[str, Any]:
    hit = curves <= target  # NaN after the end of a run is no hit
    epochs = np.where(hit.any(axis=1), hit.argmax(axis=1) + 1.0, np.inf)
    middle = float(np.median(epochs))
    runs = np.size(header["diverged"])
    return {
        "epochs": middle,
        "steps": middle * header["steps"],
        "seconds": middle * header["seconds"]["train"] / (runs * header["epochs"]),
        "reached": int(np.isfinite(epochs).sum()),
    }


def convergence_table(records: list[Record], constant: float) -> list[dict[str, Any]]:
    """Return `convergence_rows` as a table of texts, fastest first; none without trained networks.

    Parameters
    ----------
    records : list of Record
    constant : float
        As for `target_loss`.

    Returns
    -------
    list of dict
        One table or none.
    """
    rows = convergence_rows(records, constant)
    if not rows:
        return []
    target = rows[0]["target"]
    rows.sort(key=lambda r: (np.inf if r["epochs"] is None else r["epochs"], -r["reached"]))
    if target is None:
        note = (
            "There is no target: the reference NAdamW comes no lower than a constant answer does "
            f"({constant:.3f} in validation). What the pairs have in common says nothing about questions "
            "that were not trained on."
        )
    else:
        note = (
            f"Epochs, steps and seconds to the target, a validation loss of {target:.3f}: 95 % of the way "
            f"from a constant answer ({constant:.3f}) to what NAdamW reaches, which is tuned the same way "
            "and is no competitor. Medians over seeds at the learning rate of least validation loss; ∞ "
            "where half of the seeds or more never get there. Seconds are of training alone, compilation "
            "not counted. Stability: interquartile range of the lowest validation loss, standard deviation "
            "of the test accuracy, runs that diverged at any learning rate. Test accuracy with its 95 % "
            "interval over seeds and questions."
        )
    return [
        {
            "title": "Convergence, stability and test accuracy",
            "columns": [
                *("Method", "Rate", "Epochs", "Steps", "Seconds", "Seeds"),
                *("Loss IQR", "Acc. SD", "Diverged", "Test accuracy"),
            ],
            "rows": [_texts(row) for row in rows],
            "note": note,
        }
    ]


def _texts(row: dict[str, Any]) -> list[str]:
    return [
        row["method"] + (f" ({row['role']})" if row["role"] else ""),
        _number(row["learning_rate"], ".2g"),
        _number(row["epochs"], "g"),
        _number(row["steps"], "g"),
        _number(row["seconds"], ".2g"),
        f"{row['reached']} of {row['seeds']}" if row["target"] is not None else "–",
        _number(row["validation_spread"], ".2g"),
        _number(row["accuracy_spread"], ".3f"),
        f"{row['diverged']} of {row['runs']}",
        interval(row["accuracy"]),
    ]


def interval(figure: list[float] | None) -> str:
    """Return a figure with its interval as text."""
    return "diverged" if figure is None else f"{figure[0]:.3f} [{figure[1]:.3f}, {figure[2]:.3f}]"


def _number(value: float | None, form: str) -> str:
    if value is None:
        return "–"
    return "∞" if not np.isfinite(value) else format(value, form)
