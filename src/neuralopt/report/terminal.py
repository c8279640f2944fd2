"""The ranking in a terminal."""

import textwrap
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from neuralopt.report.curves import METRIC_NAMES
from neuralopt.report.numerals import estimate, tried

if TYPE_CHECKING:
    from rich.console import Console, ConsoleOptions, RenderableType, RenderResult

_HELD = "\u00a0"  # a space that no line is broken at
_FASTEST = 5  # methods whose speed is told


def ranking_table(ranking: Mapping[str, Any], *, tables: bool = False) -> "list[RenderableType]":
    """Return the ranking for ``rich.console.Console.print``: a table and its summary for each task.

    Names are shown as they are: square brackets in them are not read as rich markup.

    Parameters
    ----------
    ranking : mapping
        The ranking of a records folder.
    tables : bool, default False
        Whether the tables of convergence and paired tests are shown as well.

    Returns
    -------
    list of rich renderables
        For each task a ``rich.table.Table``, then the summary; at the end who was fastest.

    Examples
    --------
    >>> ranking_table({"tasks": []})
    []
    """
    from rich.padding import Padding
    from rich.table import Table
    from rich.text import Text

    renderables: list[RenderableType] = []
    for task in ranking["tasks"]:
        heading = Text(f"{task['name']}: {task['kind']}, {task['n_test']} test rows", style="bold")
        table = Table(title=heading, title_justify="left", header_style="dim", box=None, pad_edge=False)
        table.add_column("", justify="right", style="dim", no_wrap=True)
        table.add_column("method", overflow="fold", min_width=10)
        table.add_column(f"test {METRIC_NAMES.get(task['metric'], task['metric'])}", min_width=5)
        table.add_column(f"test {task['loss']}", min_width=5)
        table.add_column("learning\nrate", no_wrap=True)
        for row in task["rows"]:
            cells = [
                str(row["rank"]),
                Text.assemble(row["label"], (_remark(row), "dim")),
                estimate(row["metric"], row["metric_low"], row["metric_high"], decimals=3),
                estimate(row["loss"], row["loss_low"], row["loss_high"]),
                tried(row, ranking["config"]),
            ]
            style = "bold" if row["rank"] == 1 else "dim" if row["metric"] is None else ""
            table.add_row(*(c if isinstance(c, Text) else Text(c) for c in cells), style=style)
        notes = [f"\n{line}" for line in finding_lines(task["findings"])]
        text = Text.assemble(task["summary"], ("".join(notes), "dim"))
        renderables += [table, Padding(text, (1, 0))]
        for further in task.get("tables", []) if tables else []:
            renderables += [_Further(further), Padding(Text(further["note"], "dim"), (0, 0, 1, 0))]
    if held := ranking.get("profile"):
        renderables.append(Padding(Text(_speed(held, ranking["tasks"])), (0, 0, 1, 0)))
    return renderables


def finding_lines(findings: Sequence[Mapping[str, Any]]) -> list[str]:
    """Return a line for each finding: its code, what it is, whom it concerns, and its page.

    Parameters
    ----------
    findings : sequence of mapping
        As records hold them; older ones name no page.

    Returns
    -------
    list of str

    Examples
    --------
    >>> finding_lines([{"code": "NOPT003", "title": "Some runs diverged", "methods": ["SGD"]}])
    ['NOPT003 Some runs diverged: SGD.']
    """
    lines = []
    for found in findings:
        methods = f": {', '.join(found['methods'])}" if found["methods"] else ""
        page = f" See {found['page']}." if found.get("page") else ""
        lines.append(f"{found['code']} {found['title']}{methods}.{page}")
    return lines


class _Further:
    """A table that a task brought with it; a list of its rows where the terminal is too narrow for it."""

    def __init__(self, held: Mapping[str, Any]) -> None:
        self._held = held

    def __rich_console__(self, console: "Console", options: "ConsoleOptions") -> "RenderResult":
        from rich.table import Table
        from rich.text import Text

        held, title = self._held, Text(self._held["title"], style="bold")
        table = Table(title=title, title_justify="left", header_style="dim", box=None, pad_edge=False)
        for column in held["columns"]:
            table.add_column(Text(column), no_wrap=True)
        for row in held["rows"]:
            table.add_row(*(Text(str(cell)) for cell in row))
        if table.__rich_measure__(console, options.update(width=10_000)).maximum <= options.max_width:
            yield table
            return
        yield title
        for first, *rest in held["rows"]:
            shown = zip(held["columns"][1:], rest, strict=True)
            told = " · ".join(f"{name} {cell}".replace(" ", _HELD) for name, cell in shown)
            label = str(first).replace(" ", _HELD)
            lines = textwrap.wrap(f"{label}: {told}", options.max_width, subsequent_indent="  ")
            text = Text("\n".join(lines).replace(_HELD, " "), no_wrap=True)
            text.stylize("bold", 0, len(label))
            yield text


def _speed(profile: Mapping[str, Any], tasks: Sequence[Mapping[str, Any]]) -> str:
    """Return the scores of the fastest methods as a sentence."""
    labels = {row["method"]: row["label"] for task in tasks for row in task["rows"]}
    solved = {method: score for method, score in profile["scores"].items() if score > 0}
    order = sorted(solved, key=lambda method: (-solved[method], method))
    if not order:
        return "No method reached the target."
    first = ", ".join(f"{labels[m]} {solved[m]:.2f}" for m in order[:_FASTEST])
    count = profile["problems"]
    return (
        f"Fastest to the target, over {count} {'problem' if count == 1 else 'problems'} (area under the "
        f"performance profile, 1 is the best): {first}."
    )


def _remark(row: Mapping[str, Any]) -> str:
    """A second line under the name for a reference, or for runs that diverged."""
    if row["metric"] is None:
        return "\n" + row["status"]
    if row["diverged_runs"]:
        return f"\n{row['diverged_runs']} of {row['runs']} runs diverged"
    return "\nreference" if row["family"] == "reference" else ""
