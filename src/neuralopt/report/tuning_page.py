"""The page of a study."""

import hashlib
import shlex
from collections import Counter
from typing import Any

from neuralopt.report.frame import figure_data, fill, moment
from neuralopt.report.numerals import decimals_for, number
from neuralopt.report.tuning_figures import tuning_figures
from neuralopt.report.tuning_records import TuningRecords

_SHOWN = 15  # trials in the table


def render_tuning(records: TuningRecords) -> str:
    """Return the page of a study as HTML.

    Parameters
    ----------
    records : TuningRecords
        From `load_tuning`.

    Returns
    -------
    str
        The same text for the same records.
    """
    facts = records.facts
    figures = tuning_figures(records)
    best = next((t for t in facts["trials"] if t["number"] == facts["best"]), None)
    return fill(
        "tuning.html.j2",
        [[figure_data(facts["title"], figure) for figure in figures]],
        facts["title"],
        digest=hashlib.sha256(repr(facts).encode()).hexdigest(),
        version=facts["neuralopt"],
        facts=facts,
        figures=figures,
        best=best,
        best_value="" if best is None else shown(best["values"][0]),
        created=moment(facts["created"]),
        counts=counts_text(facts["trials"]),
        columns=list(records.space),
        space=records.space,
        rows=top_trials(records),
        failures=[t for t in facts["trials"] if t["state"] == "FAILED"][:_SHOWN],
        predict=None
        if facts["model"] is None
        else f"neuralopt predict {shlex.quote(facts['model'])} new.csv",
    )


def counts_text(trials: list[dict[str, Any]]) -> str:
    """Return how many trials ended in which way, in words."""
    counts = Counter(t["state"].lower() for t in trials)
    return ", ".join(f"{n} {state}" for state, n in counts.items())


def top_trials(records: TuningRecords) -> list[dict[str, Any]]:
    """Return the best complete trials, their numbers as text."""
    done = sorted(records.complete, key=lambda t: (records.sign * t["values"][0], t["number"]))
    return [
        {
            "number": t["number"],
            "values": [shown(v) for v in t["values"]],
            "params": [shown(t["params"][n]) if n in t["params"] else "–" for n in records.space],
            "seconds": "" if t["seconds"] is None else f"{t['seconds']:.2f}",
        }
        for t in done[:_SHOWN]
    ]


def shown(value: Any) -> str:
    """Return a value as text: numbers with four digits."""
    if isinstance(value, float):
        if value and not 1e-3 <= abs(value) < 1e5:
            return f"{value:.3e}".replace("-", "−")
        return number(value, decimals_for(value)).replace("-", "−")
    return str(value)
