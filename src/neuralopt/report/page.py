"""One self-contained page: tables and texts as HTML, figures as data that the page draws."""

import base64
import gzip
import hashlib
import json
import re
import shlex
from datetime import datetime
from importlib.resources import files
from pathlib import Path
from typing import Any

import jinja2
from markupsafe import Markup

from neuralopt.report import numerals
from neuralopt.report.bars import final_loss_bars
from neuralopt.report.curves import METRIC_NAMES, loss_curves, metric_curves
from neuralopt.report.figure import Figure
from neuralopt.report.palette import HUES, Style, dark_colours, method_styles
from neuralopt.report.records import Records, TaskRecords, load_records
from neuralopt.report.sensitivity import learning_rate_sensitivity
from neuralopt.report.verdict import strips, verdict
from neuralopt.storage import write_text

_SHOWN_AT_FIRST = 5  # curves of so many methods can be told apart at a glance
# What could end the script element that holds the data, or start a line that JavaScript reads.
_UNSAFE = {ord(c): f"\\u{ord(c):04x}" for c in "<>&\u2028\u2029"}
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
        The records folder of a comparison.
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
    write_text(page, render(load_records(records)))
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
    drawings = (loss_curves, metric_curves, learning_rate_sensitivity, final_loss_bars)
    figures = [draw(task, styles) for draw in drawings]
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
        payload.append([_figure_data(task, figure) for figure in figures])
        tasks.append(_task_view(number, task, figures))
    data = json.dumps(
        {"tasks": payload, "dark": dark_colours()}, ensure_ascii=False, allow_nan=False, separators=(",", ":")
    ).translate(_UNSAFE)
    library = _plotly_library()
    return (
        _environment()
        .get_template("page.html.j2")
        .render(
            ranking=records.ranking,
            problems=records.problems,
            tasks=tasks,
            styles=styles,
            hues=HUES,
            hue_classes={method: _hue(style) for method, style in styles.items()},
            dashes=_DASHES,
            created=_moment(records.ranking["created"]),
            metric_names=METRIC_NAMES,
            data=Markup(data),
            library=Markup(library),
            # A text in the records cannot foretell the digest of the data that it is part of.
            nonce=hashlib.sha256((data + repr(records.ranking)).encode()).hexdigest()[:32],
        )
    )


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


def _figure_data(task: TaskRecords, figure: Figure) -> dict[str, Any]:
    slug = re.sub(r"[^a-z0-9]+", "-", task.task["name"].casefold()).strip("-") or "task"
    return figure.plotly() | {"narrow": figure.narrow, "csv": figure.csv(), "file": f"{slug}-{figure.key}"}


def _environment() -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("neuralopt.report"),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
    )
    templates = files("neuralopt.report") / "templates"
    environment.globals["style"] = Markup((templates / "page.css").read_text(encoding="utf-8"))
    environment.globals["script"] = Markup((templates / "page.js").read_text(encoding="utf-8"))
    environment.filters["learning_rate"] = numerals.learning_rate
    environment.filters["rounded"] = _rounded
    environment.filters["json"] = lambda value: json.dumps(value, ensure_ascii=False)
    environment.globals["decimals_for"] = numerals.decimals_for
    return environment


def _rounded(value: float, decimals: int) -> str:
    """A numeral with a true minus sign."""
    return numerals.number(value, decimals).replace("-", "−")


def _moment(text: str) -> str:
    """A time to the minute; what is not an ISO time is shown as it is."""
    try:
        time = datetime.fromisoformat(text)
    except ValueError:
        return text
    zone = {None: "", "UTC": " UTC"}.get(time.tzname(), f" {time.tzname()}")
    return f"{time:%Y-%m-%d %H:%M}{zone}"


def _plotly_library() -> str:
    """The drawing library of the installed plotly package, compressed for the page.

    The browser inflates it: a third of the size, and the page opens without the network.
    """
    source = (files("plotly") / "package_data" / "plotly.min.js").read_bytes()
    return base64.b64encode(gzip.compress(source, 6, mtime=0)).decode("ascii")
