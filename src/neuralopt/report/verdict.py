"""Who won a task, by how much, and whether that can be chance."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from neuralopt.report.numerals import number

_TOLD_APART = 0.05  # of the family of a task's paired tests, adjusted
_WIDEST = 8.0  # the strip shows at most this many widths of the winner's interval


@dataclass(frozen=True)
class Verdict:
    """The result of one task in words."""

    winner: Mapping[str, Any] | None  # its row; None when nothing finished
    margin: str  # "0.012 above SGD, the runner-up"
    reference: str  # "0.020 above the best reference, Ridge regression"
    matters: str  # whether the intervals tell the winner from the others
    overlapping: frozenset[str]  # methods whose interval meets the winner's


@dataclass(frozen=True)
class Strip:
    """One row's interval on the task's common scale, in per cent of the width."""

    low: float
    value: float
    high: float
    off: bool  # the value lies to the left of the scale


def verdict(rows: Sequence[Mapping[str, Any]]) -> Verdict:
    """Say who won, by how much and whether the intervals overlap.

    Parameters
    ----------
    rows : sequence of mapping
        The rows of one task, best first.

    Returns
    -------
    Verdict
        Texts without markup.

    Examples
    --------
    >>> row = dict(method="a", label="A", family="gradient", metric=0.9, metric_low=0.8, metric_high=1.0)
    >>> verdict([row]).matters
    'No other method finished.'
    """
    finished = [row for row in rows if row["metric"] is not None]
    if not finished:
        return Verdict(None, "", "", "No method finished without diverging.", frozenset())
    winner, others = finished[0], finished[1:]
    overlapping = frozenset(row["method"] for row in others if _meet(winner, row))
    margin = _ahead(winner, others[0], "the runner-up") if others else ""
    reference = ""
    references = [row for row in others if row["family"] == "reference"]
    if winner["family"] == "reference":
        networks = [row for row in others if row["family"] != "reference"]
        reference = "A reference won: training a network does not pay here."
        if networks and networks[0] is not others[0]:
            reference += " It is " + _ahead(winner, networks[0], "the best method of ours") + "."
    elif references and references[0] is not others[0]:
        reference = _ahead(winner, references[0], "the best reference")
    lost = len(rows) - len(finished)
    return Verdict(winner, margin, reference, _matters(others, overlapping) + _lost(lost), overlapping)


def strips(rows: Sequence[Mapping[str, Any]]) -> dict[str, Strip]:
    """Lay the rows' intervals on one scale that is wide enough to tell the leaders apart.

    Parameters
    ----------
    rows : sequence of mapping
        The rows of one task, best first.

    Returns
    -------
    dict of str to Strip
        By method; without those that diverged or have no interval.

    Examples
    --------
    >>> row = dict(method="a", metric=0.9, metric_low=0.8, metric_high=1.0)
    >>> strips([row])["a"]
    Strip(low=0.0, value=50.0, high=100.0, off=False)
    """
    finished = [row for row in rows if _has_interval(row)]
    if not finished:
        return {}
    high = max(row["metric_high"] for row in finished)
    width = finished[0]["metric_high"] - finished[0]["metric_low"]
    low = min(row["metric_low"] for row in finished)
    if width > 0:
        low = max(low, high - _WIDEST * width)
    scale = 100 / (high - low) if high > low else 0.0

    def place(value: float) -> float:
        return round(min(100.0, max(0.0, (value - low) * scale)), 2)

    return {
        row["method"]: Strip(
            place(row["metric_low"]), place(row["metric"]), place(row["metric_high"]), row["metric"] < low
        )
        for row in finished
    }


def _has_interval(row: Mapping[str, Any]) -> bool:
    return None not in (row["metric"], row["metric_low"], row["metric_high"])


def _meet(winner: Mapping[str, Any], row: Mapping[str, Any]) -> bool:
    if row.get("p_value") is not None:
        return row["p_value"] >= _TOLD_APART
    return _has_interval(winner) and _has_interval(row) and row["metric_high"] >= winner["metric_low"]


def _ahead(winner: Mapping[str, Any], row: Mapping[str, Any], role: str) -> str:
    return f"{number(winner['metric'] - row['metric'], 3)} above {row['label']}, {role}"


def _lost(count: int) -> str:
    """Say how many methods have no figure, if any."""
    return f" {count} {'other has' if count == 1 else 'others have'} no test figure." if count else ""


def _matters(others: Sequence[Mapping[str, Any]], overlapping: frozenset[str]) -> str:
    if not others:
        return "No other method finished."
    paired = all(row.get("p_value") is not None for row in others if row["metric"] is not None)
    how = "paired tests" if paired else "95 % intervals"
    if not overlapping:
        return f"Clear: {how} tell the winner from every other method."
    if len(overlapping) == len(others):
        return f"Not clear: {how} tell the winner from no other method."
    counted = ", references included," if any(row["family"] == "reference" for row in others) else ""
    return (
        f"{len(overlapping)} of {len(others)} others{counted} cannot be told from the winner by {how}; "
        "the lead over them may be chance."
    )
