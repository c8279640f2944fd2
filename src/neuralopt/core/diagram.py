"""A column of boxes as SVG."""

from collections.abc import Sequence
from html import escape

_WIDE, _HIGH, _GAP, _LETTER = 140, 26, 10, 6.6


def boxes(labels: Sequence[str], title: str) -> str:
    """Return labels in boxes, one below the other, joined by lines, in the colour of the text around.

    Parameters
    ----------
    labels : sequence of str
        Any texts.
    title : str
        What a screen reader says.

    Returns
    -------
    str
        An SVG element; texts are escaped.

    Examples
    --------
    >>> boxes(["a < b"], "two").count("a &lt; b")
    1
    """
    width = max(_WIDE, *(round(_LETTER * len(label)) + 20 for label in labels)) if labels else _WIDE
    height, middle = len(labels) * (_HIGH + _GAP) + _GAP, width / 2 + _GAP
    parts = []
    for k, label in enumerate(labels):
        top = _GAP + k * (_HIGH + _GAP)
        if k:
            parts.append(f'<path d="M{middle:g} {top - _GAP}v{_GAP}" stroke="currentColor" fill="none"/>')
        parts.append(
            f'<rect x="{_GAP}" y="{top}" width="{width}" height="{_HIGH}" rx="4" fill="none" '
            f'stroke="currentColor"/><text x="{middle:g}" y="{top + 17}" text-anchor="middle" font-size="12" '
            f'fill="currentColor">{escape(label)}</text>'
        )
    whole = width + 2 * _GAP
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {whole} {height}" width="{whole}" '
        f'height="{height}" role="img" aria-label="{escape(title)}">{"".join(parts)}</svg>'
    )
