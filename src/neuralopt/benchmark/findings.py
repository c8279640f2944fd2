"""Findings: what a user should know about a comparison, by rules on its records."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from neuralopt.benchmark.finding_kinds import finding
from neuralopt.benchmark.records import Record
from neuralopt.joint.candidates.wording import FEW

TENTHS = 10
"""Curves are read in tenths; shorter ones say nothing of how a run ends."""
RISE = 1.10
"""Overfitting: the last tenth's validation loss over the lowest."""
FALL = 0.98
"""Still improving: the last tenth's validation loss over that of the tenth before."""


def findings(records: Sequence[Record], n_test: int | None = None) -> list[dict[str, Any]]:
    """Return what a user should know about the runs, each with cause and cure.

    Parameters
    ----------
    records : sequence of Record
        Of one task.
    n_test : int, optional
        Test rows; those of a task with joint training are its real rows.

    Returns
    -------
    list of dict
        In the order of the codes; see `finding`.
    """
    headers = [r.header for r in records]
    ours = [h for h in headers if h["family"] != "reference"]
    joint = [h for h in headers if h["family"] == "joint"]
    said = {
        "NOPT001": [h["label"] for h in ours if _at_edge(h)],
        "NOPT002": [r.header["label"] for r in records if overfits(*_curves(r))],
        "NOPT003": [h["label"] for h in ours if np.any(h["diverged"])],
        "NOPT004": [h["label"] for h in joint if _misled(h["candidates"])],
        "NOPT006": [h["label"] for h in joint if n_test is not None and n_test < FEW],
        "NOPT007": _winning_references(headers),
        "NOPT008": [r.header["label"] for r in records if improving(_curves(r)[1])],
    }
    return [finding(code, methods) for code, methods in said.items() if methods]


def _at_edge(header: dict[str, Any]) -> bool:
    last = len(header["learning_rates"]) - 1
    return header["best"] is not None and last > 1 and header["best"] in (0, last)


def _curves(record: Record) -> tuple[np.ndarray, np.ndarray]:
    """Return training and validation loss at the chosen learning rate, the median over seeds."""
    best = record.header["best"]
    if best is None:
        return np.empty(0), np.empty(0)
    train, validation = (record.arrays[name][best] for name in ("train_loss", "validation_loss"))
    return np.median(train, axis=0), np.median(validation, axis=0)


def overfits(train: np.ndarray, validation: np.ndarray) -> bool:
    """Return whether the validation loss rose for good while the training loss fell.

    Parameters
    ----------
    train, validation : numpy.ndarray, shape (epochs,)
        Losses by epoch.

    Returns
    -------
    bool
        The median of the last tenth's validation losses is more than 10 % above the lowest one, and the
        median of the last tenth's training losses below that at the lowest one's epoch.

    Examples
    --------
    >>> falling = np.geomspace(1, 0.1, 20)
    >>> overfits(falling, np.r_[falling[:10], falling[9::-1]]), overfits(falling, falling)
    (True, False)
    """
    if len(validation) < TENTHS or not np.all(np.isfinite(validation)):
        return False
    at, tenth = int(np.argmin(validation)), len(validation) // TENTHS
    risen = np.median(validation[-tenth:]) > RISE * validation[at]
    return bool(risen and np.median(train[-tenth:]) < train[at])


def improving(validation: np.ndarray) -> bool:
    """Return whether the validation loss was still falling at the end.

    Parameters
    ----------
    validation : numpy.ndarray, shape (epochs,)
        Losses by epoch.

    Returns
    -------
    bool
        The lowest lies in the last tenth, whose median is more than 2 % below that of the tenth before.

    Examples
    --------
    >>> improving(np.geomspace(1, 0.1, 20)), improving(1 + np.geomspace(1, 1e-6, 20))
    (True, False)
    """
    if len(validation) < TENTHS or not np.all(np.isfinite(validation)):
        return False
    tenth = len(validation) // TENTHS
    last, before = np.median(validation[-tenth:]), np.median(validation[-2 * tenth : -tenth])
    return bool(np.argmin(validation) >= len(validation) - tenth and last < FALL * before)


def _misled(candidates: dict[str, dict[str, Any]]) -> bool:
    """Whether the real rows alone are clearly ahead, or the simulator is behind the mean."""
    metrics = {name: held["scores"]["metric"] for name, held in candidates.items() if held["scores"]}
    if metrics.get("simulator", [0.0])[0] < 0:  # R2; an accuracy is never negative
        return True
    others = [metric[0] for name, metric in metrics.items() if name != "real only"]
    return "real only" in metrics and bool(others) and metrics["real only"][1] > max(others)


def _winning_references(headers: list[dict[str, Any]]) -> list[str]:
    scored = [(h["scores"]["metric"][0], h) for h in headers if h["scores"]]
    best = max((metric for metric, h in scored if h["family"] != "reference"), default=np.inf)
    return [h["label"] for metric, h in scored if h["family"] == "reference" and metric > best]
