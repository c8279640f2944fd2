"""The rooms import only rooms below them; the contracts stand in pyproject.toml."""

import os
import subprocess
import sys
import textwrap
import tomllib
from pathlib import Path

import neuralopt

ROOT = Path(__file__).parents[1]
SOURCE = Path(neuralopt.__file__).parents[1]
CONTRACTS = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
ROOMS_OF_KERNELS = ["core", "schedules", "transforms", "optimizers", "models", "readout"]
KERNELS = [module.removeprefix("neuralopt.") for module in CONTRACTS[1]["source_modules"]]


def lint(source, config, cwd):
    path = os.pathsep.join([str(source), os.environ.get("PYTHONPATH", "")])
    program = "from importlinter.cli import lint_imports_command; lint_imports_command()"
    return subprocess.run(
        [sys.executable, "-c", program, "--config", str(config), "--no-cache"],
        cwd=cwd,
        env={**os.environ, "PYTHONPATH": path},
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_contracts_are_kept():
    done = lint(SOURCE, ROOT / "pyproject.toml", ROOT)
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"{len(CONTRACTS)} kept, 0 broken" in done.stdout


def test_every_room_of_kernels_is_under_the_contract_of_kernels():
    there = [room for room in ROOMS_OF_KERNELS if (SOURCE / "neuralopt" / room).is_dir()]
    assert there == KERNELS


def test_a_broken_layer_is_found(tmp_path):
    """The same contracts over a package whose core imports an optimizer."""
    for room in (*KERNELS, "report"):
        (tmp_path / "neuralopt" / room).mkdir(parents=True)
        (tmp_path / "neuralopt" / room / "__init__.py").write_text("")
    (tmp_path / "neuralopt" / "__init__.py").write_text("")
    (tmp_path / "neuralopt" / "core" / "__init__.py").write_text("import neuralopt.optimizers\n")
    (tmp_path / "neuralopt" / "transforms" / "__init__.py").write_text("import pandas\n")
    done = lint(tmp_path, ROOT / "pyproject.toml", tmp_path)
    assert done.returncode != 0
    assert "neuralopt.core is not allowed to import neuralopt.optimizers" in done.stdout, textwrap.shorten(
        done.stdout, 500
    )
    assert "neuralopt.transforms is not allowed to import pandas" in done.stdout
