"""From records to ``RESULTS.md``: every mark and every number in it is computed here."""

import operator
from collections.abc import Sequence
from typing import Any

from harness import Target, number, spread

_SENSES = {"<=": ("≤", operator.le), ">=": ("≥", operator.ge)}
_TIMES = ("s", "µs", "×")  # units of figures that a busy machine spoils
_QUIET = 0.2  # cores that others may keep busy


def results_page(sections: Sequence[tuple[str, str, Sequence[Target], dict[str, Any]]]) -> str:
    """Return the page.

    Parameters
    ----------
    sections : sequence of (name, title, targets, record)
        In the order of the page; a record is what `run.py` keeps.
    """
    records = [record for *_, record in sections]
    common = {
        name: fact
        for name, fact in records[0]["facts"].items()
        if all(r["facts"].get(name) == fact for r in records)
    }
    parts = ["# Results", "", "Written by `benchmarks/run.py`; do not edit. How to read it: `README.md`.", ""]
    quick = [name for name, _, _, record in sections if record["quick"]]
    if quick:
        parts += [f"**Quick run, few rounds, for a look only:** {', '.join(quick)}.", ""]
    parts += [*_grid(["machine", ""], [[name, str(fact)] for name, fact in common.items()]), ""]
    parts += ["## Targets", "", *_grid(["target", "setting", "figure", "limit", ""], _verdicts(sections)), ""]
    for name, title, _, record in sections:
        parts += _section(name, title, record, common)
    return "\n".join(parts)


def _verdicts(sections: Sequence[tuple[str, str, Sequence[Target], dict[str, Any]]]) -> list[list[str]]:
    rows = []
    for name, _, targets, record in sections:
        for target in targets:
            for setting, measured in record["settings"].items():
                sign = _SENSES[target.sense][0]
                limit = f"{sign} {number(target.limit)}{_unit(target.unit)}"
                found = measured["figures"].get(target.figure)
                shown = spread(found, target.unit) if found else "–"
                rows.append([f"{name}: {target.title}", setting, shown, limit, verdict(target, measured)])
    return rows


def verdict(target: Target, measured: dict[str, Any]) -> str:
    """Return whether a figure reaches its target; nothing is met while a check of its section fails."""
    found = measured["figures"].get(target.figure)
    if found is None:
        return "not measured"
    if not all(check["ok"] for check in measured["checks"]):
        return "**not judged: a check failed**"
    mark = "met" if _SENSES[target.sense][1](found["median"], target.limit) else "**missed**"
    busy = measured.get("others") is not None and measured["others"] > _QUIET
    return f"{mark}, machine busy" if busy and target.unit in _TIMES else mark


def _section(name: str, title: str, record: dict[str, Any], common: dict[str, str]) -> list[str]:
    own = [f"{key} {fact}" for key, fact in record["facts"].items() if key not in common]
    parts = [
        f"## {title}",
        "",
        f"`{name}`{', quick run' if record['quick'] else ''}. {'; '.join(own)}".rstrip(),
        "",
    ]
    for setting, measured in record["settings"].items():
        threads = ", ".join(f"{key} {count}" for key, count in measured["threads"].items())
        if len(record["settings"]) > 1:
            parts += [f"### {setting}", ""]
        parts += [f"Threads: {threads}. {_quiet(measured)}", ""]
        for found in measured["tables"]:
            parts += [f"{found['title']}:", "", *_grid(found["columns"], found["rows"]), ""]
        parts += [f"- {_mark(found)} {found['title']} ({found['detail']})" for found in measured["checks"]]
        parts += [f"- {note}" for note in measured["notes"]]
        parts.append("")
    return parts


def _quiet(measured: dict[str, Any]) -> str:
    others = measured.get("others")
    if others is None:
        return f"{measured['seconds']:.0f} s."
    noise = "" if others <= _QUIET else " **The machine was busy: do not trust the times.**"
    return f"{measured['seconds']:.0f} s, in which others kept {max(0.0, others):.2f} cores busy.{noise}"


def _mark(found: dict[str, Any]) -> str:
    return "Check passed:" if found["ok"] else "**Check failed:**"


def _unit(unit: str) -> str:
    return unit if unit in ("", "×") else f" {unit}"


def _grid(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    """Return a table in Markdown."""
    cells = [[str(cell).replace("|", "\\|") for cell in row] for row in (columns, *rows)]
    lines = [f"| {' | '.join(row)} |" for row in cells]
    return [lines[0], "|" + "---|" * len(columns), *lines[1:]]
