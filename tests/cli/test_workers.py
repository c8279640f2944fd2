"""``neuralopt train`` and ``neuralopt plan``: what they print and leave behind, what they refuse."""

import dataclasses

import numpy as np
import pandas as pd
import pytest

from neuralopt.benchmark.train_run import TrainSettings
from neuralopt.distributed import DataParallel, ParameterServer, RayCluster

QUICK = ("--epochs", "3", "--hidden", "4", "--batch-size", "16")


@pytest.fixture
def table(workplace):
    random = np.random.default_rng(0)
    X = random.normal(size=(120, 3))
    frame = pd.DataFrame(X, columns=list("abc"))
    frame["y"] = X[:, 0] * X[:, 1]
    frame.to_csv("data.csv", index=False)
    return frame


def test_from_a_table_to_answers(cli, table):
    done = cli("train", "data.csv", "-t", "y", "--workers", "2", "--exchange", "int8", "--simulated", *QUICK)
    assert done.code == 0, done.err
    said = " ".join(done.out.split())
    for sentence in (
        "MAX_EPOCHS: All epochs were run.",
        "R² on 24 test rows: ",
        "bytes sent by each worker: 7,800",  # 15 steps of 520 bytes
        "neuralopt predict neuralopt-runs/data-train/data-train.model.safetensors NEW.csv",
    ):
        assert sentence in said
    answers = cli("predict", "neuralopt-runs/data-train/data-train.model.safetensors", "data.csv")
    assert answers.code == 0, answers.err
    assert len(answers.out.splitlines()) == 121


@pytest.mark.parametrize("method", ["local-sgd", "diloco"])
def test_local_methods(cli, table, method):
    more = ("--workers", "2", "--method", method, "--period", "4", "--simulated")
    done = cli("train", "data.csv", "-t", "y", *more, *QUICK)
    assert done.code == 0, done.err
    assert "bytes sent by each worker: 336" in done.out  # 4 rounds of 21 numbers


def test_one_process(cli, table):
    done = cli("train", "data.csv", "-t", "y", *QUICK)
    assert done.code == 0, done.err
    assert "bytes sent" not in done.out


@pytest.mark.parametrize(
    ("more", "text"),
    [
        (
            ("--exchange", "int9"),
            "unknown exchange 'int9'. Did you mean 'int8'? Known: fp32, bf16, int8, 1bit, sign, powersgd, topk, dgc.",
        ),
        (
            ("--exchange", "powersgd:x"),
            "exchange 'powersgd' takes a number after the colon, got 'powersgd:x'.",
        ),
        (("--exchange", "int8:3"), "exchange 'int8' takes no number, got 'int8:3'."),
        (("--exchange", "topk:2"), "TopK: fraction must satisfy 0 < fraction <= 1, got 2.0."),
        (("--exchange", "powersgd:1.5"), "PowerSGD: rank must be a whole number >= 1, got 1.5."),
        (
            ("--method", "gossip"),
            "--method must be one of synchronous, local-sgd, diloco, server, got 'gossip'.",
        ),
        (
            ("--method", "server", "--simulated", "--workers", "2"),
            "--method server runs on processes; leave out --simulated.",
        ),
        (
            ("--exchange", "int8", "--simulated"),
            "--exchange int8, --simulated takes several workers, got --workers 1. Give --workers 2.",
        ),
        (
            ("--cluster", "local", "--simulated", "--workers", "2"),
            "--simulated workers are in this process; leave out --cluster.",
        ),
        (("--workers", "0"), "--workers must be a whole number >= 1, got 0."),
        (
            ("--workers", "2", "--period", "4"),
            "--period is for --method local-sgd and diloco, got --method synchronous, which exchanges at every step.",
        ),
        (
            ("--workers", "2", "--exchange", "dgc", "--optimizer", "adam"),
            "--exchange dgc keeps the momentum itself and takes --optimizer sgd, got --optimizer adam. Leave it out.",
        ),
    ],
)
def test_what_is_refused(cli, table, more, text):
    done = cli("train", "data.csv", "-t", "y", *more)
    assert done.code == 2
    assert text in done.said


def test_a_target_is_needed(cli, table):
    done = cli("train", "data.csv")
    assert done.code == 2
    assert "--target is needed: which column of 'data.csv' is to be predicted? It has" in done.said


def test_a_bundled_table(cli):
    done = cli("train", "diabetes", "--epochs", "2", "--hidden", "3", "--workers", "2", "--simulated")
    assert done.code == 0
    assert "R² on 88 test rows" in done.out
    assert "diabetes-train.model.safetensors" in done.out
    assert "no bundled table of that name. Did you mean 'digits'?" in cli("train", "digit").said


def test_a_plan(cli, monkeypatch):
    from neuralopt.distributed import DataParallel, Fp32, Int8, planning

    monkeypatch.setattr(
        planning, "default_strategies", lambda: tuple(DataParallel(exchange=e) for e in (Fp32(), Int8()))
    )
    done = cli("plan", "--layers", "4,64,2", "--batch-size", "16", "--workers", "2", "--bandwidth", "1")
    assert done.code == 0, done.err
    assert done.out.startswith("450 parameters; one worker takes ")
    rows = [line.split() for line in done.out.splitlines() if "Fp32" in line or "Int8" in line]
    assert len(rows) == 2
    assert "1,800" in done.out
    assert "520" in done.out


def test_a_plan_for_processes_that_were_measured(cli, monkeypatch):
    from neuralopt.distributed import DataParallel, Int8, MeasuredNetwork, planning

    def measure(model, data, **given):
        assert (given["backend"], given["workers"], given["batch_size"]) == ("processes", 2, 16)
        return MeasuredNetwork(0.002, 0.001, 0.003, 1e9, 2, 0.05)

    monkeypatch.setattr(planning, "default_strategies", lambda: (DataParallel(exchange=Int8()),))
    monkeypatch.setattr(planning, "measure_network", measure)
    done = cli("plan", "--layers", "4,64,2", "--batch-size", "16", "--workers", "2", "--measured")
    said = " ".join(done.out.split())
    assert (
        "2 processes at once take 50.00 ms for their shares. Beside its bytes at 8,000 Mbit/s: 2.00 ms an "
        "all-reduce, 1.00 ms an all-to-all, 3.00 ms an all-gather." in said
    )
    assert "54.0" in said


@pytest.mark.parametrize(("named", "address"), [("local", None), ("10.0.0.1:6379", "10.0.0.1:6379")])
def test_a_cluster_is_handed_on(named, address):
    settings = TrainSettings(workers=2, cluster=named)
    assert settings.distribution() == DataParallel(backend=RayCluster(address))
    server = dataclasses.replace(settings, method="server").distribution()
    assert server == ParameterServer(address=address)
