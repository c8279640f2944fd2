"""JointOptimizer: what it returns, keeps and refuses."""

import re

import numpy as np
import pytest

from neuralopt import JointOptimizer, compute_alignment_error, evaluate_model, plot_training_history
from neuralopt.core.errors import DataError, InvalidArgument
from neuralopt.datasets import generate_real_data, generate_simulated_data
from neuralopt.joint import shift_report, training_curves
from neuralopt.joint.scaling import joint_scale
from neuralopt.models import NeuralNetwork
from neuralopt.readout import LinearRegressionRefiner, ridge_path, solve


def simulated(n=120, seed=0):
    X = np.random.default_rng(seed).random((n, 2))
    return X, np.sin(4 * X[:, 0]) + X[:, 1]


def measured(n=12, seed=1):
    X, y = simulated(n, seed)
    return X, 1.3 * y + 0.4 + 0.1 * X[:, 1]


def fitted(real=None, **settings):
    joint = JointOptimizer(2, 12, 1, **settings)
    joint.fit(*simulated(), *(measured() if real is None else real), epochs=60)
    return joint


@pytest.fixture(scope="module")
def joint():
    return fitted()


def test_predicts_the_real_system_in_its_units(joint):
    X, y = measured(300, 5)
    assert joint.predict(X).shape == (300,)
    assert np.sqrt(np.mean((joint.predict(X) - y) ** 2)) < 0.05 * y.std()
    assert joint.alignment_error_ < 0.1
    assert joint.candidates_.chosen in joint.candidates_.names


def test_the_same_seed_gives_the_same_model(joint):
    X = simulated(20, 3)[0]
    assert np.array_equal(fitted().predict(X), joint.predict(X))
    assert not np.array_equal(fitted(seed=1).predict(X), joint.predict(X))


def test_predictions_follow_the_units_of_the_targets(joint):
    (X, y), (X_r, y_r) = simulated(), measured()
    other = JointOptimizer(2, 12, 1)
    other.fit(X, 1e6 * y[:, None] + 5e6, X_r, 1e6 * y_r[:, None] + 5e6, epochs=60)
    fresh = simulated(20, 3)[0]
    assert other.predict(fresh).shape == (20, 1)
    np.testing.assert_allclose(other.predict(fresh)[:, 0], 1e6 * joint.predict(fresh) + 5e6, atol=1e4)


def test_save_and_load_bit_for_bit(joint, tmp_path):
    X = simulated(50, 3)[0]
    kept = JointOptimizer.load(joint.save(tmp_path / "joint.safetensors"))
    assert np.array_equal(kept.predict(X), joint.predict(X))
    assert str(kept.candidates_) == str(joint.candidates_)
    assert kept.settings == joint.settings
    assert np.array_equal(kept.history_["loss"], joint.history_["loss"])
    both = [one.partial_fit(X_real=X[:3], y_real=X[:3, 0]) for one in (kept, fitted())]
    assert np.array_equal(both[0].predict(X), both[1].predict(X))


def test_partial_fit_of_pieces_is_that_of_one_batch():
    (X, y), (X_r, y_r), fresh = simulated(40, 7), measured(6, 8), simulated(20, 3)[0]
    pieces, batch = fitted(), fitted()
    pieces.partial_fit(X[:10], y[:10], X_r[:2], y_r[:2])
    pieces.partial_fit(X[10:], y[10:], X_r[2:], y_r[2:])
    batch.partial_fit(X, y, X_r, y_r)
    np.testing.assert_allclose(pieces.base_.weights, batch.base_.weights, rtol=1e-6, atol=1e-8)
    np.testing.assert_allclose(pieces.predict(fresh), batch.predict(fresh), rtol=1e-5)
    assert len(pieces.lookup_) == 18


def test_forgetting_fades_the_rows_before():
    joint = fitted().partial_fit(X_real=[[0.5, 0.5]], y_real=[1.9], forgetting=0.5)
    np.testing.assert_allclose(joint.real_weights_, [*[0.5] * 12, 1.0])


def test_a_deeper_network_is_trained_beside_a_shallow_one_alone(joint):
    assert joint.deep_.mlp.layer_sizes == (2, 32, 32, 32, 1)
    X, y = simulated(50, 3)
    found = joint.target_scale_.undo(joint.deep_.predict(joint.scale_.apply(X)))[:, 0]
    assert np.sqrt(np.mean((found - y) ** 2)) < 0.05
    as_deep = JointOptimizer(2, (6, 6, 6), 1)
    as_deep.fit(*simulated(), *measured(), epochs=20)
    assert as_deep.deep_ is None
    few = JointOptimizer(2, 12, 1)
    with pytest.warns(UserWarning, match="too few"):
        few.fit(*simulated(), *measured(2), epochs=20)
    assert few.deep_ is None


def test_forgotten_and_left_out_rows_are_told_apart():
    X, y = measured(20)
    y[3] += 100
    with pytest.warns(UserWarning, match="is an outlier"):
        joint = fitted((X, y))
    assert joint.real_weights_[3] == 0
    assert np.sum(joint.real_weights_ == 0) == 1
    assert fitted((X, y), robust=None).real_weights_[3] == 1


def test_outliers_do_not_break_the_fit():
    X, y = measured(20)
    y[3] += 100
    with pytest.warns(UserWarning, match="1 of 20 real rows is an outlier and has no weight: 3"):
        joint = fitted((X, y))
    fresh, truth = measured(200, 5)
    assert np.sqrt(np.mean((joint.predict(fresh) - truth) ** 2)) < 0.1 * truth.std()


def test_pure_noise_is_not_learnt():
    random = np.random.default_rng(0)
    X, X_r = random.random((150, 2)), random.random((40, 2))
    joint = JointOptimizer(2, 12, 1)
    joint.fit(X, random.standard_normal(150), X_r, random.standard_normal(40), epochs=100)
    with pytest.warns(UserWarning, match="overfits"):
        figures = evaluate_model(joint, random.random((300, 2)), random.standard_normal(300))
    assert figures["r2"] <= 0.05
    assert not figures["converged"] or joint.alignment_error_ < 1


@pytest.mark.parametrize("rows", [0, 1, 2])
def test_too_few_real_rows_leave_the_simulator(rows):
    X, y = measured(rows) if rows else (None, None)
    joint, count = JointOptimizer(2, 12, 1), ["are no real rows", "is 1 real row:", "are 2 real rows"][rows]
    with pytest.warns(UserWarning, match=f"There {count}.*the simulator's network is the model"):
        joint.fit(*simulated(), X, y, epochs=60)
    X, y = simulated(50, 4)
    assert np.sqrt(np.mean((joint.predict(X) - y) ** 2)) < 0.05
    assert joint.candidates_ is None


def test_more_neighbours_than_rows_are_as_many_as_there_are():
    assert fitted(k_neighbors=50).lookup_.k_neighbors == 11


def spoil(rows, place, value):
    X, y = (np.array(a) for a in rows)
    X[place] = value
    return X, y


@pytest.mark.parametrize(
    ("sim", "real", "text"),
    [
        (
            simulated(),
            (measured()[0][:, :1], measured()[1]),
            "X_real must have 2 columns (input_dim), got 1. Likely cause: simulated and real rows carry different columns. Give both the same ones in the same order.",
        ),
        (
            simulated(),
            spoil(measured(), (4, 1), np.nan),
            "X_real must be finite, 1 of 24 values are not; the first is nan at row 4, column 1. Fill or drop such rows.",
        ),
        (
            (simulated()[0], simulated()[1][:-1]),
            measured(),
            "y_sim must have as many rows as its inputs, 120, got 119.",
        ),
        (simulated(), (measured()[0], None), "X_real and y_real belong together; one of them was not given."),
        ((simulated()[0][:1], simulated()[1][:1]), measured(), "X_sim must have at least two rows, got 1."),
        (
            (simulated()[0], np.ones((120, 3))),
            measured(),
            "y_sim must have 1 columns (output_dim), got an array of shape (120, 3).",
        ),
        (
            ([["a", "b"]], [1.0]),
            measured(),
            "X_sim must hold numbers only: 'a' in row 0, column 0 is text. Encode text first.",
        ),
    ],
)
def test_rows_that_cannot_be_used(sim, real, text):
    with pytest.raises(DataError, match=re.escape(text)):
        JointOptimizer(2, 4, 1).fit(*sim, *real, epochs=1)


def test_real_rows_in_other_units_are_said_with_the_figure():
    X, y = measured()
    with pytest.warns(UserWarning, match=r"different scales; input 1: .* 9\d\d times their spread"):
        fitted((X * [1, 1000], y))


def test_a_column_that_the_simulator_never_varied_is_said():
    (X, y), real = simulated(), measured()
    X[:, 1] = 0.5
    with pytest.warns(
        UserWarning, match="Input 1 is constant in the simulated rows and differs in the real ones"
    ):
        JointOptimizer(2, 4, 1).fit(X, y, *real, epochs=10)


def test_repeated_real_rows_are_said():
    X, y = measured()
    with pytest.warns(UserWarning, match="2 of 14 real rows repeat others exactly"):
        fitted((np.vstack([X, X[:2]]), np.append(y, y[:2])))


def test_all_bad_arguments_at_once():
    with pytest.raises(InvalidArgument) as caught:
        JointOptimizer(0, [], 1, reg_lambda="lou", mode="x", metric="cosin", robust="y", loss_weights=[1])
    text = str(caught.value)
    assert text.startswith("7 problems")
    for part in (
        "input_dim must be",
        "hidden_dim must name",
        "Did you mean 'loo'",
        "mode must be one of",
        "robust must be",
        "loss_weights must be two or three",
    ):
        assert part in text


def test_before_the_fit():
    joint = JointOptimizer(2)
    for call in (lambda: joint.predict([[0, 0]]), lambda: joint.save("x"), lambda: joint.candidates_):
        with pytest.raises(InvalidArgument, match="not fitted yet"):
            call()
    with pytest.raises(InvalidArgument, match="partial_fit goes on from a fit"):
        joint.partial_fit([[0, 0]], [0])


def test_classification_by_labels(tmp_path):
    random = np.random.default_rng(0)
    X, R, T = random.normal(size=(150, 2)), random.normal(size=(24, 2)), random.normal(size=(300, 2))
    name = np.array(["ball", "ring"])

    def label(X, radius):
        return name[(np.sum(X**2, axis=1) > radius).astype(int)]

    joint = JointOptimizer(2, 16, 2, task="classification")
    joint.fit(X, label(X, 1.4), R, label(R, 1.2), epochs=60)
    with pytest.warns(UserWarning, match="overfits"):  # 24 rows of a jump
        figures = evaluate_model(joint, T, label(T, 1.2))
    assert figures["accuracy"] > 0.8
    assert figures["log_loss"] < 0.45
    np.testing.assert_allclose(joint.predict_proba(T).sum(axis=1), 1)
    kept = JointOptimizer.load(joint.save(tmp_path / "classes.safetensors"))
    assert np.array_equal(kept.predict(T), joint.predict(T))
    with pytest.raises(DataError, match=r"output_dim is 3, but the labels .* are of 2 classes"):
        JointOptimizer(2, 4, 3, task="classification").fit(X, label(X, 1.4), epochs=1)


def test_overfitting_is_a_warning_with_the_figure(joint):
    X, y = measured(50, 9)
    assert evaluate_model(joint, X, y)["train_test_gap"] < 0.1
    with pytest.warns(UserWarning, match=r"by [\d.]+ standard deviations of y .*overfits"):
        figures = evaluate_model(joint, X, -y)
    off = -y - joint.predict(X)
    assert figures["mse"] == pytest.approx(np.mean(off**2))
    assert figures["mae"] == pytest.approx(np.mean(abs(off)))
    assert figures["r2"] == pytest.approx(1 - np.mean(off**2) / np.var(y))


def test_alignment_error_is_the_brute_force_one():
    random = np.random.default_rng(0)
    X, y = random.normal(size=(15, 3)), random.normal(size=15)
    net = NeuralNetwork(3, 4, 1)
    H = net.hidden(X)
    errors = []
    for lam in ridge_path(H, y).lambdas:
        left = [
            y[i] - solve(np.delete(H, i, 0), np.delete(y, i), lam).predict(H[i : i + 1])[0, 0]
            for i in range(15)
        ]
        errors.append(np.mean(np.square(left)))
    assert compute_alignment_error(net, X, y) == pytest.approx(np.sqrt(min(errors)) / y.std(), rel=1e-6)


def test_the_founding_scripts_run():
    X_sim, y_sim = generate_simulated_data(n_samples=200, n_features=10)
    X_real, y_real = generate_real_data(n_samples=30, n_features=10)
    optimizer = JointOptimizer(input_dim=10, hidden_dim=16, output_dim=1, learning_rate=0.01, reg_lambda=0.1)
    history = optimizer.fit(X_sim, y_sim, X_real, y_real, epochs=30, batch_size=32)
    assert f"{history['loss'][-1]:.4f}"
    assert f"{history['alignment_error'][-1]:.4f}"
    assert set(history["ridge_lambda"]) == {0.1}
    metrics = evaluate_model(optimizer, X_real, y_real[:, None])
    assert {"mse", "mae", "r2", "converged", "train_test_gap"} <= set(metrics)
    net, refiner = (
        NeuralNetwork(input_dim=10, hidden_dim=8, output_dim=1),
        LinearRegressionRefiner(reg_lambda=0.1),
    )
    for epoch in range(6):
        net.forward(X_sim)
        net.backward(X_sim, y_sim, learning_rate=0.01)
        if epoch % 5 == 0:
            refiner.refine_readout_layer(net, X_real, y_real)
            assert 0 < compute_alignment_error(net, X_real, y_real) < 2


def test_the_picture_shows_its_table(joint, tmp_path):
    table = training_curves(joint.history_)
    figure = plot_training_history(joint.history_, tmp_path / "history.png")
    np.testing.assert_array_equal(figure.axes[0].lines[0].get_ydata(), table["loss"])
    assert (tmp_path / "history.png").stat().st_size > 1000
    with pytest.raises(DataError, match="at least one epoch"):
        plot_training_history({"loss": []})


def test_shift_report_figures():
    random = np.random.default_rng(0)
    X = random.normal(size=(400, 2))
    alike = shift_report(X, random.normal(size=(100, 2)))
    assert abs(alike.auc - 0.5) < 0.1
    other = shift_report(X, random.normal(size=(100, 2)) * [1, 3] + [2, 0])
    np.testing.assert_allclose(other.mean_difference, [2, 0], atol=0.7)
    np.testing.assert_allclose(other.log_ratio, [0, np.log(9)], atol=0.5)
    assert other.auc > 0.9
    assert list(other.frame().columns) == ["mean difference", "log variance ratio"]


def test_the_scale_is_that_of_all_rows_unless_the_real_ones_are_far_off():
    X = np.random.default_rng(0).normal(size=(100, 1))
    np.testing.assert_allclose(joint_scale(X, X + 1).apply(np.vstack([X, X + 1])).std(), 1)
    assert joint_scale(X, X[:5] + 1e5).spread[0] == pytest.approx(X.std())
