"""The notebook of the comparison runs in a kernel from top to bottom and shows what its text says."""

import os
import re
from pathlib import Path

import nbformat
from nbclient import NotebookClient

ROOT = Path(__file__).parents[2]
NOTEBOOK = ROOT / "examples" / "comparison.ipynb"
LINE = re.compile(r"^(\w[\w ]*?) +train +([\d.]+) +held out +([\d.]+)$", re.MULTILINE)


def printed(notebook):
    """Return what each cell printed, and the errors by name where it printed them."""
    texts = [
        "".join(part.text for part in cell.outputs if part.output_type == "stream")
        for cell in notebook.cells
        if cell.cell_type == "code"
    ]
    found = [{name: (float(a), float(b)) for name, a, b in LINE.findall(text)} for text in texts]
    return texts, [errors for errors in found if errors]


def drawn(notebook):
    return sum("image/png" in out.get("data", {}) for c in notebook.cells for out in c.get("outputs", ()))


def check(notebook):
    diabetes, steps = printed(notebook)[1]
    held = {name: test for name, (_, test) in diabetes.items()}
    assert set(held) == {"search", "gradient", "hybrid", "least squares"}
    assert min(held.values()) > 0.85 * held["least squares"]  # nearly ties
    assert steps["search"][0] < steps["gradient"][0]  # on the training rows
    assert abs(steps["search"][1] - steps["gradient"][1]) < 0.1  # level on rows held out
    assert max(steps["search"][1], steps["gradient"][1]) < 0.3 < 0.4 < steps["logistic"][1]
    assert drawn(notebook) == 2


def test_the_notebook_runs_and_its_text_is_true(monkeypatch, tmp_path):
    # the kernel is a process of its own: it finds this package, and its folders stay in this test
    paths = [str(ROOT / "src"), os.environ.get("PYTHONPATH", "")]
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(filter(None, paths)))
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path))
    notebook = nbformat.read(NOTEBOOK, as_version=4)
    resources = {"metadata": {"path": str(tmp_path)}}
    NotebookClient(notebook, timeout=300, kernel_name="python3", resources=resources).execute()
    check(notebook)


def test_the_stored_notebook_is_small_and_says_the_same():
    assert NOTEBOOK.stat().st_size < 200_000
    stored = nbformat.read(NOTEBOOK, as_version=4)
    check(stored)
    text = NOTEBOOK.read_text(encoding="utf-8")
    assert "Error" not in "".join(printed(stored)[0])
    assert not re.search(r'"[^"]*(/home/|/root/|/tmp/|site-packages)', text)
