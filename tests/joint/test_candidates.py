"""The choice among candidates on pairs whose truth is known."""

import numpy as np
import pytest

from neuralopt.core.errors import DataError, InvalidArgument
from neuralopt.joint.candidates import fit, fit_candidates
from neuralopt.joint.candidates.choosing import choose
from neuralopt.joint.candidates.covering import cover

from .small_base import SmallBase, drawn, error


def wave(X):
    return np.sin(5 * X[:, 0]) + X[:, 1] ** 2


def noise_rows(d, n, seed):
    random = np.random.default_rng(seed)
    X_sim, X = random.normal(size=(300, d)), random.normal(size=(n, d))
    y_sim = np.sin(X_sim[:, :1])
    return SmallBase(X_sim, y_sim), X_sim, y_sim, X, random


def test_a_scaled_and_bent_simulator_helps_and_it_is_said():
    base, (X_sim, y_sim, X, y, X_test, y_test) = drawn(wave, lambda X: 1.4 * wave(X) + X[:, 1] - 1, 2, 14)
    found = fit_candidates(base, X_sim, y_sim, X, y)
    errors = {name: error(found.predict_by(name, X_test), y_test) for name in found.table.names}
    assert len(errors) == 10
    assert error(found.predict(X_test), y_test) < 0.1 * min(errors["real only"], errors["simulator"])
    assert found.summary[0].startswith("The simulator helped: ")
    assert "chosen" in str(found.table)
    frame = found.table.frame()
    assert frame["loo_error"].is_monotonic_increasing
    used = {name for name, weight in zip(found.table.names, found.table.weights, strict=True) if weight > 0}
    assert set(frame.loc[frame["chosen"], "candidate"]) == used
    again = fit_candidates(base, X_sim, y_sim, X, y)
    np.testing.assert_array_equal(again.predict(X_test), found.predict(X_test))


def test_a_response_without_correlation_is_found_as_a_function_of_the_simulator():
    def simulator(X):
        return np.sin(6 * X[:, 0]) * np.cos(3 * X[:, 1])

    base, (X_sim, y_sim, X, y, X_test, y_test) = drawn(
        simulator, lambda X: simulator(X) ** 2 + 0.2 * X[:, 0], 2, 22, seed=1
    )
    assert abs(np.corrcoef(base.predict(X_test)[:, 0], y_test[:, 0])[0, 1]) < 0.25
    found = fit_candidates(base, X_sim, y_sim, X, y)
    assert found.chosen == "nonlinear"
    assert found.table.weights[found.table.names.index("affine")] == 0
    assert error(found.predict(X_test), y_test) < 0.1
    assert error(found.predict_by("affine", X_test), y_test) > 0.8
    assert any("nonlinear function" in sentence for sentence in found.summary)


def harmful(X):
    return 20 * X[:, 1] ** 2 - 3 * np.cos(5 * X[:, 0]) * X[:, 1]


def test_where_the_real_rows_are_chosen_nothing_is_mixed_in():
    base, (X_sim, y_sim, X, y, *_) = drawn(
        harmful, lambda X: np.sin(3 * X[:, 0]) + X[:, 1], 2, 16, seed=2, noise=0.1
    )
    table = fit_candidates(base, X_sim, y_sim, X, y).table
    assert np.sum(table.absolute < 1.5 * table.absolute.min()) > 2
    assert table.chosen == "real only"
    assert table.weights[table.names.index("real only")] == 1


@pytest.mark.parametrize("final", ["select", "stack"])
def test_a_harmful_simulator_is_recognised_and_said(final):
    base, (X_sim, y_sim, X, y, X_test, y_test) = drawn(
        harmful, lambda X: np.sin(3 * X[:, 0]) + X[:, 1], 2, 16
    )
    found = fit_candidates(base, X_sim, y_sim, X, y, final=final)
    assert found.chosen == "real only"
    assert found.table.weights[found.table.names.index("real only")] == 1
    best = error(found.predict_by("real only", X_test), y_test)
    assert error(found.predict(X_test), y_test) <= 1.10 * best
    assert found.summary[0].startswith("The simulator is useless here: ")
    assert "harmful" in found.summary[1]


def test_an_identical_simulator_is_not_spoilt_by_the_real_rows():
    base, (X_sim, y_sim, X, y, X_test, y_test) = drawn(wave, wave, 2, 8)
    found = fit_candidates(base, X_sim, y_sim, X, y)
    assert error(found.predict(X_test), y_test) <= 1.10 * error(base.predict(X_test), y_test)


def step(X):
    return np.tanh(8 * (X[:, 0] - 0.6)) + 0.1 * np.sin(9 * X[:, 1])


def half(X):
    return X * np.array([0.5, 1.0])


def test_beyond_the_real_rows_a_credible_simulator_is_leant_on():
    base, (X_sim, y_sim, X, y, X_test, y_test) = drawn(
        step, lambda X: np.tanh(8 * (X[:, 0] - 0.6)) + 0.3 * X[:, 1], 2, 16, within=half
    )
    found = fit_candidates(base, X_sim, y_sim, X, y)
    alone = error(found.predict_by("real only", X_test), y_test)
    assert found.table.names[np.argmin(found.table.errors)] == "real only"  # no residual tells of the step
    assert found.chosen != "real only"
    assert error(found.predict(X_test), y_test) < min(0.5 * alone, error(base.predict(X_test), y_test) * 1.1)
    assert "lean on the simulator" in found.summary[0]
    assert np.isfinite(found.table.beyond).all()
    assert "beyond" in str(found.table)


def test_a_simulator_that_is_not_credible_is_not_leant_on():
    base, (X_sim, y_sim, X, y, X_test, y_test) = drawn(
        lambda X: np.sin(9 * X[:, 0]) * np.cos(8 * X[:, 1]),
        lambda X: 1 + 2 * X[:, 0] + X[:, 1] ** 2,
        2,
        16,
        within=half,
    )
    found = fit_candidates(base, X_sim, y_sim, X, y)
    assert error(found.predict(X_test), y_test) <= 1.1 * error(found.predict_by("real only", X_test), y_test)


def test_rows_spread_like_the_simulated_ones_cover_them_and_half_of_the_domain_does_not():
    random = np.random.default_rng(0)
    for d, n in ((1, 8), (2, 20), (5, 8), (8, 60)):
        X_sim = random.random((500, d))
        shares = [cover(X_sim, random.random((n, d))).beyond for _ in range(40)]
        assert np.mean(np.array(shares) > 0) <= 0.15
    X_sim = random.random((500, 2))
    assert 0.3 < cover(X_sim, random.random((20, 2)) * [0.5, 1]).beyond < 0.6


def test_outliers_do_not_break_the_fit_and_are_named():
    base, (X_sim, y_sim, X, y, X_test, y_test) = drawn(
        wave, lambda X: 1.4 * wave(X) + X[:, 1], 2, 24, noise=0.03
    )
    clean = fit_candidates(base, X_sim, y_sim, X, y)
    spoilt = y.copy()
    spoilt[[3, 17]] += 8 * y_test.std()
    found = fit_candidates(base, X_sim, y_sim, X, spoilt)
    assert (clean.weights == 1).all()
    assert np.flatnonzero(found.weights == 0).tolist() == [3, 17]
    assert error(found.predict(X_test), y_test) <= 1.5 * error(clean.predict(X_test), y_test) + 0.01
    assert any("Real rows 3, 17 were left out" in sentence for sentence in found.summary)
    assert abs(found.loo_residuals[3, 0]) > 5 * y_test.std()  # seen by the intervals all the same


@pytest.mark.parametrize("seed", range(6))
def test_a_twentieth_of_outliers_is_found_whatever_their_sign(seed):
    random = np.random.default_rng(seed)
    base, (X_sim, y_sim, X, y, X_test, y_test) = drawn(wave, bent, 2, 40, seed=seed, noise=0.05)
    spoilt = y.copy()
    places = np.sort(random.permutation(40)[:2])
    spoilt[places] += random.choice([-1, 1], (2, 1)) * random.uniform(4, 20, (2, 1)) * y_test.std()
    found = fit_candidates(base, X_sim, y_sim, X, spoilt)
    assert np.flatnonzero(found.weights == 0).tolist() == places.tolist()
    clean = fit_candidates(base, X_sim, y_sim, X, y)
    assert error(found.predict(X_test), y_test) <= 1.6 * error(clean.predict(X_test), y_test) + 0.01
    kept = fit_candidates(base, X_sim, y_sim, X, spoilt, outliers=False)
    assert (kept.weights == 1).all()
    assert error(kept.predict(X_test), y_test) > 2 * error(found.predict(X_test), y_test)


@pytest.mark.parametrize("seed", [3, 5, 7, 8, 12])
def test_true_rows_in_a_steep_corner_are_no_outliers(seed):
    def corner(scale):
        return lambda X: scale * np.exp(-9 * (X[:, 0] + X[:, 1])) + 0.1 * X[:, 0]

    base, (X_sim, y_sim, X, y, *_) = drawn(corner(1.0), corner(1.3), 2, 14, seed=seed)
    assert (fit_candidates(base, X_sim, y_sim, X, y).weights == 1).all()


def test_a_huge_outlier_does_not_hide_a_smaller_one():
    base, (X_sim, y_sim, X, y, _, y_test) = drawn(wave, bent, 2, 40, noise=0.05)
    y[[5, 21]] += np.array([[1e4], [8.0]]) * y_test.std()
    found = fit_candidates(base, X_sim, y_sim, X, y)
    assert np.flatnonzero(found.weights == 0).tolist() == [5, 21]


def test_beyond_a_thousand_rows_some_are_fitted_and_it_is_said(monkeypatch):
    monkeypatch.setattr(fit, "_MOST", 30)
    base, (X_sim, y_sim, X, y, X_test, y_test) = drawn(wave, bent, 2, 70)
    found = fit_candidates(base, X_sim, y_sim, X, y)
    assert found.summary[-1] == "The candidates were fitted to 30 of the 70 real rows."
    assert (found.weights == 1).all()
    assert len(found.loo_residuals) == 70
    unseen = np.setdiff1d(np.arange(70), np.random.default_rng(0).permutation(70)[:30])
    np.testing.assert_allclose(found.loo_residuals[unseen], (y - found.predict(X))[unseen], atol=1e-9)
    assert error(found.predict(X_test), y_test) < 0.05


def test_nothing_is_learnt_from_noise():
    scores = []
    for seed in range(4):
        base, X_sim, y_sim, X, random = noise_rows(3, 20, seed)
        y = random.normal(size=(20, 1))
        X_test, y_test = random.normal(size=(500, 3)), random.normal(size=(500, 1))
        found = fit_candidates(base, X_sim, y_sim, X, y)
        scores.append(1 - error(found.predict(X_test), y_test) ** 2)
    assert np.median(scores) <= 0.05


def bent(X):
    return 1.4 * wave(X) + X[:, 1]


def test_intervals_hold_new_rows_over_many_designs():
    held = {0.8: [], 0.9: []}
    for seed in range(24):
        base, (X_sim, y_sim, X, y, X_test, y_test) = drawn(wave, bent, 2, 20, seed=seed, noise=0.1)
        found = fit_candidates(base, X_sim, y_sim, X, y)
        noisy = y_test + 0.1 * y_test.std() * np.random.default_rng(seed).normal(size=y_test.shape)
        for coverage, shares in held.items():
            low, high = found.intervals(X_test, coverage)
            shares.append(np.mean((low <= noisy) & (noisy <= high)))
    for coverage, shares in held.items():
        assert coverage - 0.05 <= np.mean(shares) <= coverage + 0.08
        assert np.quantile(shares, 0.1) >= coverage - 0.3


def test_intervals_are_wider_where_no_real_row_is_near():
    base, (X_sim, y_sim, X, y, X_test, y_test) = drawn(wave, bent, 2, 20, within=half)
    found = fit_candidates(base, X_sim, y_sim, X, y)
    width = found.half_widths(X_test, 0.9)[:, 0]
    beyond = X_test[:, 0] > 0.8
    assert np.median(width[beyond]) > 1.5 * np.median(width[X_test[:, 0] < 0])
    off = abs(found.predict(X_test) - y_test)[:, 0]
    assert np.corrcoef(np.argsort(np.argsort(width)), np.argsort(np.argsort(off)))[0, 1] > 0.2


def test_the_mixture_weighs_only_what_is_not_clearly_worse():
    base, (X_sim, y_sim, X, y, X_test, _) = drawn(wave, lambda X: 1.4 * wave(X) + X[:, 1], 2, 20, noise=0.05)
    found = fit_candidates(base, X_sim, y_sim, X, y, final="stack")
    weights = found.table.weights
    assert weights.sum() == pytest.approx(1)
    assert (weights >= 0).all()
    assert np.sum(weights > 0) >= 2
    assert (found.table.absolute[weights > 0] <= 2 * found.table.absolute.min() + 1e-12).all()
    wanted = sum(w * found.predict_by(n, X_test) for w, n in zip(weights, found.table.names) if w)
    np.testing.assert_allclose(found.predict(X_test), wanted)


@pytest.mark.parametrize("n", [1, 2, 3, 4])
def test_a_handful_of_real_rows_is_answered_by_what_they_can_carry(n):
    base, (X_sim, y_sim, X, y, X_test, _) = drawn(wave, lambda X: wave(X) + 1, 2, n)
    found = fit_candidates(base, X_sim, y_sim, X, y)
    assert np.isfinite(found.predict(X_test)).all()
    assert found.table.names[0] == "simulator"
    assert ("real only" in found.table.names) == (n >= 3)
    assert any("few real rows" in sentence for sentence in found.summary)


def test_duplicates_constants_and_rows_of_weight_zero_are_borne():
    base, (X_sim, y_sim, X, y, X_test, _) = drawn(wave, lambda X: wave(X) + 1, 2, 9)
    twice = fit_candidates(base, X_sim, y_sim, np.vstack([X, X]), np.vstack([y, y]))
    assert np.isfinite(twice.predict(X_test)).all()
    constant = fit_candidates(base, X_sim, y_sim, X, np.ones((9, 1)))
    np.testing.assert_allclose(constant.predict(X_test), 1, atol=1e-6)
    y[4] = 1e3
    weights = np.where(np.arange(9) == 4, 0.0, 1.0)
    without = fit_candidates(base, X_sim, y_sim, np.delete(X, 4, axis=0), np.delete(y, 4, axis=0))
    weighted = fit_candidates(base, X_sim, y_sim, X, y, weights=weights)
    np.testing.assert_allclose(weighted.predict(X_test), without.predict(X_test), atol=1e-8)


def test_several_outputs_and_classes():
    random = np.random.default_rng(0)
    X_sim, X, X_test = (random.normal(size=(n, 2)) for n in (400, 30, 300))
    codes = [
        np.eye(3)[np.argmax(x @ [[1, 0, -1], [0, 1, -1]] + shift, axis=1)]
        for x, shift in ((X_sim, 0.0), (X, [0.5, 0, 0]), (X_test, [0.5, 0, 0]))
    ]
    base = SmallBase(X_sim, codes[0])
    found = fit_candidates(base, X_sim, codes[0], X, codes[1], outliers=False)
    right = np.mean(np.argmax(found.predict(X_test), axis=1) == np.argmax(codes[2], axis=1))
    bare = np.mean(np.argmax(base.predict(X_test), axis=1) == np.argmax(codes[2], axis=1))
    assert found.predict(X_test).shape == (300, 3)
    assert right >= bare - 0.02
    assert (found.weights == 1).all()


def test_hundreds_of_real_rows_are_fitted_with_parameters_of_some():
    base, (X_sim, y_sim, X, y, X_test, y_test) = drawn(wave, lambda X: wave(X) ** 2 + X[:, 1], 2, 150)
    found = fit_candidates(base, X_sim, y_sim, X, y)
    assert error(found.predict(X_test), y_test) < 0.02


def test_refusals():
    base, (X_sim, y_sim, X, y, *_) = drawn(wave, wave, 2, 6)
    with pytest.raises(
        InvalidArgument, match=r"final must be 'stack' or 'select', got 'stak'\. Did you mean"
    ):
        fit_candidates(base, X_sim, y_sim, X, y, final="stak")
    with pytest.raises(DataError, match="same columns, got X of width 2 and 1, y of width 1 and 1"):
        fit_candidates(base, X_sim, y_sim, X[:, :1], y)
    with pytest.raises(DataError, match="must be finite"):
        fit_candidates(base, X_sim, y_sim, X, np.full((6, 1), np.nan))
    found = fit_candidates(base, X_sim, y_sim, X, y)
    with pytest.raises(InvalidArgument, match="There is no candidate 'gp'"):
        found.predict_by("gp", X)
    with pytest.raises(InvalidArgument, match="coverage must be between 0 and 1"):
        found.intervals(X, 1.0)


def classes_of(X, count):
    """Return ones and zeros of classes in stripes of the first input."""
    stripe = np.floor((X[:, 0] + 1.8) / 3.6 * count).astype(int)
    return np.eye(count)[np.clip(stripe, 0, count - 1)]


@pytest.mark.parametrize("final", ["stack", "select"])
def test_classes_of_one_row_are_mixed_and_not_chosen(final):
    _, (X_sim, _, X, _, X_test, _) = drawn(wave, wave, 2, 5)
    X[:, 0] = 3.6 * np.array([0.1, 0.15, 0.4, 0.6, 0.9]) - 1.8
    found = fit_candidates(
        SmallBase(X_sim, classes_of(X_sim, 4)),
        X_sim,
        classes_of(X_sim, 4),
        X,
        classes_of(X, 4),
        final=final,
        classes=True,
    )
    pooled, alone = (found.predict_by(name, X_test) for name in ("pooled", "real only"))
    wanted = pooled if final == "select" else (pooled + alone) / 2
    np.testing.assert_allclose(found.predict(X_test), wanted)
    assert found.summary[0].startswith("Most real rows are the only ones of their class: ")
    assert found.table.made_of in found.summary[0]
    assert not any("simulator helped" in sentence for sentence in found.summary)


def test_a_row_that_alone_has_its_class_judges_nothing(monkeypatch):
    _, (X_sim, _, X, *_) = drawn(wave, wave, 2, 9)
    X[:, 0] = 3.6 * np.array([0.1, 0.15, 0.2, 0.4, 0.45, 0.3, 0.62, 0.7, 0.95]) - 1.8
    Y, judges = classes_of(X, 4), []
    assert Y.sum(axis=0).tolist() == [3, 3, 2, 1]
    given = SmallBase(X_sim, classes_of(X_sim, 4)), X_sim, classes_of(X_sim, 4), X, Y
    for name in ("choose", "mixed"):
        own = getattr(fit, name)
        weights = 2 if name == "choose" else 1
        monkeypatch.setattr(fit, name, lambda *a, own=own, w=weights: judges.append(a[w]) or own(*a))
    found = fit_candidates(*given, classes=True)
    np.testing.assert_array_equal(judges, np.tile(np.append(np.ones(8), 0), (2, 1)))
    assert not found.summary[0].startswith("Most real rows")
    judges.clear()
    fit_candidates(*given)
    np.testing.assert_array_equal(judges, np.ones((2, 9)))  # of numbers every row is a judge


def test_a_mixture_does_not_follow_the_noise_around_a_perfect_simulator():
    alone = []
    for seed in range(6):
        base, (X_sim, y_sim, X, y, *_) = drawn(wave, wave, 2, 10, seed=seed, noise=0.3)
        found = fit_candidates(base, X_sim, y_sim, X, y)
        alone.append(found.table.made_of == "simulator")
        if found.chosen != "simulator":  # then its own rows left out say so
            errors = dict(zip(found.table.names, found.table.absolute, strict=True))
            spread = np.mean(np.abs(found.loo_residuals)) / y.std()
            assert spread < min(errors["simulator"], errors["real only"])
    assert np.mean(alone) > 0.6


def test_a_class_without_a_real_row_is_not_forgotten():
    _, (X_sim, _, X, _, X_test, _) = drawn(wave, wave, 2, 16)
    given = SmallBase(X_sim, classes_of(X_sim, 3)), X_sim, classes_of(X_sim, 3)
    kept = classes_of(X, 3)[:, 1] == 0
    assert 0 < kept.sum() < 16
    found = fit_candidates(*given, X[kept], classes_of(X[kept], 3), classes=True)
    used = {n for n, w in zip(found.table.names, found.table.weights, strict=True) if w > 0}
    assert used <= {"simulator", "pooled"}
    assert "No real row has one of the 3 classes" in " ".join(found.summary)
    right = found.predict(X_test).argmax(axis=1) == classes_of(X_test, 3).argmax(axis=1)
    assert right.mean() > 0.8


def test_of_classes_squares_decide():
    """Near the probabilities squares are least; absolute values are least at the likelier answer."""
    truth = np.array([1.0, 0, 1, 1, 0, 1, 1, 1, 0, 1])
    squares = np.stack([(truth - 0.7) ** 2, (truth - 1.0) ** 2])
    every = np.ones(2, bool)
    assert choose(squares, np.arange(2), np.ones(10), every, classes=True).best == 0
    assert choose(squares, np.arange(2), np.ones(10), every).best == 1


def test_trends_that_rows_do_not_tell_apart_are_no_failure():
    """Ten times the same real row: the simulator answers all alike, as a shift does."""
    base, (X_sim, y_sim, X, y, X_test, _) = drawn(wave, bent, 2, 4)
    for rows in ([0] * 10, [0] * 5 + [1] * 5):
        found = fit_candidates(base, X_sim, y_sim, X[rows], y[rows])
        assert np.isfinite(found.predict(X_test)).all()
        np.testing.assert_allclose(found.predict(X[rows]), y[rows], atol=0.2)
