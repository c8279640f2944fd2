"""A figure is a table and a drawing of it."""

import csv
import io
import math
import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from html import escape
from typing import TYPE_CHECKING, Any

import numpy as np

from neuralopt.report.palette import GRID, INK, MUTED, SURFACE

if TYPE_CHECKING:
    import pandas as pd

_ABOVE_BEST = 1000.0  # a loss this many times the best one is off the axis
FONT = "system-ui, -apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', Arial, sans-serif"


@dataclass(frozen=True)
class Figure:
    """One figure: its data as a table, and a plotly drawing of them.

    Parameters
    ----------
    key : str
        A short name, unique within its task; part of the names of exported files.
    title, caption : str
        What the figure shows, and how to read it.
    columns : mapping of str to sequence
        The table, column by column, all of one length.
    data : list of dict
        Plotly traces.
    layout : dict
        Plotly layout for a wide box.
    narrow : dict
        What changes in the layout on a phone, with dotted plotly names.
    """

    key: str
    title: str
    caption: str
    columns: Mapping[str, Sequence[Any]]
    data: list[dict[str, Any]]
    layout: dict[str, Any]
    narrow: dict[str, Any] = field(default_factory=dict)

    def frame(self) -> "pd.DataFrame":
        """Return the figure's data as a table.

        Returns
        -------
        pandas.DataFrame
            One row for each point; infinite where more than that share of the runs diverged.

        Examples
        --------
        >>> Figure("k", "t", "c", {"epoch": [1, 2]}, [], {}).frame().shape
        (2, 1)
        """
        import pandas as pd

        return pd.DataFrame(dict(self.columns))

    def csv(self) -> str:
        """Return the same table as comma-separated text with a header line.

        Returns
        -------
        str
            Numbers with nine significant digits; an empty cell where there is no value.

        Examples
        --------
        >>> Figure("k", "t", "c", {"epoch": [1], "loss": [0.25]}, [], {}).csv()
        'epoch,loss\\n1,0.25\\n'
        """
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(self.columns)
        writer.writerows([_cell(v) for v in row] for row in zip(*self.columns.values(), strict=True))
        return text.getvalue()

    def plotly(self) -> dict[str, Any]:
        """Return the drawing for ``plotly.graph_objects.Figure``.

        Returns
        -------
        dict
            With ``data`` and ``layout``, in the colours for a light page.

        Examples
        --------
        >>> Figure("k", "t", "c", {}, [], {"height": 300}).plotly()
        {'data': [], 'layout': {'height': 300}}
        """
        return {"data": self.data, "layout": self.layout}


def drawn(values: np.ndarray, *, positive: bool = False) -> list[float | None]:
    """Return numbers for a drawing: six significant digits, None where there is nothing to draw."""
    return [
        float(f"{v:.6g}") if math.isfinite(v) and (v > 0 or not positive) else None
        for v in np.asarray(values, dtype=float).tolist()
    ]


def label_text(label: str, width: int = 0) -> str:
    """Return a name for plotly, which reads tags in its texts: escaped, cut at 60 characters.

    With a width, it is broken into lines of that many characters.
    """
    short = label if len(label) <= 60 else label[:59] + "…"
    lines = textwrap.wrap(short, width) if width else [short]
    return "<br>".join(escape(line, quote=False) for line in lines)


def loss_axis(values: np.ndarray, title: str, best: float | None = None) -> dict[str, Any]:
    """Return the axis for losses: logarithmic when they span more than a factor of ten.

    Losses beyond a thousand times the best one are left off it, so that a method that nearly
    diverged does not flatten all others, and so are those below a thousandth of it: training rows
    that are learned by heart. The best is the lowest of all, if it is not given.
    """
    positive = values[np.isfinite(values) & (values > 0)]
    axis = plain_axis(title)
    if positive.size == 0 or positive.max() <= 10 * positive.min():
        return axis
    best = best or float(positive.min())
    low, top = max(positive.min(), best / _ABOVE_BEST), min(positive.max(), _ABOVE_BEST * best)
    return axis | log_scale(float(low), float(top))


def beyond_axis(values: np.ndarray, best: float | None = None) -> str:
    """Say that a `loss_axis` leaves values off, as a sentence for a caption, or return nothing."""
    positive = values[np.isfinite(values) & (values > 0)]
    if positive.size == 0:
        return ""
    best = best or float(positive.min())
    above, below = positive.max() > _ABOVE_BEST * best, positive.min() < best / _ABOVE_BEST
    if not (above or below):
        return ""
    where = "beyond" if not below else "below a thousandth and above" if above else "below a thousandth of"
    times = " the best" if below and not above else " a thousand times the best"
    return f" Losses {where}{times} are off the axis."


def log_scale(low: float, high: float) -> dict[str, Any]:
    """Return a logarithmic axis over a range of positive numbers, with round labelled ticks."""
    start, end = math.log10(low), math.log10(high)
    pad = 0.05 * (end - start) or 0.5
    mantissas = (1, 2, 5) if end - start <= 2 else (1,)
    decades = range(math.floor(start - pad), math.ceil(end + pad) + 1)
    ticks = [
        (float(f"{m}e{d}"), f"{m}e{d}" if abs(d) > 3 else f"{float(f'{m}e{d}'):g}")
        for d in decades
        for m in mantissas
    ]
    return {
        "type": "log",
        "range": [start - pad, end + pad],
        "tickvals": [value for value, _ in ticks],
        "ticktext": [text for _, text in ticks],
    }


def plain_axis(title: str) -> dict[str, Any]:
    """Return an axis with the page's grid, ticks and a title."""
    return {
        "title": {"text": title, "standoff": 8, "font": {"size": 12}},
        "gridcolor": GRID[0],
        "linecolor": GRID[0],
        "zerolinecolor": GRID[0],
        "tickfont": {"color": MUTED[0], "size": 12},
        "automargin": True,
    }


def base_layout(title: str, height: int) -> dict[str, Any]:
    """Return the layout that all figures share."""
    return {
        "title": {"text": title, "x": 0, "xref": "paper", "font": {"size": 16}},
        "height": height,
        "margin": {"l": 56, "r": 16, "t": 48, "b": 48},
        "font": {"family": FONT, "size": 13, "color": INK[0]},
        "paper_bgcolor": SURFACE[0],
        "plot_bgcolor": SURFACE[0],
        "hovermode": "closest",
        "hoverlabel": {"align": "left"},
        "showlegend": True,
        "legend": {"font": {"size": 12}},
    }


def _cell(value: Any) -> Any:
    if isinstance(value, float | np.floating):
        return "" if math.isnan(value) else f"{value:.9g}"
    return value
