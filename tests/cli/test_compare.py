"""What a comparison says and leaves: the ranking, the model, divergence, terminals wide and narrow."""

import importlib
import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from neuralopt import __version__


@pytest.fixture(autouse=True)
def table(workplace, kinds, numbers):
    kinds.to_csv("trees.csv", index=False)
    numbers.to_csv("prices.csv", index=False)


def test_what_is_left_and_where(compare, files):
    outcome = compare("trees.csv", "-t", "kind", "-o", "out", "--title", "Trees & <more>")
    assert outcome.code == 0
    assert [f for f in files() if f.startswith("out/")] == [
        "out/comparison.toml",
        "out/manifest.json",
        "out/ranking.csv",
        "out/records",
        "out/records/ranking.json",
        "out/records/trees--boosting.safetensors",
        "out/records/trees--linear.safetensors",
        "out/records/trees--nadamw.safetensors",
        "out/records/trees--sgd.safetensors",
        "out/records/trees--trajectories.safetensors",
        "out/report.html",
        "out/timings.csv",
        "out/trees.model.safetensors",
    ]
    assert (
        "trees: 3 classes, target kind, 36 training, 12 validation and 12 test rows, network 3-3-3, 2 epochs"
        in (outcome.out)
    )
    for line in (
        r"Model    (out/trees.model.safetensors)   \(.*; neuralopt predict \1 NEW.csv\)",
        r"Records  out/records",
        r"Report   .*out/report.html",
    ):
        assert re.search(line, outcome.out)
    assert "Trees &amp; &lt;more&gt;" in Path("out/report.html").read_text()
    table = pd.read_csv("out/ranking.csv")
    assert table["rank"].tolist() == [1, 2, 3, 4]
    assert (table["metric"].diff().dropna() <= 0).all()
    timings = pd.read_csv("out/timings.csv")
    assert sorted(timings["method"]) == ["boosting", "linear", "nadamw", "sgd"]
    assert (timings["train_seconds"] > 0).all()


def test_results_on_stdout_and_progress_on_stderr(compare):
    outcome = compare("trees.csv", "-t", "kind", "-o", "out")
    assert "methods" in outcome.err
    assert "4/4" in outcome.err
    assert len(outcome.err.splitlines()) == 1
    assert "━" not in outcome.out
    assert "\x1b" not in outcome.out + outcome.err


@pytest.mark.parametrize(("file", "target"), [("trees.csv", "kind"), ("prices.csv", "y")])
def test_a_learning_rate_of_a_million(compare, cli, file, target):
    """Every network diverges: said, ranked last, and no crash; the linear model is there to be used."""
    outcome = compare(
        file,
        "-t",
        target,
        "-o",
        "out",
        "--learning-rates",
        "1e6",
        "--optimizers",
        "sgd,adam,gd",  # NAdamW comes by itself
    )
    assert outcome.code == 0
    table = pd.read_csv("out/ranking.csv")
    lost = table[table["family"] == "gradient"]
    assert lost["rank"].tolist() == [3, 4, 5, 6]
    assert lost["metric"].isna().all()
    assert lost["status"].str.startswith("Diverged at every learning rate.").all()
    assert (lost["diverged_runs"] == lost["runs"]).all()
    assert "Every network diverged. Give smaller learning rates, or look for outliers" in outcome.out
    assert Path("out/report.html").is_file()
    assert "Linear model; neuralopt predict" in outcome.out
    assert cli("predict", next(Path("out").glob("*.model.*")), file).code == 0
    assert cli("report", "out/records", "-o", "again.html").code == 0


def test_one_learning_rate_of_two_diverges(compare):
    outcome = compare("prices.csv", "-t", "y", "-o", "out", "--learning-rates", "0.01,1e6")
    assert outcome.code == 0
    row = pd.read_csv("out/ranking.csv").set_index("method").loc["sgd"]
    assert (row["learning_rate"], row["diverged_runs"], row["runs"]) == (0.01, 2, 4)
    assert np.isfinite(row["metric"])
    assert "2 of 4 runs diverged" in outcome.out


@pytest.mark.parametrize("width", ["40", "80", "120"])
def test_lines_fit_the_terminal(compare, monkeypatch, kinds, width):
    monkeypatch.setenv("COLUMNS", width)
    kinds.assign(**{f"constant_{k}": 1 for k in range(12)}).to_csv("trees.csv", index=False)
    out = compare("trees.csv", "-t", "kind", "-o", "out").out
    lines = out.splitlines()
    paths = [line for line in lines if line.startswith(("Model ", "Records ", "Report "))]
    assert len(paths) == 3
    assert max(len(line) for line in lines if line not in paths) <= int(width)
    said = lines.index(next(line for line in lines if line.startswith("trees: classification")))
    start = next(k for k, line in enumerate(lines) if line.startswith("  "))
    assert all(line.startswith("  ") for line in lines[start:said])  # the notes hang
    assert " ".join(" ".join(lines[start:said]).split()).endswith(
        "12 columns are left out, because their training rows do not vary: 'constant_0', 'constant_1', "
        "'constant_2', 'constant_3', 'constant_4', 'constant_5', 'constant_6', 'constant_7' and 4 more."
    )


def test_a_terminal_with_and_without_colour(compare, monkeypatch):
    monkeypatch.setenv("FORCE_COLOR", "1")
    assert "\x1b[1m" in compare("trees.csv", "-t", "kind", "-o", "one").out
    monkeypatch.setenv("NO_COLOR", "1")
    assert not re.search(r"\x1b\[[0-9;]*3[0-9]m", compare("trees.csv", "-t", "kind", "-o", "two").out)


def test_nothing_but_our_own_words_in_a_process_of_its_own(shell):
    """Neither JAX nor XLA nor scikit-learn speaks to the user; warnings would."""
    quick = [
        "--optimizers",
        "gd",
        "--rates",
        "1",
        "--seeds",
        "1",
        "--epochs",
        "1",
        "--batch-size",
        "7",
        "--hidden",
        "2",
    ]
    anywhere = {"JAX_PLATFORMS": "", "PYTHONWARNINGS": "default"}
    process = shell("compare", "trees.csv", "-t", "kind", "-o", "out", *quick, **anywhere)
    out, err = process.communicate()
    assert process.returncode == 0, err
    assert re.fullmatch(r"methods +━+ 4/4 +0:00:\d\d\n", err), err
    assert "trees: classification, 12 test rows" in out


def test_optax_names(compare):
    outcome = compare("trees.csv", "-t", "kind", "-o", "out", "--optimizers", "optax.adabelief,optax.lion")
    assert outcome.code == 0, outcome.err
    assert {"optax.adabelief", "optax.lion"} < set(pd.read_csv("out/ranking.csv")["label"])
    assert Path("out/records/trees--optax-lion.safetensors").is_file()


def test_two_tables_at_once(compare, numbers, kinds):
    both = numbers.assign(kind=kinds["kind"])
    both.to_csv("one.csv", index=False)
    both.iloc[::-1].to_csv("two.csv", index=False)
    outcome = compare("one.csv", "two.csv", "-t", "kind")
    assert outcome.code == 0
    assert Path("neuralopt-runs/one+two/two.model.safetensors").is_file()
    assert outcome.out.count("Model    ") == 2


def test_a_bundled_table(compare):
    outcome = compare("diabetes")
    assert outcome.code == 0
    assert "diabetes: regression, target progression" in outcome.out


def test_report_is_drawn_again_without_running(cli, compare, monkeypatch):
    compare("trees.csv", "-t", "kind", "-o", "out")
    before = Path("out/report.html").read_text()
    Path("out/report.html").unlink()
    monkeypatch.setattr(importlib.import_module("neuralopt.engine.sweep_run"), "run_sweep", None)
    for folder in ("out", "out/records"):
        assert cli("report", folder).code == 0
        assert Path("out/report.html").read_text() == before
        Path("out/report.html").unlink()


def test_report_of_nothing(cli):
    outcome = cli("report", "nothing")
    assert outcome.code == 2
    assert "There is no folder 'nothing' to make a report from." in outcome.said


def test_doctor(cli):
    outcome = cli("doctor")
    assert outcome.code == 0
    said = dict(line.split(None, 1) for line in outcome.out.splitlines())
    assert said["neuralopt"] == __version__
    assert {"processor", "cores", "NPROC", "device", "system", "python", "jax", "numpy"} <= set(said)


@pytest.mark.parametrize("command", ["", "compare", "predict", "report", "doctor"])
def test_help(cli, command):
    outcome = cli(*command.split(), "--help")
    assert outcome.code == 0
    assert "Usage: neuralopt" in outcome.out
