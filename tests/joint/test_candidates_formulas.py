"""Every closed form of the candidates against a refit by brute force, in float64."""

import numpy as np
import pytest
from scipy.optimize import Bounds, minimize

from neuralopt.joint.candidates import box, kriging
from neuralopt.joint.candidates.choosing import choose
from neuralopt.joint.candidates.conformal import half_widths, scaled_half_widths
from neuralopt.joint.candidates.covariance import Covariance, Rows
from neuralopt.joint.candidates.fitted import Fitted, fit_form, honest
from neuralopt.joint.candidates.forms import FORMS, Views
from neuralopt.joint.candidates.learning import Learner
from neuralopt.joint.candidates.stacking import mixed, stack_weights
from neuralopt.readout import leave_one_out
from neuralopt.storage import Replay

from .small_base import SmallBase, drawn

FITTED = [form for form in FORMS if form.trend != "none"]


@pytest.fixture(scope="module")
def seen():
    """Fourteen real rows with two outputs, weights and a network."""
    base, (X_sim, y_sim, X, y, *_) = drawn(
        lambda X: np.sin(4 * X[:, 0]) + X[:, 1] ** 2, lambda X: np.sin(4 * X[:, 0]) + X[:, 1], 2, 14
    )
    two = SmallBase(X_sim, np.hstack([y_sim, y_sim**2]))
    two.tangents = base.tangents
    weights = np.random.default_rng(1).uniform(0.3, 2, 14)
    return Views(two, X_sim).see(X), np.hstack([y, np.cos(y)]), weights


def problem_of(form, seen, Y, weights):
    return kriging.Problem(seen.rows(form), seen.trends(form), Y - seen.offset(form), weights)


def some(cov):
    return cov.start() + np.linspace(-0.3, 0.4, cov.size)


def likelihood(cov, t, problem, kept=None):
    """Return the value and the slope at one point."""
    kept = np.ones(len(problem.Y)) if kept is None else kept
    value, slope = Learner(cov, problem).likelihood(t[None], kept[None])
    return value[0], slope[0]


def by_the_whole_system(cov, t, problem, rows, trends):
    """Return predictions from one linear system in values and trends, without elimination."""
    K = kriging.noisy(cov, t, problem)
    found = []
    for j, y in enumerate(problem.Y.T):
        F = problem.trends[j]
        p = F.shape[1]
        system = np.block([[K, F], [F.T, np.zeros((p, p))]])
        solution = np.linalg.solve(system, np.append(y, np.zeros(p)))
        across = np.hstack([cov.across(t, rows, problem.rows), trends[j]])
        found.append(across @ solution)
    return np.stack(found, axis=1)


@pytest.mark.parametrize("form", FITTED, ids=lambda f: f.name)
def test_rows_and_blocks_left_out_are_those_of_refits_without_them(form, seen):
    views, Y, weights = seen
    cov, problem = views.covariance(form), problem_of(form, views, Y, weights)
    t = some(cov)
    solved = kriging.solve(cov, t, problem)
    every = np.arange(len(Y))
    scale = np.max(abs(kriging.left_out(solved)))
    for block in ([0], [5], [13], [2, 7, 9]):
        kept, out = np.setdiff1d(every, block), views.take(np.array(block))
        wanted = problem.Y[block] - by_the_whole_system(
            cov, t, problem.take(kept), out.rows(form), out.trends(form)
        )
        np.testing.assert_allclose(kriging.block_out(solved, np.array(block)), wanted, atol=2e-7 * scale)
        if len(block) == 1:
            np.testing.assert_allclose(kriging.left_out(solved)[block], wanted, atol=2e-7 * scale)


@pytest.mark.parametrize("form", FITTED, ids=lambda f: f.name)
def test_the_slope_of_the_likelihood_is_that_of_finite_differences(form, seen):
    views, Y, weights = seen
    cov, problem = views.covariance(form), problem_of(form, views, Y, weights)
    t = some(cov)
    _, slope = likelihood(cov, t, problem)
    steps = 1e-5 * np.eye(cov.size)
    wanted = [(likelihood(cov, t + h, problem)[0] - likelihood(cov, t - h, problem)[0]) / 2e-5 for h in steps]
    np.testing.assert_allclose(slope, wanted, atol=1e-5 * (1 + np.max(np.abs(wanted))))


@pytest.mark.parametrize("form", FITTED, ids=lambda f: f.name)
def test_the_likelihood_without_some_rows_is_that_of_the_rest(form, seen):
    views, Y, weights = seen
    cov, problem = views.covariance(form), problem_of(form, views, Y, weights)
    sets = np.ones((3, 14))
    sets[1, 5] = sets[2, [0, 7, 13]] = 0
    t = np.stack([some(cov), 0.9 * some(cov), some(cov)])
    values, slopes = Learner(cov, problem).likelihood(t, sets)
    for at, kept, value, slope in zip(t, sets, values, slopes):
        rest = likelihood(cov, at, problem.take(np.flatnonzero(kept)))
        assert value == pytest.approx(rest[0], rel=1e-7)
        np.testing.assert_allclose(slope, rest[1], atol=1e-6 * (1 + np.max(abs(slope))))


def test_the_likelihood_is_that_of_contrasts(seen):
    """REML is the likelihood of contrasts that the trends do not touch; any basis of them gives one value."""
    views, Y, weights = seen
    form = next(f for f in FORMS if f.name == "affine + kernel")
    cov, problem = views.covariance(form), problem_of(form, views, Y, weights)
    problem = problem._replace(trends=problem.trends[:1], Y=problem.Y[:, :1])
    F, y = problem.trends[0], problem.Y[:, 0]

    def by_contrasts(t):
        Q = np.linalg.qr(F, mode="complete")[0][:, 2:]
        K = Q.T @ kriging.noisy(cov, t, problem) @ Q
        square = (Q.T @ y) @ np.linalg.solve(K, Q.T @ y)
        return 0.5 * (np.linalg.slogdet(K)[1] + len(K) * np.log(square)) + cov.prior(t)[0]

    one, two = some(cov), some(cov) * 0.7
    ours = likelihood(cov, one, problem)[0] - likelihood(cov, two, problem)[0]
    assert ours == pytest.approx(by_contrasts(one) - by_contrasts(two), rel=1e-7)


def test_refit_is_the_ridge_of_the_readout_room(seen):
    views, Y, weights = seen
    form = next(f for f in FORMS if f.name == "refit")
    cov, problem = views.covariance(form), problem_of(form, views, Y, weights)
    t = np.array([-2.0])
    found = kriging.left_out(kriging.solve(cov, t, problem))
    lam = (cov.noise(t) + 1e-10 * np.mean(cov.own(t, problem.rows))) * views.readout.shape[1]
    wanted = leave_one_out(views.readout, Y, lam, weights).residuals
    np.testing.assert_allclose(found, wanted, rtol=1e-6, atol=1e-8)


def test_affine_is_least_squares(seen):
    views, Y, weights = seen
    form = next(f for f in FORMS if f.name == "affine")
    found = fit_form(form, views, Y, weights, 0, Replay())
    for j in range(2):
        X, root = np.stack([np.ones(14), views.f[:, j]], axis=1), np.sqrt(weights)
        for i in range(14):
            kept = np.arange(14) != i
            c = np.linalg.lstsq((root[:, None] * X)[kept], (root * Y[:, j])[kept])[0]
            assert found.residuals[i, j] == pytest.approx(Y[i, j] - X[i] @ c, abs=1e-9)


@pytest.mark.parametrize("form", FITTED, ids=lambda f: f.name)
def test_the_deviation_of_a_row_left_out_is_that_of_a_prediction_without_it(form, seen):
    views, Y, _ = seen
    cov, problem = views.covariance(form), problem_of(form, views, Y, np.ones(14))
    t = some(cov)
    solved = kriging.solve(cov, t, problem)
    z = kriging.standardised(solved)
    kept = np.arange(14) != 3
    out = views.take(np.array([3]))
    rest = problem.take(np.flatnonzero(kept))
    without = kriging.solve(cov, t, rest)._replace(scale=np.ones(2))
    wanted = kriging.deviations(cov, t, rest, without, out.rows(form), out.trends(form))[0]
    np.testing.assert_allclose(kriging.left_out(solved)[3] / z[3], wanted, rtol=1e-4)
    found = Fitted(form, cov, t, problem, solved, kriging.left_out(solved))
    np.testing.assert_allclose(found.deviations_left_out()[3], wanted * np.sqrt(solved.scale), rtol=1e-4)


def test_parameters_learnt_with_a_row_flatter_flexible_candidates_on_noise():
    plain, fair = [], []
    for seed in range(4):
        random = np.random.default_rng(seed)
        X_sim, X = random.normal(size=(200, 4)), random.normal(size=(15, 4))
        base = SmallBase(X_sim, np.sin(X_sim[:, :1]))
        views = Views(base, X_sim)
        y = random.normal(size=(15, 1))
        form = next(f for f in FORMS if f.name == "nonlinear")
        found = fit_form(form, views.see(X), y, np.ones(15), 0, Replay())
        plain.append(np.mean(found.residuals**2) / y.var())
        fair.append(np.mean(honest(found, 0, Replay()).residuals ** 2) / y.var())
    assert np.mean(fair) > 1.05 * np.mean(plain)
    assert np.mean(fair) > 0.95  # no better than the mean of the targets, which is the truth


@pytest.mark.parametrize("name", ["real only", "prior ridge", "deep fine-tuned + kernel"])
def test_honest_residuals_are_those_of_fits_that_never_saw_the_row(name, seen):
    views, Y, weights = seen
    form = next(f for f in FORMS if f.name == name)
    found = fit_form(form, views, Y, weights, 0, Replay())
    fair = honest(found, 0, Replay())
    for i in (0, 6, 13):
        kept = np.delete(np.arange(14), i)
        rest, out = found.problem.take(kept), views.take(np.array([i]))
        t = Learner(found.cov, rest).learn(start=found.parameters)
        prediction = by_the_whole_system(found.cov, t, rest, out.rows(form), out.trends(form))
        wanted = found.problem.Y[i] - prediction[0]
        # the floor of the variance is of all rows in one case, of the others in the other
        np.testing.assert_allclose(fair.residuals[i], wanted, atol=2e-3 * np.max(abs(fair.residuals)))


def test_searches_in_a_box_end_where_scipy_ends():
    random = np.random.default_rng(0)
    x, low, high = random.uniform(-1, 1, (6, 4)), np.array([-2.0, -1.0, 0.3, -0.1]), np.full(4, 0.9)
    roots = random.normal(size=(6, 4, 4)) * [3, 1, 1, 0.5]
    targets = random.normal(size=(6, 4))
    looked = []

    def bowl(at, i):
        off = roots[i] @ at - targets[i]
        return np.sum(np.log1p(off**2) + off**2), roots[i].T @ (2 * off / (1 + off**2) + 2 * off)

    def function(at, which):
        looked.append(len(which))
        values, slopes = zip(*[bowl(a, i) for a, i in zip(at, which)])
        return np.array(values), np.array(slopes)

    found, values = box.minimise(function, x, low, high, np.ones(4), 200)
    for i in range(6):
        start = np.clip(x[i], low, high)
        wanted = minimize(bowl, start, (i,), jac=True, bounds=Bounds(low, high), method="L-BFGS-B")
        assert values[i] == pytest.approx(bowl(found[i], i)[0])
        assert values[i] <= wanted.fun + 1e-4
    assert ((found >= low) & (found <= high)).all()
    assert looked[-1] < 6  # those that had settled were left alone


def chosen(squares, rank, among=None):
    squares = np.stack(squares)
    among = np.ones(len(squares), bool) if among is None else np.array(among)
    return choose(squares, np.array(rank), np.ones(squares.shape[1]), among).chosen


def test_of_candidates_that_are_not_clearly_worse_the_simplest_is_chosen():
    random = np.random.default_rng(0)
    best = random.normal(size=40) ** 2
    same = best * np.exp(0.5 * random.normal(size=40))
    same *= (1.02 * np.sqrt(best).mean() / np.sqrt(same).mean()) ** 2
    far = 2 * best
    assert chosen([best, same, far], [5, 1, 0]) == 1
    assert chosen([best, far, far], [5, 1, 0]) == 0
    assert chosen([best, best, far], [5, 1, 0]) == 1  # a tie: the simpler
    assert chosen([best, same, far], [5, 1, 0], [False, False, True]) == 2


def test_the_best_is_the_one_that_is_right_on_most_rows():
    steady, corner = np.full(20, 0.04), np.full(20, 0.01)
    corner[0] = 1.0  # in mean squares twice as bad, on nineteen rows twice as good
    assert corner.mean() > steady.mean()
    assert chosen([steady, corner], [3, 3]) == 1


def test_one_large_row_does_not_excuse_a_candidate_that_is_worse_everywhere():
    best = np.full(20, 0.01)
    worse = np.full(20, 0.02)
    worse[0] = 5.0  # its standard error alone is as wide as the difference
    assert chosen([best, worse], [3, 0]) == 0


def test_each_part_of_the_rule_holds_candidates_off_by_itself():
    best = np.random.default_rng(0).random(30)
    assert chosen([best, best], [3, 0]) == 1
    assert chosen([best, 1.1 * best], [3, 0]) == 0  # a little worse, everywhere
    lengths = np.ones(20)
    spread = lengths + 0.08 + 0.05 * np.cos(np.arange(20))
    assert chosen([lengths**2, spread**2], [3, 0]) == 0  # within the cap, beyond one standard error
    # within one standard error in absolute values, beyond it in squares: a small loss on the large rows
    heavy, other = np.full(20, 0.1), np.full(20, 0.04)
    heavy[:4], other[:4] = 1.0, 1.3
    assert chosen([heavy**2, other**2], [3, 0]) == 0
    # and the other way round: the one large row makes up for the rest in squares alone
    large, rest = np.ones(20), np.full(20, 1.06)
    large[0], rest[0] = 100.0, 99.9
    assert chosen([large**2, rest**2], [3, 0]) == 0
    # three rows prove nothing: far worse
    assert chosen([np.full(3, 0.01), np.array([0.005, 0.005, 1.0])], [3, 0]) == 0


def test_weights_of_rows_count_as_rows():
    random = np.random.default_rng(3)
    squares = random.random((3, 8))
    counts = np.array([1, 2, 1, 3, 1, 1, 2, 1])
    free = np.ones(3, bool)
    weighted = choose(squares, np.arange(3), counts.astype(float), free)
    repeated = choose(np.repeat(squares, counts, axis=1), np.arange(3), np.ones(counts.sum()), free)
    np.testing.assert_allclose(weighted.errors, repeated.errors)


@pytest.mark.parametrize("seed", range(3))
def test_the_mixture_is_the_one_of_least_squares_on_the_simplex(seed):
    random = np.random.default_rng(seed)
    residuals = random.normal(size=(4, 15, 2)) * np.array([1, 1.2, 0.8, 3])[:, None, None]
    rows = random.uniform(0.2, 2, 15)

    def loss(w):
        return float(rows @ np.sum(np.einsum("c,cnk->nk", w, residuals) ** 2, axis=1))

    wanted = minimize(
        loss,
        np.full(4, 0.25),
        method="SLSQP",
        bounds=[(0, 1)] * 4,
        constraints={"type": "eq", "fun": lambda w: w.sum() - 1},
        options={"ftol": 1e-14},
    )
    found = stack_weights(residuals, rows)
    assert found.sum() == pytest.approx(1)
    assert (found >= 0).all()
    np.testing.assert_allclose(found, wanted.x, atol=1e-4)
    assert loss(found) <= wanted.fun * (1 + 1e-9)


def test_the_residuals_of_a_mixture_are_those_of_weights_that_never_saw_the_row():
    random = np.random.default_rng(0)
    residuals, rows = random.normal(size=(5, 12, 2)), random.uniform(0.5, 2, 12)
    weights, left_out = mixed(residuals, rows)
    np.testing.assert_array_equal(weights, stack_weights(residuals, rows))
    for i in range(12):
        kept = np.delete(np.arange(12), i)
        without = stack_weights(residuals[:, kept], rows[kept])
        np.testing.assert_allclose(left_out[i], np.einsum("c,ck->k", without, residuals[:, i]))
    flattered = np.einsum("c,cnk->nk", weights, residuals)
    assert rows @ np.sum(left_out**2, axis=1) > rows @ np.sum(flattered**2, axis=1)


def test_the_mixture_of_perfect_candidates_is_even():
    np.testing.assert_allclose(stack_weights(np.zeros((2, 5, 1)), np.ones(5)), [0.5, 0.5])


def test_intervals_hold_as_often_as_they_say():
    random = np.random.default_rng(0)
    held = []
    for _ in range(4000):
        q = random.standard_cauchy((20, 2))
        held.append(abs(q[-1]) <= half_widths(q[:-1], 0.9))
    np.testing.assert_allclose(
        np.mean(held, axis=0), 0.9, atol=0.015
    )  # 18 of 19 residuals and one more: 18/20
    assert np.isinf(half_widths(np.ones((8, 1)), 0.9)).all()
    assert half_widths(np.arange(9.0)[:, None], 0.9) == 8


def test_scaled_intervals_hold_as_often_as_they_say_and_follow_what_is_expected():
    random = np.random.default_rng(0)
    held = []
    for _ in range(4000):
        sd = np.exp(random.normal(size=(20, 1)))
        q = sd * random.normal(size=(20, 1))
        held.append(abs(q[-1]) <= scaled_half_widths(q[:-1], sd[:-1], sd[-1:], 0.9)[0])
    np.testing.assert_allclose(np.mean(held), 0.9, atol=0.015)
    q, sd = np.ones((19, 1)), np.ones((19, 1))
    wide = scaled_half_widths(q, sd, np.array([[0.0], [1.0], [7.0]]), 0.9)
    np.testing.assert_allclose(wide[:, 0], np.sqrt([0.5, 1, 25]))  # never narrower than 0.7 of the usual


def test_a_part_without_inputs_and_one_without_features_have_their_variances():
    rows = Rows(np.array([[0.0], [1.0]]), np.array([[2.0, 0.0], [0.0, 2.0]]))
    linear = Covariance(0, True)
    np.testing.assert_allclose(linear.across(linear.start(), rows, rows), 2 * np.eye(2))
    smooth = Covariance(1, False, 1.0)
    np.testing.assert_allclose(smooth.across(smooth.start(), rows, rows)[0, 1], np.exp(-0.5))
    np.testing.assert_allclose(smooth.own(smooth.start(), rows), 1)


@pytest.mark.parametrize("inputs", [10, 11, 40])
def test_many_lengthscales_are_expected_to_be_alike(inputs):
    """The prior is a normal density: independent up to ten, correlated 1 - (10 / p)^2 beyond."""
    cov = Covariance(inputs, True)
    t = some(cov) + np.random.default_rng(0).normal(size=cov.size)
    own = min(1.0, 10 / inputs) ** 2
    spread = np.diag(cov.width() ** 2)
    spread[:inputs, :inputs] = own * np.eye(inputs) + (1 - own)
    z = t - cov.start()
    value, slope = cov.prior(t)
    np.testing.assert_allclose(value, 0.5 * z @ np.linalg.solve(spread, z), rtol=1e-9)
    np.testing.assert_allclose(slope, np.linalg.solve(spread, z), rtol=1e-9)
