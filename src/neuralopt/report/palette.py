"""One colour and dash for one method on the whole page; neutral dashes for the references."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

# Seven hues, each as (on white, on dark). They stay apart under protanopia and deuteranopia and have
# a contrast of 3:1 or more against their surface; tests/report/test_palette.py measures both.
HUES = (
    ("#2c8ff0", "#6ba6fa"),
    ("#844806", "#d2642c"),
    ("#36a596", "#6fdfa0"),
    ("#712555", "#dc8ca4"),
    ("#a87d0c", "#e9a82e"),
    ("#5427ad", "#8a6ace"),
    ("#207797", "#a6e4f4"),
)
SURFACE = ("#ffffff", "#171a20")
INK = ("#1c2330", "#e6e9ef")
MUTED = ("#5d6675", "#a0a9b8")
GRID = ("#e4e8ee", "#2b313c")
_METHOD_DASHES = ("solid", "dashdot", "longdashdot")
_REFERENCE_DASHES = ("dash", "dot", "longdash")


@dataclass(frozen=True)
class Style:
    """How one method is drawn, in every figure."""

    colour: tuple[str, str]  # on white, on dark
    dash: str  # a plotly dash name
    reference: bool

    @property
    def band(self) -> str:
        """The colour of its band: the line's at one eighth of the opacity."""
        return self.colour[0] + "20"


def method_styles(ranking: Mapping[str, Any]) -> dict[str, Style]:
    """Give every method of a ranking its own colour and dash.

    The order is the best rank over all tasks, so that the methods worth reading differ in hue; with
    more methods than hues the dash changes.

    Parameters
    ----------
    ranking : mapping
        The ranking of a records folder.

    Returns
    -------
    dict of str to Style
        By method.

    Examples
    --------
    >>> row = dict(method="adam", rank=1, family="gradient")
    >>> method_styles({"tasks": [{"rows": [row]}]})["adam"].dash
    'solid'
    """
    best: dict[tuple[str, bool], int] = {}
    for task in ranking["tasks"]:
        for row in task["rows"]:
            key = (row["method"], row["family"] == "reference")
            best[key] = min(row["rank"], best.get(key, row["rank"]))
    ordered = sorted(best, key=lambda key: (best[key], key))
    styles = {}
    for i, (method, _) in enumerate(key for key in ordered if not key[1]):
        dash = _METHOD_DASHES[i // len(HUES) % len(_METHOD_DASHES)]
        styles[method] = Style(HUES[i % len(HUES)], dash, False)
    for i, (method, _) in enumerate(key for key in ordered if key[1]):
        styles[method] = Style(MUTED, _REFERENCE_DASHES[i % len(_REFERENCE_DASHES)], True)
    return styles


def dark_colours() -> dict[str, str]:
    """Map every colour that a figure uses on white to its partner on dark.

    Returns
    -------
    dict of str to str
        From ``#rrggbb`` to ``#rrggbb``.

    Examples
    --------
    >>> dark_colours()["#ffffff"]
    '#171a20'
    """
    return dict((*HUES, SURFACE, INK, MUTED, GRID))
