"""``train``, ``joint`` and ``search`` after Ctrl-C: what they say, and the same answers after --resume."""

import signal
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from neuralopt.datasets import make_pair
from neuralopt.joint import variable_projection
from neuralopt.search.ledger import Ledger

SAID = "Interrupted: what was done is kept. Give the same command with --resume to go on."


@pytest.fixture(autouse=True)
def tables(workplace):
    pair = make_pair("currin", n_sim=90, n_real=12, n_test=30)
    for name, X, y in (
        ("sim", pair.X_sim, pair.y_sim),
        ("real", pair.X_real, pair.y_real),
        ("test", pair.X_test, pair.y_test),
    ):
        pd.DataFrame(X, columns=["a", "b"]).assign(y=y).to_csv(f"{name}.csv", index=False)


COMMANDS = {
    "search": ("search", "sim.csv", "-t", "y", "--hidden", "4", "--sweeps", "6"),
    "hybrid": ("search", "sim.csv", "-t", "y", "--hidden", "4", "--sweeps", "6", "--hybrid"),
    "joint": (
        "joint",
        "--sim",
        "sim.csv",
        "--real",
        "real.csv",
        "-t",
        "y",
        "--hidden",
        "6",
        "--epochs",
        "30",
    ),
    "train": ("train", "sim.csv", "-t", "y", "--hidden", "4", "--epochs", "400"),
}


def press(monkeypatch, where, name, call):
    """Press Ctrl-C in the n-th call of a function."""
    real, calls = getattr(where, name), []

    def pressed(*given, **named):
        calls.append(1)
        if len(calls) == call:
            signal.raise_signal(signal.SIGINT)
        return real(*given, **named)

    monkeypatch.setattr(where, name, pressed)


@pytest.mark.parametrize(
    ("command", "folder"), [*((command, "out") for command in COMMANDS), ("search", None)]
)
def test_ctrl_c_and_resume(cli, command, folder, monkeypatch):
    from neuralopt.engine.runners import DeviceRunner

    place = {"joint": (variable_projection, "solved", 7), "train": (DeviceRunner, "advance", 3)}
    given, where = COMMANDS[command], () if folder is None else ("-o", folder)

    def answers(of):
        (model,) = Path(of).glob("*.model.safetensors")
        told = cli("predict", model, "test.csv")
        assert told.code == 0, told.err
        return told.out

    assert cli(*given, "-o", "whole").code == 0
    with monkeypatch.context() as patch:
        press(patch, *place.get(command, (Ledger, "end_sweep", 4)))
        cut = cli(*given, *where)
    assert cut.code == 130, cut.err
    assert SAID in " ".join(cut.out.split())
    if folder:
        again = cli(*given, *where)
        assert again.code == 2
        assert "'out' holds a run already. Go on with it by --resume, or" in again.said
    resumed = cli(*given, *where, "--resume")
    assert resumed.code == 0, resumed.err
    (made,) = [folder] if folder else Path("neuralopt-runs").iterdir()
    assert answers(made) == answers("whole")
    assert np.array_equal(
        sorted(p.name for p in Path(made).glob("run.checkpoint*")), ["run.checkpoint", "run.checkpoint.1"]
    )


@pytest.mark.parametrize("command", COMMANDS)
def test_nothing_to_resume(cli, command):
    done = cli(*COMMANDS[command], "--resume")
    assert (done.code, "nothing to resume: there is no run of " in done.said) == (2, True), done.err
    done = cli(*COMMANDS[command], "--resume", "-o", "none")
    assert (done.code, "nothing to resume in 'none': it holds no run." in done.said) == (2, True), done.err


def test_other_options_are_refused(cli):
    assert cli(*COMMANDS["search"], "-o", "out").code == 0
    done = cli(*COMMANDS["search"], "--activation", "sign", "-o", "out", "--resume")
    assert done.code == 2
    assert "belongs to another run: its mlp is" in done.said


@pytest.mark.parametrize("output", [(), ("-o", "mine")], ids=["by its name", "asked for"])
def test_a_run_that_was_killed_before_its_first_checkpoint_is_begun(cli, output):
    """Its folder is there, with nothing in it but what was half-written."""
    folder = Path("mine" if output else "neuralopt-runs/sim-train")
    (folder / "records").mkdir(parents=True)
    (folder / ".neuralopt-12345678-0123.tmp").write_bytes(b"half")
    command = ("train", "sim.csv", "-t", "y", "--hidden", "4", "--epochs", "2", *output)
    done = cli(*command, "--resume")
    assert done.code == 0
    assert {path.name for path in folder.glob("*.*")} == {"run.checkpoint", "sim-train.model.safetensors"}
    more = cli(*command, "--epochs", "3", "--resume")
    assert (more.code, more.err.count("Error")) == (0, 0)
