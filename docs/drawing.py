"""What the page makers share: formulas from docstrings, figures as text."""

import inspect
import io
import re
import textwrap
from typing import Any

import matplotlib


def formula(cls: type) -> list[str]:
    """Return the formulas of a class's docstring, each as one line of TeX."""
    blocks = re.findall(r"\.\. math::(.*(?:\n(?: +.*)?)*?)(?=\n\S|\Z)", inspect.getdoc(cls) or "")
    lines = (" ".join(textwrap.dedent(block).split()) for block in blocks)
    return [
        rf"\begin{{aligned}} {tex} \end{{aligned}}" if "&" in tex and not tex.startswith(r"\begin") else tex
        for tex in lines
    ]


def svg(figure: Any) -> str:
    """Return a figure as SVG text, the same each time."""
    out = io.StringIO()
    with matplotlib.rc_context({"svg.hashsalt": "neuralopt", "svg.fonttype": "none"}):
        figure.savefig(out, format="svg", metadata={"Date": None, "Creator": None})
    return "\n".join(line.rstrip() for line in out.getvalue().splitlines()) + "\n"
