"""A directive that lists the public names of ``neuralopt`` itself, each with its sentence and its room."""

import functools
import importlib
import inspect
import pkgutil
import re
import types
from pathlib import Path
from typing import Any

from docutils import nodes
from docutils.statemachine import StringList
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective
from sphinx.util.nodes import make_refnode

import neuralopt

# libraries whose pages would have to be asked for over the network
_ELSEWHERE = ("jax.", "numpy.", "optax.", "pandas.", "scipy.", "sklearn.")


def rooms() -> dict[str, list[str]]:
    """Return the rooms with public names, and these, by the dotted name of the room."""
    found = {}
    for folder in sorted(p.parent.name for p in _source().glob("*/__init__.py")):
        room = importlib.import_module(f"neuralopt.{folder}")
        if names := list(getattr(room, "__all__", ())):
            found[room.__name__] = names
    return found


def public_names() -> set[str]:
    """Return every public name with its dots: those of ``neuralopt`` and of all its rooms."""
    top = {f"neuralopt.{name}" for name in neuralopt.__all__}
    return top | {f"{room}.{name}" for room, names in rooms().items() for name in names}


def _source() -> Path:
    return Path(neuralopt.__file__).parent


def _home(name: str) -> str | None:
    """Return the room that exports a name of the top level as well."""
    thing = getattr(neuralopt, name)
    for room, names in rooms().items():
        if name in names and getattr(importlib.import_module(room), name) is thing:
            return room
    return None


def _entry(name: str) -> str:
    """Return the lines of one name, as reStructuredText."""
    thing = getattr(neuralopt, name)
    if isinstance(thing, types.ModuleType):
        return f"`{thing.__name__}`\n   {_sentence(thing)}\n"
    if name.startswith("__"):
        return f".. py:data:: {name}\n\n   The version, a str.\n"
    home = _home(name)
    if home is None:  # of a room without exports: it is described here
        kind = "autoclass" if inspect.isclass(thing) else "autofunction"
        members = "   :members:\n   :undoc-members:\n" if inspect.isclass(thing) else ""
        return f".. {kind}:: neuralopt.{name}\n{members}\n"
    kind = "class" if inspect.isclass(thing) else "function"
    return f".. py:{kind}:: {name}\n\n   {_sentence(thing)} See `{home}.{name}`.\n"


def _sentence(thing: Any) -> str:
    return (inspect.getdoc(thing) or "").partition("\n\n")[0].replace("\n", " ")


class TopLevel(SphinxDirective):
    """``.. public-names::`` writes an entry for every name of ``neuralopt.__all__``."""

    def run(self) -> list[nodes.Node]:
        """Return the entries."""
        text = ".. py:currentmodule:: neuralopt\n\n" + "\n".join(
            map(_entry, sorted(neuralopt.__all__, key=str.lower))
        )
        return self.parse_text_to_nodes(StringList(text.splitlines(), source="neuralopt.__all__"))


def _suffixed(env: Any, target: str, within: str | None) -> str | None:
    """Return the one described name that ends so: in the class at hand, or anywhere in the package."""
    known = env.domains["py"].objects
    if within and (own := [name for name in known if name.endswith(f".{within}.{target}")]):
        return min(own, key=len)
    ends = {known[name].node_id for name in known if name.endswith(f".{target}") and not known[name].aliased}
    return min(ends, key=len) if ends else None


def resolve(app: Sphinx, env: Any, node: Any, text: nodes.Element) -> nodes.Node | None:
    """Find what a docstring names without its room; a private name of the package stays as it is written."""
    if node.get("refdomain") != "py":
        return None
    target = node["reftarget"]
    found = _suffixed(env, target, node.get("py:class"))
    if found is not None:
        entry = env.domains["py"].objects[found]
        return make_refnode(app.builder, node["refdoc"], entry.docname, entry.node_id, text, target)
    elsewhere = target.startswith(_ELSEWHERE)
    return text if elsewhere or target in _private() else None


@functools.cache
def _private() -> frozenset[str]:
    """Return the names of the package's modules that are no part of its rooms' exports."""
    found = set()
    for info in pkgutil.walk_packages(neuralopt.__path__, "neuralopt."):
        if not info.name.endswith("__main__"):
            short = info.name.rpartition(".")[2]
            for name in vars(importlib.import_module(info.name)):
                found |= {name, f"{short}.{name}"}
    return frozenset(found)


def skip(app: Sphinx, what: str, name: str, thing: Any, skipped: bool, options: Any) -> bool | None:
    """Leave out what scikit-learn makes of every estimator, for its texts point into its own pages."""
    return True if re.fullmatch(r"[gs]et_\w+_(request|routing)", name) else None


def setup(app: Sphinx) -> dict[str, Any]:
    """Register with Sphinx."""
    app.add_directive("public-names", TopLevel)
    app.connect("missing-reference", resolve)
    app.connect("autodoc-skip-member", skip)
    return {"parallel_read_safe": True}
