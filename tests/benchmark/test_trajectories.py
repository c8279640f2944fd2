"""A comparison keeps the ways of its optimizers, from one start, and concludes them into one small record."""

import numpy as np
import pytest

from neuralopt import RecordTrajectory, optimizers, train, trajectories
from neuralopt.benchmark import Budget, compare, make_task
from neuralopt.benchmark.trajectories import LARGEST, points_for
from neuralopt.core.errors import InvalidArgument
from neuralopt.models import MLP
from neuralopt.report import build_report
from neuralopt.storage import read_container

BUDGET = Budget(rates=2, seeds=2, epochs=4, hidden=(3,))
METHODS = ["sgd", "adam", "schedulefreeadamw", "nadamw"]


def held(result):
    name = result.ranking["tasks"][0]["trajectories"]
    return read_container(result.records / name, kind="trajectories", version=1)


@pytest.fixture(scope="module")
def compared(tmp_path_factory):
    from tests.benchmark.conftest import table

    task = make_task("t", table("regression"), "y")
    folder = tmp_path_factory.mktemp("compared") / "run"
    return task, compare([task], optimizers=METHODS, budget=BUDGET, output=folder)


def test_paths_are_those_of_the_chosen_runs_from_one_start(compared):
    """The kept coordinates are an exact image of the paths that `train` takes: same distances."""
    task, result = compared
    kept, rows = held(result), result.frame().set_index("method")
    assert set(kept.header["methods"]) == set(METHODS)
    whole = {}
    for name in METHODS:
        path = RecordTrajectory()
        train(
            MLP((3, 3, 1)),
            (task.train.X, task.train.y),
            optimizer=optimizers.with_learning_rate(optimizers.get(name), rows.loc[name, "learning_rate"]),
            epochs=4,
            callbacks=[path],
        )
        whole[name] = path.trajectory
        assert kept.arrays[f"epoch/{name}"].tolist() == [0, 1, 2, 3, 4]
    true = np.concatenate([whole[m] for m in kept.header["methods"]])
    points = np.concatenate([kept.arrays[f"points/{m}"] for m in kept.header["methods"]])
    apart = [np.linalg.norm(p[:, None] - p[None], axis=2) for p in (true, points)]
    np.testing.assert_allclose(apart[0], apart[1], atol=1e-4)
    starts = [kept.arrays[f"embedding/{m}"][0] for m in METHODS]
    assert np.ptp(starts, axis=0).max() < 0.2 * np.ptp(kept.arrays["embedding/adam"], axis=0).max()


def test_the_loss_on_the_plane_is_the_networks(compared):
    """Slices at 0 are the training losses of the kept models."""
    task, result = compared
    kept = held(result)
    losses = trajectories.Landscape(MLP((3, 3, 1), "tanh"), task.train.X, task.train.y, task.loss)
    for row in result.ranking["tasks"][0]["rows"]:
        if row["method"] in METHODS:
            arrays = read_container(result.records / row["record"], kind="record", version=1).arrays
            flat = np.concatenate([arrays[f"model/{k}/{n}"].ravel() for k in (0, 1) for n in "Wb"])
            (expected,) = losses(flat[None], np.ones((1, 1)))
            middle = len(kept.arrays["slice_x"]) // 2
            assert kept.arrays[f"slice/{row['method']}"][middle] == pytest.approx(expected, rel=1e-4)
    assert np.isfinite(kept.arrays["grid/loss"]).all()


def test_paths_are_kept_until_the_comparison_is_complete(compared, tmp_path):
    """An interrupted run ends with the same record as an uninterrupted one."""
    task, whole = compared
    count = 0

    def stop(event, task, method, epoch, epochs):
        nonlocal count
        count += event == "end"
        if count == 4 and event == "begin":  # two references and two optimizers are done
            raise KeyboardInterrupt

    folder = tmp_path / "run"
    with pytest.raises(KeyboardInterrupt):
        compare([task], optimizers=METHODS, budget=BUDGET, output=folder, observe=stop)
    assert len(list((folder / "paths").iterdir())) == 2
    result = compare([task], optimizers=METHODS, budget=BUDGET, output=folder, resume=True)
    assert not (folder / "paths").exists()
    mine, its = held(result), held(whole)
    assert mine.header == its.header
    for name, array in its.arrays.items():
        np.testing.assert_array_equal(mine.arrays[name], array, err_msg=name)
    again = compare([task], optimizers=METHODS, budget=BUDGET, output=folder, resume=True)
    assert held(again).header == mine.header


def test_records_stay_small_and_large_networks_have_none(compared):
    _, result = compared
    assert sum(p.stat().st_size for p in result.records.glob("*--trajectories*")) < 50_000
    assert all(
        "trajectory" not in read_container(p, kind="record", version=1).arrays
        for p in result.records.glob("t--*.safetensors")
        if "trajectories" not in p.name
    )
    assert points_for(MLP((2049, 64, 1))) is not None
    assert MLP((1000, 200, 1)).parameter_count > LARGEST
    assert points_for(MLP((1000, 200, 1))) is None


def test_a_network_too_large_for_pictures_is_named(tmp_path, monkeypatch):
    from tests.benchmark.conftest import table

    from neuralopt.benchmark import trajectories as kept

    monkeypatch.setattr(kept, "LARGEST", 10)
    task, budget = make_task("t", table("regression"), "y"), Budget(rates=1, seeds=1, epochs=5, hidden=(4,))
    result = compare([task], optimizers=["sgd"], budget=budget, output=tmp_path / "run", references=False)
    (concluded,) = result.ranking["tasks"]
    assert "trajectories" not in concluded
    size = budget.network(task).parameter_count
    expected = f"No trajectories: they are recorded of networks up to 10 parameters, this one has {size:,}."
    assert expected in concluded["notes"]
    assert expected in build_report(result.records).read_text()


def test_too_few_points_make_no_picture(tmp_path):
    from tests.benchmark.conftest import table

    task, budget = make_task("t", table("regression"), "y"), Budget(rates=1, seeds=1, epochs=1, hidden=())
    result = compare([task], optimizers=["sgd"], budget=budget, output=tmp_path / "run", references=False)
    assert "trajectories" not in result.ranking["tasks"][0]
    with pytest.raises(
        InvalidArgument, match="an embedding needs 5 points or more, all paths together, got 2"
    ):
        trajectories.embed({"a": np.eye(2)})
