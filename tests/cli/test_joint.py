"""``neuralopt joint``: what it prints and leaves behind, the model again, tables that cannot be used."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from neuralopt import JointOptimizer
from neuralopt.datasets import make_pair
from neuralopt.estimators import load_predictor
from neuralopt.storage import read_container

QUICK = ("--hidden", "8", "--epochs", "60")


@pytest.fixture
def tables(workplace):
    """Write sim.csv and real.csv of a pair; return the rows to test on."""
    pair = make_pair("borehole", n_sim=200, n_real=14, n_test=200)
    frames = {}
    for name, X, y in (
        ("sim", pair.X_sim, pair.y_sim),
        ("real", pair.X_real, pair.y_real),
        ("test", pair.X_test, pair.y_test),
    ):
        frames[name] = pd.DataFrame(X, columns=[f"x{j}" for j in range(8)]).assign(y=y)
        frames[name].to_csv(f"{name}.csv", index=False)
    return frames


@pytest.fixture
def refused_joint(cli, files):
    """Return a function that sees a joint fit refused before it began, and returns the sentence."""

    def run(*arguments):
        before = files()
        outcome = cli("joint", "--sim", "sim.csv", "--real", "real.csv", *arguments, *QUICK)
        assert outcome.code == 2, outcome
        assert outcome.err.startswith("Error: "), outcome.err
        assert files() == before
        return outcome.said

    return run


def test_from_tables_to_answers(cli, tables):
    done = cli("joint", "--sim", "sim.csv", "--real", "real.csv", "--target", "y", *QUICK)
    assert done.code == 0, done.err
    said = " ".join(done.out.split())
    for sentence in (
        "regression of y: 200 simulated and 14 real rows",
        "chosen",
        "before, the simulator's network as it is;",
        "Shift of the inputs: AUC",
        "The simulator helped:",
        "neuralopt predict neuralopt-runs/real-joint/real-joint.model.safetensors NEW.csv",
        "Records neuralopt-runs/real-joint/records",
    ):
        assert sentence in said
    facts = json.loads(Path("neuralopt-runs/real-joint/records/joint.json").read_text())
    assert facts["after"] < facts["before"]
    assert "<h1>real-joint</h1>" in Path("neuralopt-runs/real-joint/report.html").read_text()
    joint = load_predictor(facts["model"]).joint
    kept = read_container(
        "neuralopt-runs/real-joint/records/joint.safetensors", kind="joint-record", version=1
    )
    in_units = joint.selection_.left_out_half_widths(facts["coverage"]) * joint.target_scale_.spread
    np.testing.assert_array_equal(kept.arrays["real/half_width"], in_units)
    answers = cli("predict", facts["model"], "test.csv", "-o", "answers.csv")
    assert answers.code == 0, answers.err
    predicted = pd.read_csv("answers.csv")["y"]
    truth = tables["test"]["y"]
    assert np.sqrt(np.mean((predicted - truth) ** 2)) < 0.5 * facts["before"] * truth.std()
    again = cli("report", "neuralopt-runs/real-joint", "-o", "again.html")
    assert again.code == 0, again.err
    assert Path("again.html").read_text() == Path("neuralopt-runs/real-joint/report.html").read_text()
    second = cli("joint", "--sim", "sim.csv", "--real", "real.csv", "-t", "y", "--final", "stack", *QUICK)
    assert "neuralopt-runs/real-joint-2/records" in second.out
    taken = cli("joint", "--sim", "sim.csv", "--real", "real.csv", "-t", "y", "-o", "neuralopt-runs", *QUICK)
    assert taken.code == 2
    assert "holds other files" in taken.said


def test_classes(cli, workplace):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(120, 2)).round(4)
    frame = pd.DataFrame(X, columns=["a", "b"]).assign(
        kind=np.where(X[:, 0] + 0.3 * X[:, 1] > 0, "oak", "elm")
    )
    frame[:100].to_csv("sim.csv", index=False)
    frame[100:].to_csv("real.csv", index=False)
    done = cli("joint", "--sim", "sim.csv", "--real", "real.csv", "-t", "kind", "-o", "out", *QUICK)
    assert done.code == 0, done.err
    assert "Accuracy:" in done.out
    answers = cli("predict", "out/real-joint.model.safetensors", "sim.csv")
    assert answers.out.splitlines()[0] == "kind,probability of elm,probability of oak"
    assert (
        sum(line.split(",")[0] == kind for line, kind in zip(answers.out.splitlines()[1:], frame["kind"]))
        > 90
    )


def test_other_columns(refused_joint, tables):
    tables["real"].rename(columns={"x3": "x33"}).to_csv("real.csv", index=False)
    said = refused_joint("-t", "y")
    assert "The two tables have different columns: 'real.csv' lacks 'x3' (did you mean 'x33'?), which" in said
    assert "'sim.csv' lacks 'x33' (did you mean 'x3'?), which 'real.csv' has" in said


def test_a_column_left_out_may_be_lacking(cli, tables):
    tables["real"].drop(columns="x3").to_csv("real.csv", index=False)
    done = cli("joint", "--sim", "sim.csv", "--real", "real.csv", "-t", "y", "--drop", "x3", *QUICK)
    assert done.code == 0, done.err


@pytest.mark.parametrize("count", [0, 1, 2])
def test_too_few_real_rows(refused_joint, tables, count):
    tables["real"][:count].to_csv("real.csv", index=False)
    said = refused_joint("-t", "y")
    if count:
        assert f"'real.csv' has {count} row" in said
        assert "at least 3 are needed: the error of a model is measured by leaving out" in said
    else:
        assert "'real.csv' has column names and no rows" in said


def test_no_target(refused_joint, tables):
    assert "--target is needed: which column is to be predicted? 'sim.csv' has 'x0'" in refused_joint()
    said = refused_joint("-t", "yy")
    assert "'sim.csv' has no target column 'yy' (did you mean 'y'?). It has 'x0'" in said
    tables["real"].drop(columns="y").to_csv("real.csv", index=False)
    assert "'real.csv' has no target column 'y'" in refused_joint("-t", "y")


@pytest.mark.parametrize("name", ["sim", "real"])
def test_a_cell_that_is_no_number(refused_joint, tables, name):
    frame = tables[name].astype({"x2": object})
    frame.loc[7, "x2"] = "heavy"
    frame.to_csv(f"{name}.csv", index=False)
    said = refused_joint("-t", "y")
    assert f"'{name}.csv': Column 'x2'" in said
    assert "row 8: 'heavy'" in said


@pytest.mark.parametrize(
    ("option", "sentence"),
    [
        (("--final", "best"), "final must be one of stack, select, got 'best'"),
        (("--mode", "varpro"), "mode must be one of"),
        (("--seed", "-1"), "seed"),
        (("--drop", "z"), "There is no column 'z' to drop"),
    ],
)
def test_bad_options(refused_joint, tables, option, sentence):
    assert sentence in refused_joint("-t", "y", *option)


def test_a_joint_model_without_a_table(cli, tables):
    frame = tables["sim"]
    joint = JointOptimizer(8, 4, 1)
    real = tables["real"]
    joint.fit(*(f[c] for f in (frame, real) for c in (list(frame.columns[:8]), "y")), epochs=5)
    joint.save("own.safetensors")
    outcome = cli("predict", "own.safetensors", "test.csv")
    assert outcome.code == 2
    assert "without the encoding of a table. Use it in Python: neuralopt.JointOptimizer.load" in outcome.said
