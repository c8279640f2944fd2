"""The page of an architecture search."""

import hashlib
import shlex
from collections.abc import Mapping
from typing import Any

from markupsafe import Markup

from neuralopt.core.diagram import boxes
from neuralopt.report.architecture_figures import METRICS, architecture_figures
from neuralopt.report.frame import figure_data, fill, moment

_TOP = 10


def render_architecture(facts: Mapping[str, Any]) -> str:
    """Return the page of an architecture search as HTML.

    Parameters
    ----------
    facts : mapping
        From `load_architecture`.

    Returns
    -------
    str
        The same text for the same records.
    """
    figures = architecture_figures(facts)
    ranked = sorted(
        (row for row in facts["evaluations"] if row["score"] is not None), key=lambda row: -row["score"]
    )
    model, done = facts["model"], facts["trained"].get(facts.get("winner", "search"), {})
    return fill(
        "architecture.html.j2",
        [[figure_data(facts["title"], figure) for figure in figures]],
        facts["title"],
        digest=hashlib.sha256(repr(facts).encode()).hexdigest(),
        version=facts["neuralopt"],
        facts=facts,
        figures=figures,
        created=moment(facts["created"]),
        metric=METRICS.get(facts["metric"], facts["metric"]),
        reached=done.get("validation") if done.get("test") is None else done["test"],
        rows_word="validation" if done.get("test") is None else "test",
        diagram=Markup(boxes(facts["best"]["layers"], "Diagram of the best architecture")),
        ranked=ranked[:_TOP],
        predict=None if model is None else f"neuralopt predict {shlex.quote(model)} new.csv",
    )
