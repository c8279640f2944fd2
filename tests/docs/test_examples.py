"""Every script of the gallery runs as it stands, and the gallery shows every script."""

import os
import re
import runpy
from pathlib import Path

import matplotlib.pyplot as plt
import pytest

ROOT = Path(__file__).parents[2]
SCRIPTS = sorted((ROOT / "examples").glob("*.py"))


@pytest.fixture(autouse=True)
def apart(tmp_path, monkeypatch):
    """Run in an empty folder with no cache of programs; what is left there is a defect."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("NEURALOPT_CACHE", "off")
    monkeypatch.setenv("MPLBACKEND", "Agg")
    yield
    plt.close("all")
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.stem)
def test_a_script_runs(script, capsys):
    runpy.run_path(str(script), run_name="__main__")
    assert capsys.readouterr().out.strip()


def test_the_gallery_shows_every_script():
    text = (ROOT / "docs" / "gallery.md").read_text(encoding="utf-8")
    shown = re.findall(r"```\{literalinclude\} \.\./examples/(\w+\.py)\n", text)
    assert sorted(shown) == [path.name for path in SCRIPTS]
    for path in SCRIPTS:
        assert path.read_text(encoding="utf-8").startswith('"""'), path.name
