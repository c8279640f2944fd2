"""What a search does when it is long, hurried, or held to rows that it does not see."""

import numpy as np
import pytest
from sklearn.datasets import load_breast_cancer, load_diabetes, load_digits
from sklearn.metrics import f1_score, roc_auc_score

from neuralopt import SearchModel, SearchRegressor
from neuralopt.core.errors import InvalidArgument
from neuralopt.search import ledger, run

RANDOM = np.random.default_rng(0)


def test_a_budget_gives_rows_within_a_long_sweep():
    X = RANDOM.normal(size=(500, 200))
    model = SearchModel(200, [100], 1, activation="step", line="grid", readout="search", budget_s=1.0)
    history = model.search(X, X[:, 0] + X[:, 1] * X[:, 2], 1)
    assert 8 <= len(history["loss"]) <= 12
    assert (np.diff(history["loss"]) <= 0).all()
    assert history["loss"][-1] < 0.9 * history["loss"][0]
    assert history["seconds"].sum() == pytest.approx(1.0, abs=0.3)


def test_a_budget_that_ends_before_the_first_sweep_leaves_one_row():
    X = RANDOM.normal(size=(50, 3))
    model = SearchModel(3, [4], 1, budget_s=1e-9)
    history = model.search(X, X[:, 0])
    assert len(history["loss"]) == 1
    assert history["loss"][-1] == pytest.approx(np.mean((model.predict(X) - X[:, 0]) ** 2))
    assert SearchRegressor(budget_s=1e-9).fit(X, X[:, 0]).n_iter_ == 1


def test_progress_goes_on_within_a_sweep(monkeypatch):
    monkeypatch.setattr(ledger, "_WATCHED", 0.0)
    seen = []
    X = RANDOM.normal(size=(100, 10))
    settings = SearchModel(10, [8], 1, activation="tanh").settings
    targets = run.Targets(X[:, :1], X[:, :1], None, True)
    run.Run(settings, X, targets, None, seen.append).go(2)
    assert [now["sweep"] for now in seen].count(1) > 8  # units of the second sweep
    assert np.isinf(seen[0]["left"])


def test_small_targets_are_searched_as_long_as_large_ones():
    X, y = load_diabetes(return_X_y=True)
    y = (y - y.mean()) / y.std()
    large, small = (SearchModel(10, [6], 1, activation="step").search(X, s * y, 4) for s in (1.0, 1e-6))
    np.testing.assert_allclose(small["loss"], 1e-12 * large["loss"], rtol=1e-6)


def test_rows_held_out_choose_among_the_sweeps():
    X, y = load_diabetes(return_X_y=True)
    model = SearchModel(10, [32], 1, activation="step")
    history = model.search(X[:300], y[:300], 12, validation=(X[300:], y[300:]))
    lowest = history["validation_loss"].min()
    assert np.mean((model.predict(X[300:]) - y[300:]) ** 2) == pytest.approx(lowest)
    assert lowest < history["validation_loss"][-1]
    alone = SearchModel(10, [32], 1, activation="step")
    assert (alone.search(X[:300], y[:300], 12)["loss"] == history["loss"]).all()


def test_a_regressor_stops_early_by_itself():
    X, y = load_diabetes(return_X_y=True)
    fits = {
        stop: SearchRegressor((32,), early_stopping=stop, random_state=0).fit(X[:300], y[:300])
        for stop in ("auto", False)
    }
    assert "validation_loss" in fits["auto"].history_
    assert "validation_loss" not in fits[False].history_
    assert fits["auto"].score(X[300:], y[300:]) > fits[False].score(X[300:], y[300:]) + 0.03


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({"early_stopping": "yes"}, "early_stopping must be True, False or 'auto', got 'yes'"),
        ({"validation_fraction": 1.0}, "validation_fraction must be above 0 and below 1, got 1.0"),
        ({"early_stopping": True, "hybrid": True}, "exclude each other"),
    ],
)
def test_arguments_of_stopping(options, text):
    with pytest.raises(InvalidArgument, match=text):
        SearchRegressor(**options).fit(np.eye(4), np.arange(4.0))


def test_rare_positives_are_found_by_a_smooth_network():
    random = np.random.default_rng(4)
    y = (random.random(200) < 0.03).astype(int)
    X = random.normal(size=(200, 4)) + y[:, None]
    model = SearchModel(4, [8], 1, activation="tanh", loss="f1")
    history = model.search(X, y, 20)
    assert history["loss"][-1] < 0.2
    assert 1 - f1_score(y, model.predict(X)) == pytest.approx(history["loss"][-1])


@pytest.mark.parametrize("loss", ["squared_error", "01"])
def test_ternary_networks_learn_with_a_ternary_readout(loss):
    X, y = load_digits(return_X_y=True)
    X, y = X[:400] / 16, y[:400]
    model = SearchModel(64, [48], 10, activation="step", levels=[-1, 0, 1], loss=loss)
    model.search(X, y, 5)
    assert np.mean(model.predict(X) == y) > 0.9
    assert all(np.isin(W, [-1, 0, 1]).all() for W, _ in model.params)


def test_a_wide_ternary_network_is_led_where_errors_alone_are_flat():
    random = np.random.default_rng(0)
    X = random.normal(size=(300, 100))
    y = (X[:, :5].sum(axis=1) > 0).astype(int)
    model = SearchModel(100, [100], 2, activation="step", levels=[-1, 0, 1], loss="01")
    assert model.search(X, y, 4)["loss"][-1] == 0


def test_the_area_is_not_won_by_rounding():
    X, y = load_breast_cancer(return_X_y=True)
    model = SearchModel(30, [4, 3], 1, activation="tanh", loss="auc", levels=[-1, 0, 1])
    found = model.search(X, y, 3)["loss"][-1]  # features of a thousand saturate the units
    score = model.forward(X)[:, 0]
    area = roc_auc_score(y, np.round(score / np.abs(score).max(), 9))
    assert found == pytest.approx(1 - area, abs=1e-12)
