"""A joint fit in a terminal."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from neuralopt.report.numerals import decimals_for, number
from neuralopt.report.terminal import finding_lines

if TYPE_CHECKING:
    from rich.console import RenderableType

_SHIFTED = 5  # inputs shown, the most different first


def joint_table(facts: Mapping[str, Any]) -> "list[RenderableType]":
    """Return a joint fit for ``rich.console.Console.print``: candidates, alignment, shift, words.

    Parameters
    ----------
    facts : mapping
        The contents of ``joint.json``.

    Returns
    -------
    list of rich renderables
        A table of the candidates, then sentences.
    """
    from rich.padding import Padding
    from rich.table import Table
    from rich.text import Text

    far = any(row["beyond_cover"] is not None for row in facts["candidates"])
    heading = Text(f"Candidates on {facts['n_real']} real rows, each left out once", style="bold")
    table = Table(title=heading, title_justify="left", header_style="dim", box=None, pad_edge=False)
    table.add_column("candidate", no_wrap=True)
    for name in ("error / std(y)", "standard error", *(["beyond cover"] if far else []), "weight"):
        table.add_column(name, justify="right")
    table.add_column("")
    for row in facts["candidates"]:
        cells = [
            row["loo_error"],
            row["standard_error"],
            *([row["beyond_cover"]] if far else []),
            row["weight"],
        ]
        table.add_row(
            Text(row["candidate"]),
            *(Text("" if cell is None else number(cell, decimals_for(cell))) for cell in cells),
            Text("chosen" if row["chosen"] else ""),
            style="bold" if row["chosen"] else "",
        )
    lines = [alignment_text(facts), shift_text(facts), *shifted_inputs(facts), *facts["summary"]]
    lines += finding_lines(facts.get("findings", []))
    return [table, Padding(Text("\n".join(lines)), (1, 0))]


def alignment_text(facts: Mapping[str, Any]) -> str:
    """Return the sentence on the error before and after."""
    before, after = (number(facts[key], decimals_for(facts[key])) for key in ("before", "after"))
    text = (
        f"Alignment error on the real rows (RMSE / std(y)): {before} before, the simulator's network as it "
        f"is; {after} after, each row left out."
    )
    if facts["accuracy"] is not None:
        first, last = facts["accuracy"]
        text += f" Accuracy: {first:.3f} before, {last:.3f} after."
    return text


def shift_text(facts: Mapping[str, Any]) -> str:
    """Return the sentence on how differently simulated and real inputs are distributed."""
    auc, cover = facts["shift"]["auc"], facts["cover"]
    told = "too few real rows to tell them apart"
    if auc is not None:
        told = f"AUC {auc:.2f} (0.5 or less: alike, 1: apart)"
    beyond = ""
    if cover["beyond"]:
        beyond = f" {cover['beyond']:.0%} of the simulated rows lie beyond the cover of the real ones."
    return f"Shift of the inputs: {told}; {facts['shift']['worst']}.{beyond}"


def shifted_inputs(facts: Mapping[str, Any]) -> list[str]:
    """Return a line for each of the inputs that differ most."""
    shift = facts["shift"]
    rows = list(zip(facts["features"], shift["mean_difference"], shift["log_ratio"], strict=True))
    rows.sort(key=lambda row: -max(abs(row[1]), abs(row[2]) / 2))
    return [
        f"  {name}: mean {difference:+.2f} standard deviations, log variance ratio {ratio:+.2f}"
        for name, difference, ratio in rows[:_SHIFTED]
    ]
