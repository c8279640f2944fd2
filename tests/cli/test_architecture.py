"""``neuralopt architecture``: what it prints and leaves behind, the model again, what it refuses."""

import json
import signal
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from neuralopt.architecture import arms

QUICK = ("--population-size", "2", "--generations", "2", "--epochs", "4")


@pytest.fixture
def table(workplace):
    random = np.random.default_rng(0)
    X = random.normal(size=(120, 3))
    frame = pd.DataFrame(X, columns=list("abc"))
    frame["kind"] = np.where(X[:, 0] * X[:, 1] > 0, "yes", "no")
    frame.to_csv("data.csv", index=False)
    return frame


def test_from_a_table_to_answers_and_a_report(cli, table):
    done = cli("architecture", "data.csv", "--target", "kind", *QUICK, "--max-parameters", "500")
    assert done.code == 0, done.err
    said = " ".join(done.out.split())
    for sentence in (
        "Best of 8 architectures: MLP 3-",
        "random search: validation accuracy",
        "neuralopt predict neuralopt-runs/data-architecture/data-architecture.model.safetensors NEW.csv",
        "report.html",
    ):
        assert sentence in said
    assert "architectures" in done.err
    answers = cli(
        "predict", "neuralopt-runs/data-architecture/data-architecture.model.safetensors", "data.csv"
    )
    assert answers.code == 0, answers.err
    assert len(answers.out.splitlines()) == 121
    records = json.loads(Path("neuralopt-runs/data-architecture/records/architecture.json").read_text())
    assert all(row["parameters"] <= 500 for row in records["evaluations"])
    again = cli("report", "neuralopt-runs/data-architecture", "-o", "again.html")
    assert again.code == 0, again.err
    assert Path("again.html").read_text() == Path("neuralopt-runs/data-architecture/report.html").read_text()


def test_an_interrupted_search_goes_on(cli, table, monkeypatch):
    evaluate = arms._evaluate

    def interrupted(arm, number, *rest):
        if (arm, number) == ("search", 2):
            signal.raise_signal(signal.SIGINT)
        return evaluate(arm, number, *rest)

    monkeypatch.setattr(arms, "_evaluate", interrupted)
    first = cli("architecture", "data.csv", "--target", "kind", *QUICK)
    assert first.code == 130
    assert "--resume -o neuralopt-runs/data-architecture" in first.out
    assert "Best of 2 architectures" in first.out
    monkeypatch.setattr(arms, "_evaluate", evaluate)
    second = cli("architecture", "data.csv", "--target", "kind", *QUICK, "--resume")
    assert second.code == 0, second.err
    assert "Best of 8 architectures" in second.out


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("data.csv",), "--target is needed: which column of 'data.csv' is to be predicted?"),
        (("data.csv", "-t", "kind", "--space", "mlps"), "unknown space 'mlps'. Did you mean 'mlp'?"),
        (("data.csv", "-t", "kind", "--max-parameters", "3"), "keeps the limit parameters <= 3"),
        (("data.csv", "-t", "kind", "--space", "mobilenet_v3"), "the 3 columns (a, b, c) are no image"),
        (("data.csv", "-t", "kind", "--resume"), "nothing to resume: there is no architecture search"),
        (("data.csv", "-t", "kind", "--resume", "-o", "x"), "nothing to resume in 'x'"),
    ],
)
def test_what_it_refuses(cli, table, files, arguments, said):
    before = files()
    done = cli("architecture", *arguments)
    assert done.code == 2
    assert said in " ".join(done.err.split())
    assert files() == before
