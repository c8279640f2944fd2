"""Findings of a joint fit, from its records alone."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from neuralopt.benchmark.finding_kinds import finding
from neuralopt.joint.candidates.wording import FEW


def joint_findings(facts: Mapping[str, Any], arrays: Mapping[str, np.ndarray]) -> list[dict[str, Any]]:
    """Return what a user should know about a joint fit, each with cause and cure.

    Parameters
    ----------
    facts : mapping
        The contents of ``joint.json``.
    arrays : mapping of str to array
        From `joint_arrays`.

    Returns
    -------
    list of dict
        In the order of the codes; see `finding`.
    """
    said = {
        "NOPT004": _misleads(facts["candidates"]),
        "NOPT005": "prior ridge" in facts["chosen"] and _at_edge(arrays["path/loo"]),
        "NOPT006": facts["n_real"] < FEW,
    }
    return [finding(code) for code, so in said.items() if so]


def _misleads(rows: list[dict[str, Any]]) -> bool:
    """Whether the real rows alone are ahead by their standard error, or the simulator is behind the mean."""
    known = {row["candidate"]: row for row in rows if row["loo_error"] is not None}
    if "simulator" in known and known["simulator"]["loo_error"] > 1:  # in standard deviations of the targets
        return True
    alone = known.pop("real only", None)
    if alone is None or not known:
        return False
    margin = alone["standard_error"] or 0.0
    return alone["loo_error"] + margin < min(row["loo_error"] for row in known.values())


def _at_edge(errors: np.ndarray) -> bool:
    last = len(errors) - 1
    return last > 0 and bool(np.all(np.isfinite(errors))) and int(np.argmin(errors)) in (0, last)
