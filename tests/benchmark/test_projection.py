"""Variable projection in a comparison: its readout is the optimum of its features, and it finds planted nets."""

import numpy as np
import pytest
from sklearn.linear_model import RidgeCV

from neuralopt.benchmark import Budget, compare, make_task
from neuralopt.benchmark.projection_run import project_once
from neuralopt.core.results import Status
from neuralopt.datasets import load_bundled, read_table
from neuralopt.models import MLP, accuracy, r2


@pytest.fixture
def task(tmp_path):
    random = np.random.default_rng(0)
    X = random.normal(size=(200, 3))
    y = np.tanh(2 * X[:, 0] - X[:, 1]) - 2 * np.tanh(X[:, 1] + X[:, 2])
    kind = np.where(X[:, 0] * X[:, 1] > 0, "same", "other")
    lines = [f"{a},{b},{c},{v},{k}" for (a, b, c), v, k in zip(X, y, kind, strict=True)]
    path = tmp_path / "data.csv"
    path.write_text("\n".join(["a,b,c,y,kind", *lines]))

    def made(target, drop):
        return make_task("data", read_table(path).drop(columns=[drop]), target)

    return made


def test_a_planted_network_is_found_and_its_readout_is_the_optimum(task):
    numbers = task("y", "kind")
    params, status = project_once(numbers, MLP((3, 4, 1), "tanh"), 0)
    network = MLP((3, 4, 1), "tanh")
    assert r2(network.forward(params, numbers.test.X), numbers.test.y) > 0.999
    assert status in (Status.MAX_EPOCHS, Status.EARLY_STOPPED)
    H = np.column_stack([MLP((3, 4), "tanh", "tanh").forward(params[:1], numbers.train.X), np.ones(120)])
    best = np.linalg.lstsq(H, numbers.train.y, rcond=None)[0]
    left = numbers.train.y - network.forward(params, numbers.train.X)
    assert np.mean(left**2) <= np.mean((numbers.train.y - H @ best) ** 2) * 1.01 + 1e-8


def test_classes_that_no_line_divides(task):
    classes = task("kind", "y")
    network = Budget(hidden=(16,)).network(classes)
    scores = [
        accuracy(network.forward(project_once(classes, network, seed)[0], classes.test.X), classes.test.y)
        for seed in range(4)
    ]
    assert np.median(scores) > 0.9
    assert min(scores) > 0.8


def test_without_a_hidden_layer_it_is_ridge_regression(task):
    numbers = task("y", "kind")
    network = MLP((3, 1), "tanh")
    params, status = project_once(numbers, network, 0)
    ridge = RidgeCV(alphas=np.logspace(-6, 6, 100)).fit(numbers.train.X, numbers.train.y[:, 0])
    assert status is Status.CONVERGED
    ours = network.forward(params, numbers.test.X)
    assert r2(ours, numbers.test.y) == pytest.approx(ridge.score(numbers.test.X, numbers.test.y), abs=0.01)
    assert np.corrcoef(ours[:, 0], ridge.predict(numbers.test.X))[0, 1] > 0.9999


def test_noise_is_not_learned():
    """Five seeds on a table where a linear model is as good as any: none falls far behind it."""
    table = make_task("diabetes", load_bundled("diabetes"), "progression")
    network = Budget().network(table)
    scores = [
        r2(network.forward(project_once(table, network, seed)[0], table.test.X), table.test.y)
        for seed in range(5)
    ]
    linear = RidgeCV(alphas=np.logspace(-3, 3, 13)).fit(table.train.X, table.train.y[:, 0])
    assert min(scores) > linear.score(table.test.X, table.test.y) - 0.12


def test_it_stands_in_the_ranking(task, tmp_path):
    done = compare(
        [task("y", "kind")],
        optimizers=["variable-projection"],
        budget=Budget(hidden=(4,), seeds=2),
        output=tmp_path / "run",
    )
    row = next(r for r in done.ranking["tasks"][0]["rows"] if r["method"] == "variable-projection")
    assert (row["label"], row["family"], row["runs"]) == ("Variable projection", "closed form", 2)
    assert row["metric"] > 0.99
    assert row["rank"] == 1
