"""How Sphinx builds the site: ``make docs``."""

import importlib
import re
import sys
from pathlib import Path

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE), str(HERE.parent / "src")]

project = "neuralopt"
author = "The neuralopt authors"
project_copyright = author
release = version = importlib.import_module("neuralopt").__version__

extensions = ["sphinx.ext.autodoc", "numpydoc", "myst_parser", "mathml", "public_names"]
source_suffix = {".md": "markdown"}
# search.html is the page of results of a search: the page on training by search is included by another
exclude_patterns = ["_build", "pictures", "search.md"]
root_doc = "index"
nitpicky = True

myst_enable_extensions = ["dollarmath"]
myst_fence_as_directive = ["math"]
myst_heading_anchors = 3

default_role = "py:obj"
autosummary_generate = False
autodoc_typehints = "none"  # the docstrings say types, shapes and ranges
autodoc_member_order = "bysource"
numpydoc_show_class_members = False
numpydoc_xref_param_type = False

html_theme = "furo"
html_title = "neuralopt"
html_math_renderer = "mathml"
html_static_path = ["static"]
html_css_files = ["site.css"]
html_show_sphinx = False
html_copy_source = False
html_show_sourcelink = False


def as_pages_of_the_site(app, name, source):
    """Hang the pages of a folder under its README; link what the site has under another name."""
    if other := re.fullmatch(r"```\{include\} (\S+)\n```\n", source[0]):
        app.env.note_dependency(other[1])
        source[0] = (HERE / other[1]).read_text(encoding="utf-8")  # here, for what follows holds for it too
    for page, here in (("../benchmarks/RESULTS.md", "results.md"), ("search.md", "training-by-search.md")):
        source[0] = source[0].replace(f"]({page})", f"]({here})")
    if name.endswith("/README") and "{toctree}" not in source[0]:
        source[0] += "\n```{toctree}\n:hidden:\n:glob:\n\n*\n```\n"


def setup(app):
    """Register with Sphinx."""
    app.connect("source-read", as_pages_of_the_site, priority=100)  # before formulas are read
