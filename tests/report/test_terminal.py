"""The ranking as a person sees it in a terminal."""

import io
import subprocess
import sys
from typing import Any

import pytest
from rich.console import Console
from rich.table import Table

from neuralopt.report import ranking_table


def printed(ranking: dict[str, Any], width: int = 120) -> str:
    console = Console(file=io.StringIO(), width=width, color_system=None)
    for renderable in ranking_table(ranking):
        console.print(renderable)
    return console.file.getvalue()  # type: ignore[attr-defined]  # it is the StringIO


def test_one_table_and_one_summary_for_each_task(writer: Any) -> None:
    renderables = ranking_table(writer.ranking)
    assert [isinstance(r, Table) for r in renderables] == [True, False, True, False]
    assert renderables[0].row_count == 14  # type: ignore[attr-defined]  # a Table, as the line above says


def test_who_was_fastest_is_said_at_the_end(writer: Any) -> None:
    assert "Fastest" not in printed(writer.ranking)
    names = [row["method"] for row in writer.ranking["tasks"][0]["rows"]][:6]
    scores = {name: 1 - 0.1 * k for k, name in enumerate(reversed(names))}
    writer.ranking["profile"] = {"factors": [1.0], "profiles": {}, "scores": scores, "problems": 10}
    labels = {row["method"]: row["label"] for row in writer.ranking["tasks"][0]["rows"]}
    said = " ".join(printed(writer.ranking).split())
    first = ", ".join(f"{labels[name]} {scores[name]:.2f}" for name in names[:0:-1])
    assert said.endswith(f"over 10 problems (area under the performance profile, 1 is the best): {first}.")
    writer.ranking["profile"]["scores"] = dict.fromkeys(names, 0.0)
    assert printed(writer.ranking).rstrip().endswith("No method reached the target.")


def test_a_further_table_is_a_list_where_the_terminal_is_narrow(writer: Any) -> None:
    held = {"title": "Speed", "columns": ["Method", "Over NAdamW", "Steps"], "note": "Medians."}
    rows = [["Sharpness-aware Adam", "0.80 [0.70, 0.90]", "1200"], ["SGD", "1.50 [1.20, 1.90]", "3000"]]
    writer.ranking["tasks"][0]["tables"] = [held | {"rows": rows}]

    def shown(width: int) -> str:
        console = Console(file=io.StringIO(), width=width, color_system=None)
        for renderable in ranking_table(writer.ranking, tables=True):
            console.print(renderable)
        return console.file.getvalue()  # type: ignore[attr-defined]  # it is the StringIO

    assert "Sharpness-aware Adam  0.80 [0.70, 0.90]  1200" in shown(100)
    narrow = shown(40)
    assert "Sharpness-aware Adam: Over NAdamW 0.80" in " ".join(narrow.split())
    lines = narrow.splitlines()
    for whole in ("Over NAdamW 0.80 [0.70, 0.90]", "Steps 1200", "Steps 3000"):
        assert any(whole in line for line in lines)  # no figure is cut in two
    assert max(map(len, lines)) <= 40


def test_rows_show_intervals_and_learning_rates(writer: Any) -> None:
    row = writer.ranking["tasks"][0]["rows"][0]
    row |= {"metric": 0.9641, "metric_low": 0.951, "metric_high": 0.975, "learning_rate": 0.003}
    text = printed(writer.ranking)
    assert "0.964 [0.951, 0.975]" in text
    assert "3e-3" in text
    assert [line.strip() for line in text.splitlines()].count("reference") == 4
    assert "Adam did best; it beat both references." in text
    assert "test R²" in text


def test_the_status_is_shown_only_when_it_is_not_normal(writer: Any) -> None:
    assert "Ran all its epochs" not in printed(writer.ranking)
    assert "Every run diverged." in printed(writer.ranking)
    for task in writer.ranking["tasks"]:
        task["rows"] = [row for row in task["rows"] if row["metric"] is not None]
    assert "diverged" not in printed(writer.ranking)
    writer.ranking["tasks"][0]["rows"][1]["diverged_runs"] = 1
    assert "1 of 3 runs diverged" in printed(writer.ranking)


def test_square_brackets_in_names_are_text(writer: Any) -> None:
    writer.ranking["tasks"][0]["name"] = "[red]wine[/red]"
    writer.ranking["tasks"][0]["rows"][0]["label"] = "[bold]Ad[/nonsense]"
    writer.ranking["tasks"][0]["summary"] = "[link=x]won[/link]"
    text = printed(writer.ranking)
    for name in ("[red]wine[/red]", "[bold]Ad[/nonsense]", "[link=x]won[/link]"):
        assert name in text


def test_numbers_are_not_cut_in_a_narrow_terminal(writer: Any) -> None:
    assert "[0.9" in printed(writer.ranking, width=80)
    assert "…" not in printed(writer.ranking, width=80)


def test_rich_is_imported_only_when_a_table_is_made() -> None:
    code = "import sys, neuralopt.report; print('rich' in sys.modules, 'pandas' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert done.stdout.split() == ["False", "False"]


@pytest.mark.parametrize("width", [40, 50, 60, 80])
def test_the_names_are_the_last_to_go_in_a_narrow_terminal(writer: Any, width: int) -> None:
    text = printed(writer.ranking, width)
    for label in ("Adam", "SGD"):
        assert any(label in line.split() for line in text.splitlines())


def test_findings_stand_under_the_summary(writer: Any) -> None:
    found = {"code": "NOPT001", "title": "At the edge", "cause": "c", "cure": "u", "methods": ["Adam", "SGD"]}
    writer.ranking["tasks"][0]["findings"] = [found]
    assert "NOPT001 At the edge: Adam, SGD." in printed(writer.ranking)
    writer.ranking["tasks"][0]["findings"] = [found | {"page": "docs/findings/NOPT001.md", "methods": []}]
    assert "NOPT001 At the edge. See docs/findings/NOPT001.md." in printed(writer.ranking)
