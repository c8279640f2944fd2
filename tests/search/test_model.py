"""What holds for every search: it only goes down, equals the naive loop on grids, repeats by its seed."""

import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import f1_score, roc_auc_score

from neuralopt import GradientModel, HybridModel, SearchModel
from neuralopt.core.results import Status
from neuralopt.models import MLP
from neuralopt.search import EvolutionModel
from neuralopt.search.net import Net
from neuralopt.search.objectives import NAMED
from neuralopt.search.plan import Plan
from neuralopt.search.searcher import Searcher
from neuralopt.search.step_line import exact_line

from .problems import least_errors, naive_sweep, parity, spirals

RANDOM = np.random.default_rng(0)
X = RANDOM.normal(size=(40, 3))
Y = np.sin(X[:, 0]) + X[:, 1] * X[:, 2]
LABELS = (X[:, 0] * X[:, 1] > 0).astype(int)
LOSSES = ("squared_error", "01", "cross_entropy", "hinge", "f1", "auc")


def naive_loss(loss, y):
    if loss == "squared_error":
        return lambda out: float(np.mean((out - y.reshape(out.shape)) ** 2))
    return lambda out: float(np.mean((out[:, 0] > 0) != y))


@settings(max_examples=12)
@given(
    st.sampled_from(["tanh", "relu", "sigmoid", "step", "sign"]),
    st.sampled_from([[], [3], [2, 3]]),
    st.sampled_from(["squared_error", "01"]),
    st.integers(0, 99),
)
def test_grid_equals_the_naive_loop(activation, hidden, loss, seed):
    y = Y if loss == "squared_error" else LABELS
    options = {"activation": activation, "loss": loss, "line": "grid", "readout": "search", "seed": seed}
    model = SearchModel(3, hidden, 1, [-2, 2], [-1, 1], 7, 5, **options)
    model.search(X, y, 1)
    mlp = MLP((3, *hidden, 1), activation)
    begin = mlp.init(seed)
    again = SearchModel(3, hidden, 1, [-2, 2], [-1, 1], 7, 5, **options)
    again.start_from(begin)
    found = again.search(X, y, 1)["loss"][-1]
    _, naive = naive_sweep(mlp, begin, X, naive_loss(loss, y), (np.linspace(-2, 2, 7), np.linspace(-1, 1, 5)))
    assert found == pytest.approx(naive, rel=1e-9)


@settings(max_examples=20)
@given(
    st.sampled_from(["tanh", "relu", "step", "sign"]),
    st.sampled_from([[], [4], [3, 3], [2, 2, 2]]),
    st.sampled_from(LOSSES),
    st.sampled_from(["cyclic", "random", "greedy"]),
    st.sampled_from([None, [-1, 0, 1], [-2, -1, 1, 2]]),
    st.integers(0, 99),
)
def test_the_loss_never_rises_and_is_that_of_the_parameters(activation, hidden, loss, order, levels, seed):
    y = Y if loss == "squared_error" else LABELS
    model = SearchModel(3, hidden, 1, loss=loss, activation=activation, order=order, levels=levels, seed=seed)
    losses = model.search(X, y, 4)["loss"]
    assert len(losses) <= 4
    assert (np.diff(losses) <= 0).all()
    assert losses[-1] == pytest.approx(_value(loss, model, y), rel=1e-9, abs=1e-12)
    if levels is not None:
        assert all(np.isin(W, levels).all() for W, _ in model.params)


def _value(loss, model, y):
    out = model.forward(X)[:, 0]
    return {
        "squared_error": lambda: np.mean((out - y) ** 2),
        "01": lambda: np.mean((out > 0) != y),
        "cross_entropy": lambda: np.mean(np.logaddexp(0, out) - y * out),
        "hinge": lambda: np.mean(np.maximum(0, 1 - (2 * y - 1) * out)),
        "f1": lambda: 1 - f1_score(y, out > 0, zero_division=0),
        "auc": lambda: 1 - roc_auc_score(y, out),
    }[loss]()


@settings(max_examples=12)
@given(st.sampled_from(["step", "sign"]), st.sampled_from([[3], [3, 2]]), st.integers(0, 99))
def test_exact_is_no_worse_than_the_grid(activation, hidden, seed):
    """One weight: from the same network the exact line goes at least as low as every value of the grid."""

    random = np.random.default_rng(seed)
    mlp = MLP((3, *hidden, 1), activation)
    begin = [(random.normal(size=W.shape), random.normal(size=b.shape)) for W, b in mlp.init(0)]
    y = Y[:, None]
    found = SearchModel(3, hidden, 1, activation=activation, directions="weights")
    net = Net(mlp, begin, X)
    objective = NAMED["squared_error"](y, 0)
    plan = Plan(("on-off",) * len(hidden) + ("ridge",), ridge=False)
    searcher = Searcher(net, objective, y, y, plan, found.settings, random, lambda: False)
    layer = len(hidden) - 1
    costs, z = searcher._unit_costs(layer, 0)
    a = net.columns(layer)[0][0]
    now = searcher.measure()
    exact = exact_line(z, a, costs, costs.value(z), 0.0)[1] - costs.value(z) + now
    for value in np.linspace(-5, 5, 100):
        trial = [(W.copy(), b.copy()) for W, b in begin]
        trial[layer][0][0, 0] = value
        assert exact <= np.mean((mlp.forward(trial, X) - y) ** 2) + 1e-12


@pytest.mark.parametrize("activation", ["tanh", "relu", "step"])
def test_the_same_seed_gives_the_same_result(activation):
    first, second = (SearchModel(3, [4, 3], 1, activation=activation, seed=3) for _ in range(2))
    np.testing.assert_array_equal(first.search(X, Y, 4)["loss"], second.search(X, Y, 4)["loss"])
    np.testing.assert_array_equal(first.predict(X), second.predict(X))
    other = SearchModel(3, [4, 3], 1, activation=activation, seed=4)
    assert (other.search(X, Y, 4)["loss"] != first.history["loss"]).any()


@pytest.mark.parametrize("activation", ["tanh", "step"])
def test_it_stops_within_the_budget(activation):
    random = np.random.default_rng(0)
    wide, y = random.normal(size=(500, 100)), random.normal(size=500)
    model = SearchModel(100, [200, 50], 1, activation=activation, budget_s=0.5)
    begun = time.perf_counter()
    losses = model.search(wide, y, 10**6)["loss"]
    assert time.perf_counter() - begun < 1.5  # another process may take the processor
    assert model.status is Status.BUDGET
    assert losses[-1] == pytest.approx(np.mean((model.predict(wide) - y) ** 2))
    assert losses[-1] < np.var(y)


@pytest.mark.parametrize("loss", ["squared_error", "01"])
@pytest.mark.parametrize(("bits", "hidden"), [(2, 4), (3, 3), (5, 5)])
def test_parity_is_learned(loss, bits, hidden):
    inputs, y = parity(bits)
    model = SearchModel(bits, [hidden], 1, loss=loss, activation="step")
    model.search(inputs, y, 300)
    assert (np.sign(model.predict(inputs)) == y).all()


def test_spirals_are_learned():
    inputs, y = spirals()
    model = SearchModel(2, [80], 1, loss="01", activation="step")
    model.search(inputs, y, 60)
    assert (model.predict(inputs) == y).all()


@pytest.mark.parametrize("seed", [0, 1])
def test_zero_one_loss_with_outliers_is_the_enumerated_optimum(seed):
    random = np.random.default_rng(seed)
    y = np.where(np.arange(60) < 30, 1, -1)
    points = random.normal(size=(60, 2)) + np.c_[1.6 * y, 0 * y]
    points[:6] = random.normal(size=(6, 2)) + [-14, 6]
    model = SearchModel(2, [], 1, loss="01", seed=seed)
    model.search(points, y, 400)
    assert (model.predict(points) != y).sum() == least_errors(points, y)


def test_a_deep_step_net_learns_a_deep_step_net():
    random = np.random.default_rng(5)
    inputs = random.normal(size=(300, 4))
    teacher = MLP((4, 3, 3, 1), "step")
    labels = (teacher.forward([(random.normal(size=W.shape), b) for W, b in teacher.init(0)], inputs) > 0)[
        :, 0
    ]
    model = SearchModel(4, [8, 8], 1, loss="01", activation="step")
    losses = model.search(inputs, labels.astype(int), 60)["loss"]
    assert losses[-1] < 0.25 * min(labels.mean(), 1 - labels.mean())


def test_three_classes_by_every_class_loss():
    inputs = np.vstack([RANDOM.normal(size=(30, 2)) + 4 * np.array(c) for c in ((0, 0), (0, 1), (1, 0))])
    labels = np.repeat(["a", "b", "c"], 30)
    for loss in ("squared_error", "01", "cross_entropy", "hinge", "f1"):
        model = SearchModel(2, [4], 3, loss=loss, activation="step")
        model.search(inputs, labels, 12)
        assert (model.predict(inputs) == labels).mean() > 0.95, loss


def test_one_hot_features_constant_columns_and_one_row():
    codes = RANDOM.integers(0, 5, 60)
    wide = np.c_[np.eye(5)[codes], np.ones(60), np.zeros(60)]
    model = SearchModel(7, [4], 1, loss="01", activation="step")
    labels = np.isin(codes, (1, 3)).astype(int)
    assert model.search(wide, labels, 60)["loss"][-1] == 0
    for activation in ("step", "tanh", "relu"):
        for loss, y in (("squared_error", [3.5]), ("01", [1])):
            one = SearchModel(2, [3], 1, loss=loss, activation=activation)
            one.search([[1.0, 2.0]], y, 5)
            assert one.predict([[1.0, 2.0]]) == pytest.approx(y, abs=1e-6)


def test_ternary_weights_learn_a_ternary_unit():
    inputs = RANDOM.choice([-1.0, 1.0], (200, 15))
    y = (inputs @ RANDOM.choice([-1, 0, 1], 15) > 0).astype(int)
    model = SearchModel(15, [6], 1, loss="01", activation="step", levels=[-1, 0, 1])
    assert model.search(inputs, y, 100)["loss"][-1] < 0.06
    assert all(np.isin(W, [-1, 0, 1]).all() for W, _ in model.params)


def test_losses_of_ones_own():
    def rows(prediction, y):
        return np.abs(prediction[:, 0] - y[:, 0])

    def whole(prediction, y):
        return float(np.median(np.abs(prediction - y)))

    for loss in (rows, whole):
        for activation in ("step", "tanh"):
            model = SearchModel(3, [4], 1, loss=loss, activation=activation)
            losses = model.search(X, Y, 4)["loss"]
            assert losses[-1] == pytest.approx(np.mean(loss(model.forward(X), Y[:, None])))
            assert losses[-1] < losses[0]


def test_restarts_go_on_and_keep_the_best():
    model = SearchModel(3, [2], 1, activation="step", restarts=2, tolerance=1e-3)
    losses = model.search(X, Y, 6)["loss"]
    assert (np.diff(losses) <= 0).all()
    single = SearchModel(3, [2], 1, activation="step", tolerance=1e-3)
    single.search(X, Y, 6)
    assert losses[-1] <= single.history["loss"][-1]
    assert single.status is Status.CONVERGED


def test_an_interrupted_search_returns_the_best_so_far():
    calls = []

    def loss(prediction, y):
        calls.append(1)
        if len(calls) > 200:
            raise KeyboardInterrupt
        return (prediction[:, 0] - y[:, 0]) ** 2

    model = SearchModel(3, [4], 1, loss=loss)
    model.search(X, Y, 1000)
    assert model.status is Status.INTERRUPTED
    assert np.mean((model.predict(X) - Y) ** 2) < np.var(Y)


def test_hybrid_keeps_the_best_phase():
    model = HybridModel(3, [5, 4], 1)
    history = model.search_and_train(X, Y, num_iterations=5, learning_rate=0.1)
    ends = [
        history["loss"][history["phase"] == phase][-1] for phase in ("search", "gradient", "search again")
    ]
    assert len(history["loss"]) == 15
    assert np.mean((model.predict(X) - Y) ** 2) <= min(ends) + 1e-12
    # a descent that diverges is rolled back
    wild = HybridModel(3, [5], 1)
    history = wild.search_and_train(X, Y, num_iterations=5, learning_rate=1e6)
    assert np.mean((wild.predict(X) - Y) ** 2) <= history["loss"][4] + 1e-12


def test_straight_through_gradients_train_step_units():
    model = GradientModel(3, [20], 1, activation="step")
    losses = model.train_model(X, Y, num_epochs=200, learning_rate=0.02)["loss"]
    assert len(losses) == 200
    assert losses.min() < 0.5 * losses[0]
    assert np.mean((model.predict(X) - Y) ** 2) <= losses.min() + 1e-9


def test_evolution_lowers_the_loss():
    model = EvolutionModel(3, [3], 1)
    losses = model.evolve(X, Y, generations=40)["loss"]
    assert losses[-1] < losses[0]
    assert losses[-1] == pytest.approx(np.mean((model.predict(X) - Y) ** 2))


@pytest.mark.parametrize("kind", [SearchModel, HybridModel, GradientModel, EvolutionModel])
def test_saved_models_predict_the_same(kind, tmp_path):
    model = kind(3, [4], 1, loss="cross_entropy", activation="step")
    labels = np.where(LABELS, "yes", "no")
    {
        SearchModel: lambda: model.search(X, labels, 2),
        HybridModel: lambda: model.search_and_train(X, labels, 2),
        GradientModel: lambda: model.train_model(X, labels, 2),
        EvolutionModel: lambda: model.evolve(X, labels, 2),
    }[kind]()
    again = kind.load(model.save(tmp_path / "model.safetensors"))
    assert (again.predict(X) == model.predict(X)).all()
    np.testing.assert_array_equal(again.history["loss"], model.history["loss"])
    assert again.status is model.status
    assert again.choice == model.choice


def test_the_choice_is_reported():
    model = SearchModel(3, [4, 4], 1, activation="relu")
    model.search(X, Y, 1)
    assert model.choice["hidden layer 1"] == "coarse to fine, then parabolas"
    assert model.choice["hidden layer 2"] == "exact: piecewise quadratic between breakpoints"
    assert model.choice["output layer"] == "ridge: solved, not searched"
    assert "hidden layer 2: exact" in model.summary()


def test_progress_shows_sweeps_loss_moves_and_time(capsys):
    SearchModel(3, [4], 1, activation="step").search(X, Y, 2, verbose=True)
    shown = capsys.readouterr().err
    assert "loss" in shown
    assert "moves" in shown
    assert "s left" in shown
