"""Every mode of training, killed at a random moment, ends as if it had not been; bit for bit."""

import os
import signal
import subprocess
import sys
import zlib
from pathlib import Path

import jax
import numpy as np
import pytest
from tests.restart.modes import MODES, place

import neuralopt
from neuralopt.core.errors import InvalidArgument
from neuralopt.storage.atomic import temporary_beside

ROOT = Path(__file__).parents[2]
PATHS = os.pathsep.join([str(ROOT), str(Path(neuralopt.__file__).parents[1])])


def same(a, b):
    """Return whether two results are equal, NaN to NaN, to the last bit."""
    first, second = jax.tree.flatten(a), jax.tree.flatten(b)
    return first[1] == second[1] and all(
        np.asarray(x).dtype == np.asarray(y).dtype and np.asarray(x).tobytes() == np.asarray(y).tobytes()
        for x, y in zip(first[0], second[0], strict=True)
    )


def write_half(folder, where):
    """Leave what a kill in the middle of a write leaves."""
    name = where.name if where.is_file() else "study"
    temporary_beside(folder / name).write_bytes(b"half")


@pytest.mark.parametrize("mode", MODES)
def test_a_killed_run_goes_on_to_the_same_end(mode, tmp_path):
    run = MODES[mode]
    whole = run(place(mode, tmp_path / "whole") if mode == "compare" else None, False)
    random = np.random.default_rng(zlib.crc32(mode.encode()))
    command = [sys.executable, str(ROOT / "tests/restart/modes.py"), mode, str(tmp_path / "killed")]
    command.append(str(random.uniform(0, 0.25)))
    env = {**os.environ, "PYTHONPATH": PATHS}
    killed = subprocess.run(command, env=env, check=False, capture_output=True, timeout=120)
    assert killed.returncode == -signal.SIGKILL, killed.stderr.decode()
    where = place(mode, tmp_path / "killed")
    assert where.exists()
    for folder in {path.parent for path in (tmp_path / "killed").rglob("*.*") if path.is_file()}:
        write_half(folder, where)
    again = run(where, True)
    assert same(whole, again)
    assert same(whole, run(where, True))  # nothing left to do
    left = [name for _, _, names in os.walk(tmp_path) for name in names if name.endswith(".tmp")]
    assert not left


def test_a_checkpoint_of_another_mode_is_refused(tmp_path):
    for given, taken in (("search", "joint"), ("joint", "train"), ("train", "search")):
        file = tmp_path / given
        MODES[given](file, False)
        before = file.read_bytes()
        with pytest.raises(InvalidArgument) as error:
            MODES[taken](file, True)
        text = str(error.value)
        assert (
            f"checkpoint {file} belongs to another run: its kind of run is {given}, this run's is {taken}."
            in text
        )
        assert "Restore the setting, or give another checkpoint path." in text
        with pytest.raises(InvalidArgument, match=r"exists already\. Pass resume=True to go on from it, or"):
            MODES[taken](file, False)
        assert file.read_bytes() == before
