"""One self-contained page: tables and texts as HTML, figures as data that the page draws."""

import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from neuralopt.report import tuning_records
from neuralopt.report.architecture_page import render_architecture
from neuralopt.report.architecture_records import FACTS as ARCHITECTURE_FACTS
from neuralopt.report.architecture_records import load_architecture
from neuralopt.report.bars import final_loss_bars
from neuralopt.report.curves import METRIC_NAMES, loss_curves, metric_curves
from neuralopt.report.figure import Figure
from neuralopt.report.frame import figure_data, fill, moment
from neuralopt.report.joint_page import render_joint
from neuralopt.report.joint_records import FACTS, load_joint
from neuralopt.report.palette import HUES, Style, method_styles
from neuralopt.report.protocol_figures import speed_profile, tuning_curves
from neuralopt.report.records import Records, TaskRecords, load_records
from neuralopt.report.sensitivity import learning_rate_sensitivity
from neuralopt.report.trajectory_figures import trajectory_figures
from neuralopt.report.tuning_page import render_tuning
from neuralopt.report.verdict import strips, verdict
from neuralopt.storage import write_text

_SHOWN_AT_FIRST = 5  # curves of so many methods can be told apart at a glance
_DASHES = {
    "solid": "",
    "dashdot": "7 3 2 3",
    "longdashdot": "11 3 2 3",
    "dash": "6 4",
    "dot": "2 3",
    "longdash": "11 4",
}


def build_report(records: str | Path, output: str | Path | None = None) -> Path:
    """Write the report of a records folder as one HTML page that needs nothing else.

    Nothing is trained or measured again: the page shows what the records say.

    Parameters
    ----------
    records : str or Path
        The records folder of a comparison, a joint fit, a study or an architecture search.
    output : str or Path or None, default None
        The page; None writes ``report.html`` beside the records folder. An existing page is replaced.

    Returns
    -------
    Path
        The page.

    Raises
    ------
    InvalidArgument
        When there is no such records folder.
    StorageError
        When the ranking is damaged or newer than this version, or the page cannot be written.

    Examples
    --------
    >>> build_report("no/such/folder")  # doctest: +ELLIPSIS
    Traceback (most recent call last):
        ...
    neuralopt.core.errors.InvalidArgument: There is no folder 'no/such/folder' to make a report...
    """
    page = Path(records).absolute().parent / "report.html" if output is None else Path(output)
    folder = Path(records)
    if (folder / FACTS).exists():
        text = render_joint(load_joint(folder))
    elif (folder / tuning_records.FACTS).exists():
        text = render_tuning(tuning_records.load_tuning(folder))
    elif (folder / ARCHITECTURE_FACTS).exists():
        text = render_architecture(load_architecture(folder))
    else:
        text = render(load_records(records))
    write_text(page, text)
    return page


def task_figures(task: TaskRecords, styles: dict[str, Style] | None = None) -> list[Figure]:
    """Return the figures of one task, without those that have nothing to show.

    Parameters
    ----------
    task : TaskRecords
        One of the ``tasks`` of `load_records`.
    styles : dict of str to Style or None, default None
        By method; None derives them from this task alone.

    Returns
    -------
    list of Figure
        Each with ``frame()``, ``csv()`` and ``plotly()``.
    """
    styles = method_styles({"tasks": [task.task]}) if styles is None else styles
    drawings = (loss_curves, metric_curves, learning_rate_sensitivity, tuning_curves, final_loss_bars)
    figures = [draw(task, styles) for draw in drawings] + trajectory_figures(task.trajectories, styles)
    return [figure for figure in figures if figure.data and any(figure.columns.values())]


def render(records: Records) -> str:
    """Return the page of a records folder as HTML.

    Parameters
    ----------
    records : Records
        What `load_records` has read.

    Returns
    -------
    str
        The same text for the same records.
    """
    styles = method_styles(records.ranking)
    tasks, payload = [], []
    for number, task in enumerate(records.tasks):
        figures = task_figures(task, styles)
        payload.append([figure_data(task.task["name"], figure) for figure in figures])
        tasks.append(_task_view(number, task, figures))
    overall = _overall(records.ranking, styles)
    if overall:
        payload.append([figure_data(records.ranking["title"], figure) for figure in overall])
    return fill(
        "page.html.j2",
        payload,
        records.ranking["title"],
        digest=repr(records.ranking),
        version=records.ranking["neuralopt"],
        ranking=records.ranking,
        problems=records.problems,
        tasks=tasks,
        overall=overall,
        speeds=_speeds(records.ranking) if overall else [],
        settings=_settings(records.ranking["config"]),
        styles=styles,
        hue_classes={method: _hue(style) for method, style in styles.items()},
        dashes=_DASHES,
        created=moment(records.ranking["created"]),
        metric_names=METRIC_NAMES,
    )


def _settings(config: Mapping[str, Any]) -> dict[str, Any]:
    """Return the settings for a reader."""
    return dict(config) | ({"epochs": "chosen for each table"} if config.get("epochs", 0) is None else {})


def _speeds(ranking: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return every method of the figure of all tasks with its score, the fastest first."""
    scores = ranking["profile"]["scores"]
    labels = _labels(ranking)
    order = sorted(scores, key=lambda method: (-scores[method], method))
    return [
        {"method": m, "label": labels[m], "score": scores[m], "first": place < _SHOWN_AT_FIRST}
        for place, m in enumerate(order)
    ]


def _labels(ranking: Mapping[str, Any]) -> dict[str, str]:
    return {row["method"]: row["label"] for task in ranking["tasks"] for row in task["rows"]}


def _overall(ranking: Mapping[str, Any], styles: dict[str, Style]) -> list[Figure]:
    """Return the figures of all tasks together; older rankings have none."""
    profile = ranking.get("profile")
    if not profile:
        return []
    return [speed_profile(profile, _labels(ranking), styles)]


def _task_view(number: int, task: TaskRecords, figures: list[Figure]) -> dict[str, Any]:
    """What the template shows of one task besides the ranking's own fields."""
    rows = task.task["rows"]
    curves = [row for row in rows if _in_curves(row["method"], figures)]
    networks = [row["method"] for row in curves if row["family"] != "reference"]
    shown = {*networks[:_SHOWN_AT_FIRST], *(row["method"] for row in curves if row["family"] == "reference")}
    best = task.task["best_model"]
    return {
        "id": f"task-{number + 1}",
        "facts": task.task,
        "verdict": verdict(rows),
        "strips": strips(rows),
        "figures": figures,
        "curves": curves,
        "shown": shown,
        "labels": {row["method"]: row["label"] for row in rows},
        "predict": None if best is None else f"neuralopt predict {shlex.quote(best)} new.csv",
    }


def _hue(style: Style) -> int:
    """The number of its colour class on the page; the last is the neutral one."""
    return len(HUES) if style.reference else HUES.index(style.colour)


def _in_curves(method: str, figures: list[Figure]) -> bool:
    return any(trace.get("legendgroup") == method for figure in figures for trace in figure.data)
