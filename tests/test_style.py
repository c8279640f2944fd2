"""One style for the whole repository: ruff, and numpydoc on every public object."""

import importlib
import inspect
import pkgutil
import subprocess
import sys
from pathlib import Path

import pytest
from numpydoc.validate import validate

import neuralopt

ROOT = Path(__file__).parents[1]

# What is asked of every public docstring. Left out of numpydoc's codes, and why:
# GL01  our summaries stand on the line of the opening quotes
# ES01  a sentence is often the whole truth
# SA01, SA04, EX01  not everything has relatives, or an example of its own
# PR06  we write bool and int, and shapes, as the field does
# PR08, PR09, RT04, RT05  descriptions may be phrases or begin with a symbol
# RT02  a single result needs no name
# GL03, GL09, YD01  nothing is deprecated, nothing yields
ASKED = {
    *("GL02", "GL05", "GL06", "GL07", "GL08", "GL10"),
    *("SS01", "SS02", "SS03", "SS04", "SS05", "SS06"),
    *("PR01", "PR02", "PR03", "PR04", "PR05", "PR07", "PR10"),
    *("RT01", "RT03"),
}
# Parameters and results are asked in full of what a room exports. What works inside a room may have a
# docstring of one sentence, a method that restates its parent's says «see `Parent.method`», and a class of
# records says what its fields are beside them or under Attributes.
SHORT = {"PR01", "RT01"}
# Where the type says it all («mlp : MLP»), what is not exported may leave it at that.
TYPED = {"PR07", "RT03"}


def public_objects():
    """Return the dotted name of every public function, class, method and property, and the object."""
    for info in pkgutil.walk_packages(neuralopt.__path__, "neuralopt."):
        if any(part.startswith("_") for part in info.name.split(".")):
            continue
        module = importlib.import_module(info.name)
        for name, thing in vars(module).items():
            ours = getattr(thing, "__module__", None) == info.name
            if name.startswith("_") or not ours or not (inspect.isfunction(thing) or inspect.isclass(thing)):
                continue
            yield f"{info.name}.{name}", thing
            if inspect.isclass(thing):
                for part, member in vars(thing).items():
                    if not part.startswith("_") and isinstance(
                        member, property | classmethod | staticmethod | type(public_objects)
                    ):
                        yield f"{info.name}.{name}.{part}", member


def exported():
    """Return the identities of all that the rooms' ``__all__`` name."""
    rooms = [
        importlib.import_module(m.name)
        for m in pkgutil.walk_packages(neuralopt.__path__, "neuralopt.")
        if m.ispkg
    ]
    return {id(getattr(room, name)) for room in rooms for name in getattr(room, "__all__", [])}


def left_out(thing):
    """Return the codes that are not asked of this object."""
    text = inspect.getdoc(thing) or ""
    if inspect.isclass(thing) and (
        hasattr(thing, "_fields") or issubclass(thing, BaseException) or "\nAttributes\n" in text
    ):
        return SHORT
    if id(thing) in EXPORTED:
        return set()
    return TYPED if "\nParameters\n" in text or "\nReturns\n" in text else SHORT | TYPED


OBJECTS = dict(public_objects())
EXPORTED = exported()


@pytest.mark.parametrize("name", OBJECTS)
def test_docstring(name):
    asked = ASKED - left_out(OBJECTS[name])
    found = [f"{code} {text}" for code, text in validate(name)["errors"] if code in asked]
    assert not found, f"{name}: " + "; ".join(found)


@pytest.mark.parametrize("command", [["check"], ["format", "--check"]], ids=" ".join)
def test_ruff(command):
    done = subprocess.run(
        [sys.executable, "-m", "ruff", *command, "--no-cache", "."],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
