"""Columns and targets that do not vary, or are in other units: what is said, and what comes of it."""

import re

import numpy as np
import pandas as pd
import pytest

from neuralopt import JointOptimizer, JointRegressor, compute_alignment_error, evaluate_model
from neuralopt.benchmark.joint_tables import read_both
from neuralopt.core.errors import DataError, InvalidArgument, StorageError
from neuralopt.estimators import JointPredictor
from neuralopt.joint import shift_report
from neuralopt.joint.base import Base
from neuralopt.models import MLP


def rows(n, seed):
    X = np.random.default_rng(seed).random((n, 2))
    return X, np.sin(4 * X[:, 0]) + X[:, 1]


SIM, REAL = rows(80, 0), rows(12, 1)


def fit(sim, real):
    joint = JointOptimizer(2, 6, 1)
    joint.fit(*sim, *real, epochs=30)
    return joint


def test_a_column_constant_in_all_rows_is_not_used():
    """Whatever it is later: nothing is known of what it does."""
    (X, y), (X_r, y_r) = ((X * [1, 0] + [0, 3], np.sin(4 * X[:, 0])) for X, _ in (SIM, REAL))
    with pytest.warns(UserWarning, match="Input 1 is constant in all rows: it is not used"):
        joint = fit((X, y), (X_r, y_r))
    fresh = rows(30, 2)[0]
    np.testing.assert_array_equal(joint.predict(fresh), joint.predict(fresh * [1, 0] + [0, 3]))
    assert np.sqrt(np.mean((joint.predict(fresh) - np.sin(4 * fresh[:, 0])) ** 2)) < 0.2


def test_a_column_of_two_constants_is_said():
    X, X_r = SIM[0] * [1, 0], REAL[0] * [1, 0] + [0, 1]
    with pytest.warns(UserWarning, match="Input 1 is constant in the simulated rows and differs in the real"):
        fit((X, SIM[1]), (X_r, REAL[1]))


def test_the_simulator_says_the_same_whatever_it_never_varied():
    X, X_r = SIM[0] * [1, 0], REAL[0] * [1, 0] + [0, 1]
    with pytest.warns(UserWarning, match="differs in the real"):
        joint = fit((X, SIM[1]), (X_r, REAL[1]))
    np.testing.assert_allclose(
        joint.predict_by("simulator", X_r), joint.predict_by("simulator", X_r - [0, 1])
    )


def test_blinding_keeps_the_function_on_its_rows():
    mlp = MLP((2, 5, 1))
    base = Base(mlp, mlp.init(0))
    X = SIM[0] * [1, 0] + [0, 0.7]
    np.testing.assert_allclose(base.blind(X).predict(X), base.predict(X), rtol=1e-12)
    np.testing.assert_array_equal(base.blind(X).predict(X), base.blind(X).predict(X + [0, 3]))


def test_targets_in_other_units_are_said_with_the_figure():
    middle, usual = (np.subtract(*np.quantile(y, [0.75, 0.25])) for y in (REAL[1], SIM[1]))
    text = f"real targets have {1000 * middle / usual:.3g} times the spread of the simulated ones"
    with pytest.warns(UserWarning, match=text):
        fit(SIM, (REAL[0], 1000 * REAL[1]))


def test_equal_real_targets_are_said():
    with pytest.warns(UserWarning, match="All 12 real targets are equal: .* a constant is all"):
        joint = fit(SIM, (REAL[0], np.full(12, 2.5)))
    np.testing.assert_allclose(joint.predict(REAL[0]), 2.5, atol=0.05)


@pytest.mark.parametrize(
    ("sim", "real", "text"),
    [
        (
            (SIM[0], np.ones(80)),
            REAL,
            "y_sim must vary, but all its values are equal: the simulator says nothing.",
        ),
        (SIM, (REAL[0] + 1j, REAL[1]), "X_real must hold real numbers, got complex ones."),
    ],
)
def test_what_cannot_be_used(sim, real, text):
    with pytest.raises(DataError, match=re.escape(text)):
        fit(sim, real)


def test_one_constant_target_of_several_is_named():
    joint = JointOptimizer(2, 6, 2)
    with pytest.raises(DataError, match="all its values in column 1 are equal"):
        joint.fit(SIM[0], np.stack([SIM[1], 0 * SIM[1]], axis=1), epochs=5)


def test_the_column_that_is_said_is_the_one_in_other_units():
    """A column constant in few real rows differs much by its logarithm, and is in no other unit."""
    X = np.random.default_rng(0).random((40, 2))
    real = np.random.default_rng(1).random((8, 2)) * [0, 5] + [0.5, 0]
    found = shift_report(X, real)
    assert found.other_scale().tolist() == [False, True]
    assert found.worst().startswith("input 1: ")
    assert shift_report(X, real[:, [0, 0]] * [1, 1]).worst().startswith("input 0: ")


def test_a_model_of_tables_is_no_model_of_arrays(tmp_path):
    sim, real = (pd.DataFrame(X, columns=["a", "b"]).assign(y=y) for X, y in (SIM, REAL))
    tables = read_both(sim, real, ["y"])
    joint = JointOptimizer(2, 6, 1)
    joint.fit(*tables[1:], epochs=20)
    path = JointPredictor(tables.encoder, joint, {}).save(tmp_path / "m.safetensors")
    with pytest.raises(StorageError, match=r"a joint model of tables, .* Use it by neuralopt predict"):
        JointOptimizer.load(path)


def tables():
    return (pd.DataFrame(X, columns=["a", "b"]) for X, _ in (SIM, REAL))


def test_columns_of_tables_are_taken_by_name():
    X, X_r = tables()
    joint = fit((X, SIM[1]), (X_r[["b", "a"]], REAL[1]))
    plain = fit(SIM, REAL)
    np.testing.assert_array_equal(joint.predict(X_r[["b", "a"]]), plain.predict(REAL[0]))
    np.testing.assert_array_equal(joint.predict(REAL[0]), plain.predict(REAL[0]))
    with pytest.raises(
        DataError, match="X_real must have the columns of X_sim: it lacks b and has c instead"
    ):
        fit((X, SIM[1]), (X_r.rename(columns={"b": "c"}), REAL[1]))
    with pytest.raises(DataError, match="X must have the columns of X_sim: it lacks a and has z instead"):
        joint.predict(X_r.rename(columns={"a": "z"}))


def test_names_of_columns_are_kept(tmp_path):
    X, X_r = tables()
    path = fit((X, SIM[1]), (X_r, REAL[1])).save(tmp_path / "m.safetensors")
    again = JointOptimizer.load(path)
    np.testing.assert_array_equal(again.predict(X_r[["b", "a"]]), again.predict(X_r))


def test_no_rows_have_no_answers():
    assert fit(SIM, REAL).predict(np.zeros((0, 2))).shape == (0,)


def test_without_the_deeper_network():
    joint = JointOptimizer(2, 6, 1, deep=False)
    joint.fit(*SIM, *REAL, epochs=30)
    assert joint.deep_ is None
    assert not any("deep" in name for name in joint.candidates_.names)
    with pytest.raises(InvalidArgument, match="deep must be True or False, got 1"):
        JointOptimizer(2, deep=1)


def test_losses_of_classes():
    y, y_r = (np.where(a > 1, "up", "down") for a in (SIM[1], REAL[1]))
    given = {"task": "classification", "mode": "alternating", "robust": None}
    joint = JointOptimizer(2, 6, 2, loss="cross_entropy", **given)
    joint.fit(SIM[0], y, REAL[0], y_r, epochs=10)
    plain = JointOptimizer(2, 6, 2, **given)
    plain.fit(SIM[0], y, REAL[0], y_r, epochs=10)
    np.testing.assert_array_equal(joint.predict_proba(SIM[0]), plain.predict_proba(SIM[0]))
    for task, loss in (("regression", "cross_entropy"), ("classification", "hinge")):
        with pytest.raises(InvalidArgument, match=f"loss='{loss}' is for classes"):
            JointOptimizer(2, 6, 2, task=task, loss=loss)


def test_figures_of_estimators_are_those_of_what_they_hold():
    model = JointRegressor(hidden_layer_sizes=(6,), epochs=30, random_state=0)
    model.fit(*SIM, X_real=REAL[0], y_real=REAL[1])
    assert evaluate_model(model, *REAL) == evaluate_model(model.joint_, *REAL)
    assert compute_alignment_error(model, *REAL) == compute_alignment_error(model.joint_, *REAL)


def test_columns_are_said_by_their_names():
    X, X_r = tables()
    with pytest.warns(UserWarning, match=r"on different scales; input b: .* Convert them"):
        fit((X, SIM[1]), (X_r.assign(b=1000 * X_r["b"]), REAL[1]))
    with pytest.warns(UserWarning, match="Input a is constant in all rows"):
        fit((X.assign(a=1.0), SIM[1]), (X_r.assign(a=1.0), REAL[1]))
