"""The comparison is fair, and its figures are those of scikit-learn on the chosen runs' predictions."""

import numpy as np
import optax
import pandas as pd
import pytest
from sklearn.metrics import accuracy_score, log_loss, mean_squared_error, r2_score

from neuralopt.benchmark import Budget, choose_methods, compare, make_task
from neuralopt.benchmark.methods import learning_rates
from neuralopt.benchmark.records import read_record
from neuralopt.benchmark.task import split_rows
from neuralopt.core.errors import InvalidArgument
from neuralopt.engine import EarlyStopping, train
from neuralopt.estimators.predictor import Predictor
from neuralopt.models import MLP, softmax
from neuralopt.optimizers import SGD, Adam, from_optax, get, with_learning_rate
from neuralopt.transforms import ClipByGlobalNorm, chain


@pytest.fixture
def compared(task, quick, tmp_path):
    """A comparison of three optimizers on each kind of task."""
    return compare([task], optimizers=["sgd", "gd", "adam"], budget=quick, output=tmp_path / "run")


def records(result):
    files = [p for p in result.records.glob("*.safetensors") if not p.stem.endswith("--trajectories")]
    return {p.stem.split("--")[1]: read_record(p) for p in files}


def loss_name(task):
    return "cross_entropy" if task.kind == "classification" else "squared_error"


def solo(task, name, rate, seed, quick):
    """Train one run of a comparison by itself."""
    optimizer = with_learning_rate(get(name), rate)
    return train(
        MLP((3, 3, task.outputs)),
        (task.train.X, task.train.y),
        optimizer=optimizer,
        loss=loss_name(task),
        epochs=quick.epochs,
        batch_size=None if name == "gd" else 32,
        validation=(task.validation.X, task.validation.y),
        callbacks=[EarlyStopping(patience=1000)],  # the best epoch's parameters, as in a comparison
        seed=seed,
    )


@pytest.mark.parametrize("name", ["sgd", "adam", "gd"])
def test_figures_are_scikit_learns_on_runs_trained_one_by_one(task, quick, compared, name):
    row = compared.frame().set_index("method").loc[name]
    y = task.test.y
    losses, metrics = [], []
    for seed in range(2):
        run = solo(task, name, row["learning_rate"], seed, quick)
        network = MLP((3, 3, task.outputs))
        outputs = network.forward(run.params, task.test.X.astype(np.float32)).astype(np.float64)
        if task.kind == "classification":
            metrics.append(accuracy_score(y, outputs.argmax(axis=1)))
            losses.append(log_loss(y, softmax(outputs), labels=range(3)))
        else:
            metrics.append(r2_score(y, outputs))
            losses.append(mean_squared_error(y, outputs))
    assert row["metric"] == pytest.approx(np.mean(metrics), rel=1e-4, abs=1e-6)
    assert row["loss"] == pytest.approx(np.mean(losses), rel=1e-4)
    assert row["metric_low"] <= row["metric"] <= row["metric_high"]
    assert row["loss_low"] <= row["loss"] <= row["loss_high"]


def test_every_optimizer_gets_the_same_runs(task, quick, compared):
    """As many rates, seeds and epochs; from the same parameters and over the same batches."""
    mine = records(compared)
    for name in ("sgd", "adam", "gd"):
        record = mine[name]
        assert record.arrays["train_loss"].shape == (2, 2, 2)
        assert record.header["seeds"] == [0, 1]
        assert record.header["learning_rates"] == learning_rates(choose_methods([name])[0], 2).tolist()
    assert mine["sgd"].header["batch_size"] == mine["adam"].header["batch_size"] == 32
    assert mine["gd"].header["batch_size"] == 36


def test_at_a_tiny_rate_all_optimizers_show_the_same_losses(task, tmp_path):
    """Paired: where no step moves anything, the losses are those of the same parameters and batches."""
    budget = Budget(rates=(1e-30,), seeds=2, epochs=2, hidden=(3,))
    result = compare([task], optimizers=["sgd", "adam"], budget=budget, output=tmp_path / "run")
    sgd, adam = records(result)["sgd"].arrays, records(result)["adam"].arrays
    np.testing.assert_array_equal(sgd["train_loss"], adam["train_loss"])
    np.testing.assert_array_equal(sgd["test_loss"], adam["test_loss"])
    assert sgd["test_loss"][0, 0] != sgd["test_loss"][0, 1]


def test_test_rows_do_not_reach_the_training(frame_of, quick, tmp_path):
    frame = frame_of("regression")
    test = split_rows(None, 60, 0)[2]
    other = frame.copy()
    other.loc[test, ["a", "b", "c", "y"]] += 3.0
    found = []
    for name, table in (("one", frame), ("two", other)):
        result = compare(
            [make_task("t", table, "y")], optimizers=["sgd"], budget=quick, output=tmp_path / name
        )
        found.append(records(result))
    for method in ("sgd", "linear"):
        mine, theirs = (f[method] for f in found)
        assert mine.header["best"] == theirs.header["best"]
        for name in mine.arrays:
            same = np.array_equal(mine.arrays[name], theirs.arrays[name], equal_nan=True)
            assert same == (name not in ("test_loss", "test_metric", "test_rows")), name


def test_the_saved_model_is_the_best_that_can_be_saved(task, compared, frame_of):
    rows = compared.ranking["tasks"][0]["rows"]
    best = next(r for r in rows if r["method"] != "boosting")
    (path,) = compared.models().values()
    predictor = Predictor.load(path)
    assert predictor.origin["method"] == best["method"]
    record = records(compared)[best["method"]]
    for mine, theirs in zip(predictor.params, record.params(), strict=True):
        for a, b in zip(mine, theirs, strict=True):
            assert a.tobytes() == b.tobytes()
            assert a.dtype == b.dtype


def test_where_the_linear_model_wins_it_is_the_one_that_is_saved(tmp_path, quick):
    from sklearn.linear_model import Ridge

    rng = np.random.default_rng(0)
    frame = pd.DataFrame(rng.normal(size=(60, 3)), columns=["a", "b", "c"])
    frame["y"] = 5 * frame["a"] - 3 * frame["b"] + 100
    task = make_task("t", frame, "y")
    result = compare([task], optimizers=["sgd"], budget=quick, output=tmp_path / "run")
    assert result.ranking["tasks"][0]["best_model_label"] == "Linear model"
    assert "Linear model does clearly better" in result.ranking["tasks"][0]["summary"]
    predictor = Predictor.load(result.models()["t"])
    rows = split_rows(None, 60, 0)[0]
    ridge = Ridge(alpha=0.01).fit(task.train.X, frame["y"].to_numpy()[rows])
    wanted = ridge.predict(task.encoder.transform(frame))
    np.testing.assert_allclose(predictor.predict(frame)["y"], wanted, rtol=1e-9)


def test_optimizers_of_every_origin(frame_of, quick, tmp_path):
    task = make_task("t", frame_of("regression"), "y")
    result = compare(
        [task],
        optimizers=[
            ("my adam", chain(ClipByGlobalNorm(1.0), Adam())),
            ("another", from_optax(optax.adam, learning_rate=0.1)),
            SGD(momentum=0.5),
            "optax.adabelief",
        ],
        budget=quick,
        output=tmp_path / "run",
        references=False,
    )
    assert set(result.frame()["label"]) == {"my adam", "another", "SGD", "optax.adabelief"}
    assert result.complete
    assert (result.records / "t--my-adam.safetensors").is_file()
    for record in records(result).values():
        assert len(set(np.round(record.arrays["test_loss"][:, 0], 12))) == 2  # the rates are in force


def test_tasks_of_one_name_are_refused(task, quick, tmp_path):
    for tasks, names in ((), "none"), ([task, task], f"{task.name}, {task.name}"):
        with pytest.raises(InvalidArgument) as caught:
            compare(tasks, budget=quick, output=tmp_path / "run")
        assert f"tasks must have different names, at least one, got {names}." in str(caught.value)
    assert not list(tmp_path.iterdir())


def test_steps_of_a_run_by_default(frame_of):
    budget = Budget()
    for rows, epochs in ((60, 200), (10_000, 20)):
        task = make_task("t", frame_of("regression", rows), "y")
        assert budget.epochs_for(task) == epochs
        assert budget.network(task).layer_sizes == (3, 64, 1)


def test_far_outliers_among_the_test_rows_are_said_and_not_ranked_as_numbers(frame_of, tmp_path):
    frame = frame_of("regression")
    frame.loc[split_rows(None, 60, 0)[2][0], "a"] = 1e60
    task = make_task("t", frame, "y")
    budget = Budget(rates=1, seeds=1, epochs=1, hidden=(3,), activation="relu")
    result = compare([task], optimizers=["sgd"], budget=budget, output=tmp_path / "run")
    row = result.frame().set_index("method").loc["sgd"]
    assert row["rank"] in (3, 4)
    assert row["status"] == (
        "Its figures on the test rows are not finite. Likely cause: a test row lies far outside of the "
        "training rows. Look for outliers and wrong units."
    )
