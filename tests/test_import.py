"""``import neuralopt`` stays light."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

import neuralopt

HEAVY = ["jax", "pandas", "matplotlib", "plotly", "optuna", "sklearn", "scipy", "optax", "flax", "pyarrow"]
SOURCE = str(Path(neuralopt.__file__).parents[1])


def python(*arguments):
    path = os.pathsep.join([SOURCE, os.environ.get("PYTHONPATH", "")])
    done = subprocess.run(
        [sys.executable, *arguments],
        env={**os.environ, "PYTHONPATH": path},
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout, done.stderr


def test_nothing_heavy_is_imported():
    out, _ = python("-c", f"import sys, neuralopt; print([m for m in {HEAVY} if m in sys.modules])")
    assert out.strip() == "[]"


def test_the_probe_sees_what_is_imported():
    out, _ = python("-c", f"import sys, scipy; print([m for m in {HEAVY} if m in sys.modules])")
    assert out.strip() == "['scipy']"


def test_import_takes_at_most_150_ms():
    times = []
    for _ in range(3):
        _, report = python("-X", "importtime", "-c", "import neuralopt")
        lines = re.findall(r"import time:\s+\d+ \|\s+(\d+) \| neuralopt$", report, flags=re.MULTILINE)
        times.append(int(lines[0]) / 1e6)
    assert min(times) <= 0.15, f"import neuralopt took {min(times):.3f} s at best"


@pytest.mark.parametrize("room", ["core.errors", "core.namespace", "core.results"])
def test_the_light_part_of_core_needs_no_jax(room):
    out, _ = python("-c", f"import sys, neuralopt.{room}; print('jax' in sys.modules)")
    assert out.strip() == "False"
