"""Logs hold the history once, whatever happened to the run."""

import json
import os
import signal
import subprocess
import sys
import textwrap

import numpy as np
import pandas as pd
import pytest

import neuralopt
from neuralopt import Callback, CSVLogger, JSONLLogger, Status, optimizers, train
from neuralopt.core.errors import InvalidArgument, StorageError

KINDS = {"csv": CSVLogger, "jsonl": JSONLLogger}


class StopAfter(Callback):
    every = 1

    def __init__(self, epochs):
        self.epochs = epochs

    def on_chunk(self, report):
        return report.epoch >= self.epochs


class Interrupt(StopAfter):
    def on_chunk(self, report):
        if report.epoch == self.epochs:
            os.kill(os.getpid(), signal.SIGINT)


def rows(path):
    """Return a log as a table; JSON's null is NaN."""
    if path.suffix == ".csv":
        return pd.read_csv(path, dtype=str, keep_default_na=False).astype(float).astype({"epoch": int})
    return pd.DataFrame([json.loads(line) for line in path.read_text().splitlines()]).astype({"epoch": int})


def same(table, history):
    assert list(table["epoch"]) == list(range(1, history.epochs + 1))
    assert list(table.columns) == ["epoch", *history]
    for name in set(history) - {"seconds"}:
        assert list(table[name]) == [float(v) for v in history[name]]


@pytest.fixture(params=KINDS)
def log(request, tmp_path):
    return KINDS[request.param], tmp_path / f"run.{request.param}"


def test_the_log_is_the_history(log, net, regression, held_out):
    kind, path = log
    result = train(net, regression, epochs=6, validation=held_out, callbacks=[kind(path, every=2)])
    same(rows(path), result.history)


def test_runs_stand_one_after_the_other(log, net, regression):
    kind, path = log
    for epochs in (3, 2):
        train(net, regression, epochs=epochs, callbacks=[kind(path)])
    assert list(rows(path)["epoch"]) == [1, 2, 3, 1, 2]


def test_a_resumed_run_has_no_row_twice(log, net, regression, held_out, tmp_path):
    """The log is ahead of the checkpoint and ends in half a line, as after a kill; an older run is kept."""
    kind, path = log
    given = {"epochs": 8, "validation": held_out}
    train(net, regression, callbacks=[kind(path)], **given)
    older = path.read_text()
    checkpoint = tmp_path / "run.ckpt"
    train(net, regression, callbacks=[kind(path), StopAfter(3)], checkpoint=checkpoint, **given)
    line = path.read_text().splitlines()[-1]
    ahead = line.replace('"epoch": 3', '"epoch": 4') if kind is JSONLLogger else "4" + line[1:]
    path.write_text(path.read_text() + ahead + "\n" + ahead[:9])
    result = train(net, regression, callbacks=[kind(path)], checkpoint=checkpoint, resume=True, **given)
    assert path.read_text().startswith(older)
    table = rows(path)
    same(table.iloc[8:].reset_index(drop=True), result.history)


def test_a_log_that_a_resumed_run_does_not_know_is_kept(log, net, regression, tmp_path):
    kind, path = log
    checkpoint = tmp_path / "run.ckpt"
    train(net, regression, epochs=3, checkpoint=checkpoint)
    train(net, regression, epochs=5, checkpoint=checkpoint, resume=True, callbacks=[kind(path)])
    assert list(rows(path)["epoch"]) == [4, 5]


def test_ctrl_c_keeps_what_was_logged(log, net, regression):
    kind, path = log
    result = train(net, regression, epochs=50, callbacks=[kind(path), Interrupt(4)])
    assert result.status is Status.INTERRUPTED
    same(rows(path), result.history)


KILLED = """
    import os, signal, sys
    import numpy as np
    from neuralopt import MLP, Callback, CSVLogger, JSONLLogger, train
    class Kill(Callback):
        def on_chunk(self, report):
            if report.epoch == 4:
                os.kill(os.getpid(), signal.SIGKILL)
    X = np.linspace(0, 1, 16)[:, None]
    logs = [CSVLogger(sys.argv[1] + "/run.csv", every=1), JSONLLogger(sys.argv[1] + "/run.jsonl", every=1)]
    train(MLP((1, 2, 1)), (X, X), epochs=50, callbacks=[*logs, Kill()], backend="numpy")
"""


def test_a_kill_keeps_what_was_logged(tmp_path):
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(KILLED), str(tmp_path)], check=False, capture_output=True
    )
    assert done.returncode == -signal.SIGKILL, done.stderr.decode()
    for kind in KINDS:
        assert list(rows(tmp_path / f"run.{kind}")["epoch"]) == [1, 2, 3, 4]


def test_what_is_not_finite(log, net, regression):
    kind, path = log
    train(net, regression, optimizer=optimizers.SGD(1e30), callbacks=[kind(path)])
    assert not np.isfinite(rows(path)["loss"].to_numpy(float)[-1])
    assert "NaN" not in path.read_text()  # JSON has no such word


def test_other_columns_are_refused(net, regression, held_out, tmp_path):
    path = tmp_path / "run.csv"
    train(net, regression, epochs=1, callbacks=[CSVLogger(path)])
    before = path.read_text()
    with pytest.raises(InvalidArgument) as error:
        train(net, regression, epochs=1, validation=held_out, callbacks=[CSVLogger(path)])
    assert str(error.value) == (
        f"The log {path} has the columns epoch,loss,learning_rate,seconds; this run has "
        "epoch,loss,learning_rate,validation_loss,seconds. Give another path."
    )
    assert path.read_text() == before


def test_bad_arguments(log, net, regression, tmp_path):
    kind, _ = log
    with pytest.raises(StorageError, match="it is a folder"):
        train(net, regression, callbacks=[kind(tmp_path)])
    with pytest.raises(InvalidArgument, match="every must be a whole number >= 1, got 0"):
        kind(tmp_path / "a", every=0)


def test_the_names_are_public():
    for name in ("CSVLogger", "JSONLLogger", "MLflowLogger", "TensorBoardLogger"):
        assert getattr(neuralopt, name).__name__ == name
