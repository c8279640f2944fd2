"""The real command in this process, on tables so small that a run takes a moment."""

import dataclasses
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import neuralopt
from neuralopt.cli import main

QUICK = {"--optimizers": "sgd", "--rates": "2", "--seeds": "2", "--epochs": "2", "--hidden": "3"}


@dataclasses.dataclass(frozen=True)
class Outcome:
    """What a command did."""

    code: int
    out: str
    err: str

    @property
    def said(self) -> str:
        """The error in one line, however it was wrapped."""
        return " ".join(self.err.split())


@pytest.fixture(autouse=True)
def workplace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder to stand in; rich sees a pipe of 120 columns."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "120")
    for name in ("FORCE_COLOR", "NO_COLOR", "TTY_COMPATIBLE"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path


@pytest.fixture
def cli(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Callable[..., Outcome]:
    """Return a function that runs the command in this process."""

    def run(*arguments: object) -> Outcome:
        monkeypatch.setattr(sys, "argv", ["neuralopt", *map(str, arguments)])
        capsys.readouterr()
        try:
            main()
            code = 0
        except SystemExit as stop:
            code = stop.code if isinstance(stop.code, int) else int(stop.code is not None)
        return Outcome(code, *capsys.readouterr())

    return run


@pytest.fixture
def compare(cli: Callable[..., Outcome]) -> Callable[..., Outcome]:
    """Return a function that runs a comparison, quick where the test does not say otherwise."""

    def run(*arguments: object) -> Outcome:
        quick = [part for item in QUICK.items() if item[0] not in arguments for part in item]
        return cli("compare", *arguments, *quick)

    return run


@pytest.fixture
def refused(compare: Callable[..., Outcome]) -> Callable[..., str]:
    """Return a function that sees a comparison refused before it began, and returns the sentence."""

    def run(*arguments: object) -> str:
        before = listing()
        outcome = compare(*arguments)
        assert outcome.code == 2, outcome
        assert outcome.err.startswith(("Error: ", "Usage: ")), outcome.err
        assert "Traceback" not in outcome.err
        assert listing() == before
        return outcome.said

    return run


def listing() -> list[str]:
    """Return everything below the current folder."""
    return sorted(str(Path(folder, name)) for folder, inner, own in os.walk(".") for name in inner + own)


@pytest.fixture
def files() -> Callable[[], list[str]]:
    """Return a function that lists everything below the current folder."""
    return listing


@pytest.fixture
def shell() -> Callable[..., subprocess.Popen[str]]:
    """Return a function that starts the command in a process of its own."""

    def start(*arguments: object, **environment: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, "-m", "neuralopt.cli", *map(str, arguments)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONPATH": str(Path(neuralopt.__file__).parent.parent), **environment},
        )

    return start


@pytest.fixture
def numbers() -> pd.DataFrame:
    """A regression table: 60 rows, 3 columns, target y."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(60, 3)).round(3)
    frame = pd.DataFrame(X, columns=["a", "b", "c"])
    frame["y"] = (X[:, 0] - 2 * X[:, 1] + 0.1 * rng.normal(size=60)).round(4)
    return frame


@pytest.fixture
def kinds(numbers: pd.DataFrame) -> pd.DataFrame:
    """A classification table: 60 rows, 3 columns, target kind with 3 classes of text."""
    frame = numbers.drop(columns="y")
    frame["kind"] = np.array(["oak", "elm", "ash"])[np.argmax(frame.to_numpy(), axis=1)]
    return frame
