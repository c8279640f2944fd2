"""Formulas as MathML, which browsers draw by themselves: no script, no font, no network."""

import html
import re
from typing import Any

from docutils import nodes
from docutils.utils.math import MathError, latex2mathml
from sphinx.application import Sphinx
from sphinx.util import logging

_LOGGER = logging.getLogger(__name__)

_GITHUB = re.compile(r"\$`(.+?)`\$")
# what docutils writes otherwise
_OTHERWISE = (
    (re.compile(r"\\([bB]igg?)(?![a-zA-Z])"), r"\\\1l"),
    (re.compile(r"\\textstyle(?![a-zA-Z])"), ""),
    (re.compile(r"(frac)\s*(\d)\s*(\d)"), r"\1{\2}{\3}"),  # which it reads as one number
    (re.compile(r"\\dots(?![a-zA-Z])"), r"\\ldots"),
)


def to_mathml(latex: str, block: bool = False) -> str:
    """Return a formula as MathML.

    Parameters
    ----------
    latex : str
        What LaTeX would read in mathematics.
    block : bool, default False
        Whether it stands on a line of its own.

    Returns
    -------
    str
        One ``<math>`` element.

    Examples
    --------
    >>> print(to_mathml("x^2"))  # doctest: +ELLIPSIS
    <math ...>...<msup>...
    """
    for pattern, other in _OTHERWISE:
        latex = pattern.sub(other, latex)
    root = latex2mathml.tex2mathml(latex, as_block=block)
    return root if isinstance(root, str) else root.toxml()


def _inline(writer: Any, node: nodes.math) -> None:
    writer.body.append(_drawn(node, False))
    raise nodes.SkipNode


def _block(writer: Any, node: nodes.math_block) -> None:
    label = html.escape(" ".join(node.astext().split()))
    writer.body.append(f'<div class="math" tabindex="0" role="math" aria-label="{label}">')
    writer.body.append(_drawn(node, True) + "</div>\n")
    raise nodes.SkipNode


def _drawn(node: nodes.Element, block: bool) -> str:
    """Return a formula's MathML; where there is none, warn of the place and show the source."""
    try:
        return to_mathml(node.astext(), block)
    except MathError as error:
        _LOGGER.warning("formula %s: %s", node.astext(), error, location=node)
        return html.escape(node.astext())


def as_dollars(app: Sphinx, name: str, source: list[str]) -> None:
    """Turn GitHub's inline formulas, dollars around backticks, into plain dollars."""
    source[0] = _GITHUB.sub(r"$\1$", source[0])


def setup(app: Sphinx) -> dict[str, Any]:
    """Register with Sphinx."""
    app.add_html_math_renderer("mathml", (_inline, None), (_block, None))
    app.connect("source-read", as_dollars)
    return {"parallel_read_safe": True}
