"""What the pages share: the frame, the drawing library, the figures' data."""

import base64
import gzip
import hashlib
import json
import re
from datetime import datetime
from importlib.resources import files
from typing import Any

import jinja2
from markupsafe import Markup

from neuralopt.report import numerals
from neuralopt.report.figure import Figure
from neuralopt.report.palette import HUES, dark_colours

# What could end the script element that holds the data, or start a line that JavaScript reads.
_UNSAFE = {ord(c): f"\\u{ord(c):04x}" for c in "<>&\u2028\u2029"}


def fill(template: str, payload: list[list[Any]], title: str, digest: str, version: str, **shown: Any) -> str:
    """Return a page that needs nothing else.

    Parameters
    ----------
    template : str
        A template that extends the frame.
    payload : list of list
        The figures of every section, from `figure_data`.
    title : str
        Of the page.
    digest : str
        A text of everything that is shown.
    version : str
        Of the neuralopt that wrote the records.
    **shown
        What the template shows.

    Returns
    -------
    str
        HTML.
    """
    data = json.dumps(
        {"tasks": payload, "dark": dark_colours()}, ensure_ascii=False, allow_nan=False, separators=(",", ":")
    ).translate(_UNSAFE)
    return (
        _environment()
        .get_template(template)
        .render(
            title=title,
            version=version,
            hues=HUES,
            data=Markup(data),
            library=Markup(_plotly_library()),
            # A text in the records cannot foretell the digest of the data that it is part of.
            nonce=hashlib.sha256((data + digest).encode()).hexdigest()[:32],
            **shown,
        )
    )


def figure_data(name: str, figure: Figure) -> dict[str, Any]:
    """Return what the page's script draws and exports of a figure; the name goes into file names.

    The table travels compressed: of all methods on two tasks the tables would be two of five megabytes.
    """
    slug = re.sub(r"[^a-z0-9]+", "-", name.casefold()).strip("-") or "task"
    return figure.plotly() | {
        "narrow": figure.narrow,
        "csv": _packed(figure.csv().encode()),
        "file": f"{slug}-{figure.key}",
    }


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
    environment.filters["tried"] = numerals.tried
    environment.filters["rounded"] = rounded
    environment.filters["json"] = lambda value: json.dumps(value, ensure_ascii=False)
    environment.globals["decimals_for"] = numerals.decimals_for
    return environment


def rounded(value: float, decimals: int) -> str:
    """A numeral with a true minus sign."""
    return numerals.number(value, decimals).replace("-", "−")


def moment(text: str) -> str:
    """A time to the minute; what is not an ISO time is shown as it is."""
    try:
        time = datetime.fromisoformat(text)
    except ValueError:
        return text
    zone = {None: "", "UTC": " UTC"}.get(time.tzname(), f" {time.tzname()}")
    return f"{time:%Y-%m-%d %H:%M}{zone}"


def _plotly_library() -> str:
    """The drawing library of the installed plotly package: the page opens without the network."""
    return _packed((files("plotly") / "package_data" / "plotly.min.js").read_bytes())


def _packed(source: bytes) -> str:
    """Compress for the page; the browser inflates it."""
    return base64.b64encode(gzip.compress(source, 6, mtime=0)).decode("ascii")
