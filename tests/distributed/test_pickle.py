"""Nothing that lies on a disk is unpickled: only what a parent has sent to a child of its own."""

import ast
from pathlib import Path

import pytest

SOURCE = Path(__file__).parents[2] / "src"
# who reads a pickle, and from whom
ALLOWED = {
    "neuralopt/distributed/rank.py": "a gang's worker, from the process that started it, through a pipe or Ray",
    "neuralopt/distributed/ray_worker.py": "a server's worker, from the process that asked Ray for it",
    "neuralopt/tuning/process_executor.py": "a pool's worker, from the process that started it",
    "neuralopt/tuning/ray_actor.py": "a study's worker on Ray, from the process that asked Ray for it",
}
MODULES = {"pickle", "cPickle", "_pickle", "cloudpickle", "dill", "joblib", "shelve", "marshal"}


def readers(text):
    """Return what in a module reads pickles."""
    found = []
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.ImportFrom) and (node.module or "").partition(".")[0] in MODULES:
            found += [alias.name for alias in node.names if "load" in alias.name.lower() or alias.name == "*"]
            found += [alias.name for alias in node.names if "Unpickler" in alias.name]
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            reads = node.attr in ("load", "loads", "Unpickler", "open")
            found += [node.attr] * (reads and node.value.id in MODULES)
            found += [node.attr] * (node.attr == "read_pickle")
        if isinstance(node, ast.keyword) and node.arg == "allow_pickle":
            found += ["allow_pickle"] * (not isinstance(node.value, ast.Constant) or bool(node.value.value))
    return found


def test_who_reads_pickles():
    found = {
        path.relative_to(SOURCE).as_posix()
        for path in SOURCE.rglob("*.py")
        if readers(path.read_text("utf-8"))
    }
    assert found == set(ALLOWED)


def test_who_reads_arrays_by_name():
    """np.load refuses pickles by itself; nobody says otherwise, and nobody renames the module."""
    for path in SOURCE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Import):
                assert not [a for a in node.names if a.name in MODULES and a.asname], path


@pytest.mark.parametrize(
    "text",
    [
        "import pickle\npickle.load(file)",
        "from pickle import loads",
        "from pickle import Unpickler",
        "pandas.read_pickle(path)",
        "np.load(path, allow_pickle=True)",
        "joblib.load(path)",
    ],
)
def test_the_test_finds_them(text):
    assert readers(text)
