"""Two tables in a comparison: what is learnt from, what is tested, and that no answer has seen its row."""

import dataclasses

import numpy as np
import pandas as pd
import pytest

from neuralopt.benchmark import Budget, compare, make_real_task
from neuralopt.benchmark.joint_method import candidate_records, run_joint_method
from neuralopt.benchmark.methods import REFERENCES
from neuralopt.benchmark.records import read_record
from neuralopt.benchmark.runner import run_method
from neuralopt.core.errors import DataError
from neuralopt.estimators import load_predictor
from neuralopt.report import build_report

SMALL = Budget(rates=(0.01,), seeds=2, epochs=2, hidden=(4,))


def never(epoch: int) -> bool:
    """Do not interrupt."""
    return False


def tables(kind: str, real: int = 10) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return 60 simulated rows and some real ones, whose answers are scaled and shifted."""
    rng = np.random.default_rng(3)
    X = pd.DataFrame(rng.uniform(-1, 1, (60 + real, 2)), columns=["a", "b"])
    y = np.sin(2 * X["a"]) + X["b"] ** 2
    y[60:] = 1.5 * y[60:] + 1
    if kind == "classification":
        y = pd.Series(np.where(X["a"] + X["b"] > 0, "up", "down"))
    frame = X.assign(y=y)
    return frame[:60].reset_index(drop=True), frame[60:].reset_index(drop=True)


@pytest.mark.parametrize("kind", ["regression", "classification"])
def test_rows_are_where_they_belong(kind):
    sim, real = tables(kind)
    task = make_real_task("pair", sim, real, "y")
    assert (len(task.train.X), len(task.validation.X), len(task.test.X)) == (48, 12, 10)
    np.testing.assert_array_equal(task.test.X, task.encoder.transform(real))
    np.testing.assert_array_equal(task.test.y, task.encoder.encode_target(real))
    asked = np.concatenate(task.folds)
    np.testing.assert_array_equal(np.sort(asked), np.arange(10))
    for kept, fold in task.fits():
        assert not set(kept) & set(fold)
        part = task.pooled(kept, fold)
        np.testing.assert_array_equal(part.train.X[48:], task.test.X[kept])
        np.testing.assert_array_equal(part.test.y, task.test.y[fold])


def test_every_fit_sees_every_class():
    sim, real = tables("classification")
    rare = real.assign(y=["up"] * 8 + ["down"] * 2)
    for seed in range(20):  # dealt without regard to classes, one time in nine both are left out at once
        task = make_real_task("pair", sim, rare, "y", seed=seed)
        assert all(len(set(task.test.y[kept])) == 2 for kept, _ in task.fits())


def test_the_digest_knows_both_tables():
    sim, real = tables("regression")
    digest = make_real_task("pair", sim, real, "y").digest
    assert make_real_task("pair", sim, real, "y").digest == digest
    assert make_real_task("pair", sim, real[::-1], "y").digest != digest
    assert make_real_task("pair", sim[::-1], real, "y").digest != digest


def test_no_answer_has_seen_its_row(monkeypatch):
    """Another answer to a row changes no prediction of that row, by joint training or a reference."""
    sim, real = tables("regression")
    task = make_real_task("pair", sim, real, "y")
    row = 4
    y, units = task.test.y.copy(), task.tables.y_real.copy()
    y[row] += 5.0
    units[row] += 5.0
    other = dataclasses.replace(
        task,
        test=dataclasses.replace(task.test, y=y),
        tables=task.tables._replace(y_real=units),
    )
    seen: list[np.ndarray] = []
    for module in ("joint_method", "runner"):
        monkeypatch.setattr(f"neuralopt.benchmark.{module}.score", lambda task, outputs: seen.append(outputs))
    for case in (task, other):
        run_joint_method(case, SMALL, never)
        for method in REFERENCES:
            run_method(method, case, SMALL)
    first, second = np.array(seen[: len(seen) // 2]), np.array(seen[len(seen) // 2 :])
    assert len(first) > 5
    np.testing.assert_array_equal(first[:, 0, row], second[:, 0, row])
    fold = next(fold for fold in task.folds if row in fold)
    rest = np.setdiff1d(np.arange(10), fold)
    assert np.abs(first[0, 0, rest] - second[0, 0, rest]).max() > 1e-3  # the others did see it


@pytest.fixture(scope="module")
def compared(tmp_path_factory):
    """A comparison on a simulator that is right but for scale and shift."""
    sim, real = tables("regression")
    task = make_real_task("pair", sim, real, "y")
    folder = tmp_path_factory.mktemp("real") / "run"
    return task, real, compare([task], optimizers=["adam"], budget=SMALL, output=folder)


def test_joint_training_wins_where_the_simulator_is_affine(compared):
    _, _, result = compared
    frame = result.frame().set_index("method")
    assert {"joint", "joint-affine", "joint-real-only", "adam", "linear", "boosting"} <= set(frame.index)
    assert frame.loc["joint", "metric"] > max(frame.loc["adam", "metric"], frame.loc["linear", "metric"])
    assert frame.loc["joint", "metric"] > 0.9
    task = result.ranking["tasks"][0]
    assert "The simulator helped" in task["summary"]
    assert task["n_real"] == 10
    assert "each of these is answered by a fit to the others" in task["reason"]


def test_the_model_kept_is_the_joint_one_of_all_rows(compared):
    _, real, result = compared
    model = load_predictor(result.models()["pair"])
    assert result.ranking["tasks"][0]["best_model_label"] == "Joint training"
    off = model.predict(real.drop(columns="y"))["y"].to_numpy() - real["y"].to_numpy()
    assert off.std() < 0.3 * real["y"].std()


def test_going_on_gives_the_same_ranking(compared):
    task, _, result = compared
    before = (result.folder / "ranking.csv").read_bytes()
    for name in ("pair--joint-affine.safetensors", "pair--adam.safetensors"):
        (result.records / name).unlink()
    again = compare([task], optimizers=["adam"], budget=SMALL, output=result.folder, resume=True)
    assert (again.folder / "ranking.csv").read_bytes() == before
    assert (result.records / "pair--joint-affine.safetensors").exists()


def test_every_line_is_tested_in_pairs_with_the_best(compared):
    """On the same real rows; the figures by row have the mean that the ranking shows."""
    task, _, result = compared
    rows = result.ranking["tasks"][0]["rows"]
    assert rows[0]["p_value"] is None
    assert all(row["p_value"] is not None for row in rows[1:] if row["metric"] is not None)
    for row in rows:
        kept = read_record(result.records / row["record"])
        if kept is not None and row["family"] in ("joint", "candidate"):
            assert kept.arrays["test_rows"].shape == (1, len(task.test.X))
            assert -kept.arrays["test_rows"].mean() == pytest.approx(row["loss"])


def test_the_page_says_which_rows_are_real(compared):
    page = build_report(compared[2].records).read_text()
    assert "Joint training" in page
    assert "All rows here are simulated; the test rows are real." in page
    assert "test loss of the references" not in page


def test_classes(tmp_path):
    sim, real = tables("classification", real=12)
    record = run_joint_method(make_real_task("pair", sim, real, "y"), SMALL, never)
    assert record is not None
    assert record.header["scores"]["metric"][0] > 0.8
    names = [part.header["method"] for part in candidate_records(record)]
    assert "joint-simulator" in names
    assert len(set(names)) == len(names)


def test_an_interrupt_gives_no_record():
    task, asked = make_real_task("pair", *tables("regression"), "y"), []

    def at_once(epoch: int) -> bool:
        asked.append(epoch)
        return True

    assert run_joint_method(task, SMALL, at_once) is None
    assert asked == [0]  # before the first fit


def test_too_few_real_rows():
    sim, real = tables("regression")
    with pytest.raises(DataError, match=r"the real table has 3 rows, .* at least 4: .* Measure more"):
        make_real_task("pair", sim, real[:3], "y")
