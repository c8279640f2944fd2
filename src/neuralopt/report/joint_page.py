"""The page of a joint fit."""

import hashlib
import shlex

from neuralopt.report.frame import figure_data, fill, moment
from neuralopt.report.joint_figures import joint_figures
from neuralopt.report.joint_records import JointRecords
from neuralopt.report.joint_terminal import alignment_text, shift_text


def render_joint(records: JointRecords) -> str:
    """Return the page of a joint fit as HTML.

    Parameters
    ----------
    records : JointRecords
        From `load_joint`.

    Returns
    -------
    str
        The same text for the same records.
    """
    facts = records.facts
    figures = joint_figures(records)
    return fill(
        "joint.html.j2",
        [[figure_data(facts["title"], figure) for figure in figures]],
        facts["title"],
        digest=hashlib.sha256(repr(facts).encode()).hexdigest(),
        version=facts["neuralopt"],
        facts=facts,
        figures=figures,
        created=moment(facts["created"]),
        alignment=alignment_text(facts),
        shift=shift_text(facts),
        far=any(row["beyond_cover"] is not None for row in facts["candidates"]),
        predict=f"neuralopt predict {shlex.quote(facts['model'])} new.csv",
    )
