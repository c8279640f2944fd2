"""``neuralopt compare sim.csv --real real.csv``: the lines, the model, what cannot be used."""

import numpy as np
import pandas as pd
import pytest


@pytest.fixture
def pair(workplace):
    """Write sim.csv, real.csv and new.csv; the simulator is off by a scale and a shift."""
    rng = np.random.default_rng(5)
    X = pd.DataFrame(rng.uniform(-1, 1, (90, 2)).round(4), columns=["a", "b"])
    y = np.sin(2 * X["a"]) + X["b"] ** 2
    y[60:] = 1.5 * y[60:] + 1
    frame = X.assign(y=y.round(4))
    frame[:60].to_csv("sim.csv", index=False)
    frame[60:72].to_csv("real.csv", index=False)
    frame[72:].to_csv("new.csv", index=False)
    return frame[72:].reset_index(drop=True)


def test_joint_training_is_compared_and_kept(compare, cli, pair):
    done = compare("sim.csv", "--real", "real.csv", "--target", "y", "-o", "run")
    assert done.code == 0, done.err
    said = " ".join(done.out.split())
    for word in ("Joint training", "Joint: real only", "SGD", "Linear model", "The simulator helped"):
        assert word in said
    assert "12 test rows" in said
    assert "methods" in done.err
    predicted = cli("predict", "run/sim.model.safetensors", "new.csv", "-o", "answers.csv")
    assert predicted.code == 0, predicted.err
    off = pd.read_csv("answers.csv")["y"] - pair["y"]
    assert off.std() < 0.3 * pair["y"].std()


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("sim.csv", "new.csv", "--real", "real.csv"), "--real goes with one simulated table, got 2."),
        (("sim.csv", "--real", "gone.csv"), "There is no file 'gone.csv'"),
        (("sim.csv", "--real", "three.csv"), "'three.csv' has 3 rows, and a comparison on real rows needs"),
        (("sim.csv", "--real", "other.csv"), "'other.csv' lacks 'b', which 'sim.csv' has"),
        (("sim.csv", "--real", "holes.csv"), "'holes.csv': "),
    ],
)
def test_what_cannot_be_used(refused, pair, arguments, sentence):
    real = pd.read_csv("real.csv")
    real[:3].to_csv("three.csv", index=False)
    real.rename(columns={"b": "z"}).to_csv("other.csv", index=False)
    real.assign(a=np.where(real.index == 2, np.nan, real["a"])).to_csv("holes.csv", index=False)
    assert sentence in refused(*arguments, "--target", "y")


def test_holes_are_imputed_when_asked(compare, pair):
    real = pd.read_csv("real.csv")
    real.assign(a=np.where(real.index == 2, np.nan, real["a"])).to_csv("holes.csv", index=False)
    done = compare("sim.csv", "--real", "holes.csv", "--target", "y", "--missing", "impute")
    assert done.code == 0, done.err
