"""``neuralopt tune``: what it prints and leaves behind, resume, the list, what it refuses."""

import json
import signal
import time
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from neuralopt.cli.tune import parse_space
from neuralopt.core.errors import InvalidArgument
from neuralopt.distributed import RayCluster
from neuralopt.tuning import Space, log_uniform

SMALL = (
    "--epochs",
    "3",
    "--max-trials",
    "6",
    "--space",
    "hidden=4",
    "--space",
    "learning_rate=log_uniform:1e-3:1e-1",
)


@pytest.fixture
def table(workplace):
    random = np.random.default_rng(0)
    X = random.normal(size=(150, 3))
    frame = pd.DataFrame(X, columns=list("abc"))
    frame["kind"] = np.where(X[:, 0] + X[:, 1] > 0, "yes", "no")
    frame.to_csv("data.csv", index=False)
    return frame


def test_from_a_table_to_answers(cli, table):
    done = cli("tune", "data.csv", "--target", "kind", *SMALL, "--pruner", "asha")
    assert done.code == 0, done.err
    said = " ".join(done.out.split())
    for sentence in (
        "up to 6 trials of 3 epochs over hidden, learning_rate",
        "6 trials: ",
        "Best value ",
        "accuracy of the best model on 30 test rows: ",
        "neuralopt predict neuralopt-runs/data-tune/data.model.safetensors NEW.csv",
        "neuralopt tune --list neuralopt-runs/data-tune",
    ):
        assert sentence in said
    answers = cli("predict", "neuralopt-runs/data-tune/data.model.safetensors", "data.csv")
    assert answers.code == 0, answers.err
    found = pd.Series([line.split(",")[0] for line in answers.out.splitlines()[1:]])
    assert (found == table["kind"]).mean() > 0.8
    listed = cli("tune", "--list", "neuralopt-runs/data-tune")
    assert listed.code == 0
    assert len(listed.out.splitlines()) == 8
    assert "Best: trial " in listed.out
    again = cli("report", "neuralopt-runs/data-tune")
    assert again.code == 0, again.err


def test_going_on(cli, table):
    cli("tune", "data.csv", "--target", "kind", *SMALL, "--patience", "0", "-o", "run")
    refused = cli("tune", "data.csv", "--target", "kind", *SMALL, "-o", "run")
    assert refused.code == 2
    assert "'run' holds a study already. Go on with it by --resume" in refused.said
    more = cli(
        "tune",
        "data.csv",
        "--target",
        "kind",
        *SMALL,
        "--patience",
        "0",
        "-o",
        "run",
        "--resume",
        "--max-trials",
        "9",
    )
    assert more.code == 0, more.err
    assert "9 trials: 9 complete." in more.out
    other = cli("tune", "data.csv", "--target", "kind", *SMALL, "-o", "run", "--resume", "--seed", "1")
    assert other.code == 2
    assert "holds another study" in other.said


def test_where_the_workers_are(cli, table, monkeypatch):
    given = []

    def tune(*arguments, workers, backend, **rest):
        given.append((workers, backend))
        raise InvalidArgument("it is known now")

    monkeypatch.setattr("neuralopt.cli.tune.tune", tune)
    for more in ((), ("--cluster", "local"), ("--cluster", "10.0.0.1:6379")):
        assert cli("tune", "data.csv", "-t", "kind", *SMALL, "--workers", "3", *more).code == 2
    assert given == [(3, "processes"), (3, RayCluster()), (3, RayCluster("10.0.0.1:6379"))]


def test_ctrl_c_keeps_all(cli, shell, table):
    common = (
        "-t",
        "kind",
        "-o",
        "out",
        "--patience",
        "0",
        "--epochs",
        "2",
        "--space",
        "learning_rate=1e-3,1e-2,1e-1",
    )
    common = (*common, "--space", "weight_decay=log_uniform:1e-6:1e-1")
    study = shell("tune", "data.csv", *common, "--max-trials", "5000")
    journal, begin = Path("out/study.jsonl"), time.monotonic()
    while not journal.exists() or journal.read_text().count('"tell"') < 8:
        assert time.monotonic() - begin < 60
        time.sleep(0.05)
    study.send_signal(signal.SIGINT)
    out, err = study.communicate(timeout=60)
    assert study.returncode == 130, err
    assert "Interrupted: what was done is kept." in out
    assert Path("out/report.html").exists()
    assert "left at most" in err
    done = journal.read_text().count('"tell"')
    more = cli("tune", "data.csv", *common, "--max-trials", str(done + 8), "--resume")
    assert more.code == 0, more.err
    assert f"{done + 8} trials" in more.out


def test_a_thousand_trials_are_listed_in_a_second(cli, workplace):
    from neuralopt.tuning import tune

    tune(
        lambda t: t["x"],
        {"x": ("uniform", 0, 1)},
        method="random",
        max_trials=1000,
        early_stopping_patience=None,
        output="many",
    )
    begin = time.perf_counter()
    listed = cli("tune", "--list", "many")
    assert time.perf_counter() - begin < 1
    assert len(listed.out.splitlines()) == 1002


def test_spaces_of_the_command_line(workplace):
    found = parse_space(
        ["learning_rate=log_uniform:1e-4:1e-1", "batch_size=16,32", "activation=tanh,relu", "hidden=int:8:64"]
    )
    wanted = {
        "learning_rate": log_uniform(1e-4, 1e-1),
        "batch_size": [16, 32],
        "activation": ["tanh", "relu"],
        "hidden": ("int", 8, 64),
    }
    assert found == Space(wanted)
    (workplace / "space.json").write_text(
        json.dumps({"learning_rate": ["log_uniform", 1e-4, 1e-1], "batch_size": [16, 32]})
    )
    assert parse_space(["space.json"]).names == ("learning_rate", "batch_size")


def test_what_it_refuses(cli, table):
    for arguments, text in (
        ((), "tune needs a table"),
        (("data.csv",), "--target is needed: which column of 'data.csv'"),
        (("digitz",), "no bundled table of that name. Did you mean 'digits'"),
        (
            ("data.csv", "-t", "kind", "--space", "x=log_uniform:0:1"),
            "log_uniform must satisfy 0 < low < high",
        ),
        (("data.csv", "-t", "kind", "--space", "nofile.json"), "--space takes NAME=KIND:LOW:HIGH"),
        (("data.csv", "-t", "kind", "--space", "b1=uniform:0:2"), "the search space cannot be trained"),
        (("data.csv", "-t", "kind", "--method", "bayes"), "method must be one of"),
        (("data.csv", "-t", "kind", "--pruner", "ahsa"), "Did you mean 'asha'"),
        (("data.csv", "-t", "kind", "--resume"), "nothing to resume: there is no study of data-tune"),
        (("data.csv", "-t", "kind", "--resume", "-o", "none"), "nothing to resume in 'none'"),
        (("--list", "none"), "there is no study in 'none'"),
    ):
        outcome = cli("tune", *arguments)
        assert outcome.code == 2, arguments
        assert text in outcome.said
