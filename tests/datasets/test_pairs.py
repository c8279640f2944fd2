"""The pairs with known truth, against their formulas written again, point by point, from the literature."""

import math

import numpy as np
import pytest
from sklearn.datasets import load_digits

import neuralopt
from neuralopt.core.errors import InvalidArgument
from neuralopt.datasets import (
    generate_real_data,
    generate_simulated_data,
    make_pair,
    pair_names,
    real_truth,
    render_digits,
    simulated_truth,
)

REGRESSIONS = pair_names()[:-1]
WIDTHS = {"currin": 2, "park-a": 4, "borehole": 8, "branin-toal": 2, "paciorek": 2, "branin-dong": 2}


def currin(x, y):
    top = 2300 * x**3 + 1900 * x * x + 2092 * x + 60
    return (1 - (math.exp(-0.5 / y) if y else 0.0)) * top / (100 * x**3 + 500 * x * x + 4 * x + 20)


def currin_low(x, y):
    rows = [
        (x + 0.05, y + 0.05),
        (x + 0.05, max(0, y - 0.05)),
        (x - 0.05, y + 0.05),
        (x - 0.05, max(0, y - 0.05)),
    ]
    return sum(currin(*row) for row in rows) / 4


def park(x, y, z, w):
    return x / 2 * (math.sqrt(1 + (y + z * z) * w / x**2) - 1) + (x + 3 * w) * math.exp(1 + math.sin(z))


def park_low(x, y, z, w):
    return (1 + math.sin(x) / 10) * park(x, y, z, w) - 2 * x + y * y + z * z + 0.5


def borehole(a, b):
    def flow(*u):
        low = (0.05, 100, 63070, 990, 63.1, 700, 1120, 9855)
        high = (0.15, 50000, 115600, 1110, 116, 820, 1680, 12045)
        rw, r, tu, hu, tl, hl, length, kw = (p + v * (q - p) for p, q, v in zip(low, high, u, strict=True))
        log = math.log(r / rw)
        return a * tu * (hu - hl) / (log * (b + 2 * length * tu / (log * rw * rw * kw) + tu / tl))

    return flow


def branin(x, y):
    b, c, t = 5.1 / (4 * math.pi**2), 5 / math.pi, 1 / (8 * math.pi)
    return (y - b * x * x + c * x - 6) ** 2 + 10 * (1 - t) * math.cos(x) + 10


def on_branin(function):
    return lambda u, v: function(15 * u - 5, 15 * v)


def toal_low(x, y, a=0.0):
    return branin(x, y) - (a + 0.5) * (y - 5.1 / (4 * math.pi**2) * x * x + 5 / math.pi * x - 6) ** 2


def dong_low(x, y):
    return branin(0.7 * x, 0.7 * y) - 15.75 * y + 20 * (0.9 + x) ** 2 - 50


def paciorek(u, v):
    return math.sin(1 / ((0.3 + 0.7 * u) * (0.3 + 0.7 * v)))


def paciorek_low(u, v):
    return paciorek(u, v) - 9 * 0.04 * math.cos(1 / ((0.3 + 0.7 * u) * (0.3 + 0.7 * v)))


FORMULAS = {
    "currin": (currin_low, currin),
    "park-a": (park_low, park),
    "borehole": (borehole(5, 1.5), borehole(2 * math.pi, 1)),
    "branin-toal": (on_branin(toal_low), on_branin(branin)),
    "paciorek": (paciorek_low, paciorek),
    "branin-dong": (on_branin(dong_low), on_branin(lambda x, y: branin(x, y) - 22.5 * y)),
}


@pytest.mark.parametrize("name", REGRESSIONS)
def test_values_are_those_of_the_formulas(name):
    pair = make_pair(name, n_sim=30, n_real=7, n_test=20)
    simulator, real = FORMULAS[name]
    for X, y, formula in (
        (pair.X_sim, pair.y_sim, simulator),
        (pair.X_real, pair.y_real, real),
        (pair.X_test, pair.y_test, real),
    ):
        assert X.shape == (len(y), WIDTHS[name])
        assert (X >= 0).all()
        assert (X < 1).all()
        np.testing.assert_allclose(y, [formula(*row) for row in X], rtol=1e-11, atol=1e-11)


def test_values_that_the_literature_gives():
    minima = [(-math.pi, 12.275), (math.pi, 2.275), (9.42478, 2.475)]  # of Branin, all 0.397887
    rows = np.array([((x + 5) / 15, y / 15) for x, y in minima])
    np.testing.assert_allclose(make_pair("branin-toal").real(rows), 0.397887, atol=1e-6)


def test_edges_of_the_cube_have_their_limits():
    assert make_pair("currin").real(np.zeros((1, 2)))[0] == 3.0
    u = np.array([0.0, 0.5, 0.25, 0.75])
    limit = park(1e-9, *u[1:])
    np.testing.assert_allclose(make_pair("park-a").real(u[None])[0], limit, rtol=1e-7)


# relative error of the simulator taken for reality, as the table of tasks has it, and the correlation
@pytest.mark.parametrize(
    ("name", "error", "correlation"),
    [
        ("currin", 0.081, 0.997),
        ("park-a", 0.184, 0.994),
        ("borehole", 0.404, 1.0),
        ("branin-toal", 0.666, 0.992),
        ("paciorek", 0.347, 0.960),
        ("branin-dong", 9.8, 0.16),
    ],
)
def test_how_good_the_simulators_are(name, error, correlation):
    pair = make_pair(name, n_test=4000)
    guess = pair.simulator(pair.X_test)
    found = np.sqrt(np.mean((guess - pair.y_test) ** 2)) / np.std(pair.y_test)
    assert found == pytest.approx(error, rel=0.05)
    assert np.corrcoef(guess, pair.y_test)[0, 1] == pytest.approx(correlation, abs=0.02)


def test_the_dial_turns_the_simulator_from_reality_to_harm():
    same = make_pair("branin-toal", a=-0.5)
    np.testing.assert_array_equal(same.simulator(same.X_test), same.y_test)
    found = []
    for a in (-0.5, 0.0, 0.5, 0.75):
        pair = make_pair("branin-toal", a=a)
        found.append(np.corrcoef(pair.simulator(pair.X_test), pair.y_test)[0, 1])
    assert found[0] == pytest.approx(1.0, abs=1e-15)
    assert all(np.diff(found) < 0)
    assert found[-1] < 0


def test_seeds_noise_and_hypercubes():
    pair, again, other = (make_pair("currin", n_sim=50, n_real=8, seed=s) for s in (3, 3, 4))
    np.testing.assert_array_equal(pair.X_real, again.X_real)
    assert (pair.X_real != other.X_real).any()
    np.testing.assert_array_equal(
        np.sort(np.floor(pair.X_sim * 50), axis=0), np.tile(np.arange(50), (2, 1)).T
    )
    noisy = make_pair("currin", n_sim=50, n_real=2000, seed=3, noise=0.1)
    error = noisy.y_real - noisy.real(noisy.X_real)
    assert np.std(error) / np.std(noisy.y_test) == pytest.approx(0.1, rel=0.1)
    np.testing.assert_array_equal(noisy.y_test, noisy.real(noisy.X_test))


def test_digits():
    pair = make_pair("digits", n_sim=200, n_real=20)
    assert pair.X_sim.shape == (200, 64)
    assert pair.real is None
    np.testing.assert_array_equal(np.bincount(pair.y_real), np.full(10, 2))
    assert len(pair.y_real) + len(pair.y_test) == 1797
    handwritten = np.concatenate([pair.X_real, pair.X_test])
    assert len(np.unique(handwritten, axis=0)) == len(np.unique(load_digits().data, axis=0))
    assert pair.X_sim.min() == 0
    assert pair.X_sim.max() == 16
    np.testing.assert_array_equal(pair.X_sim, make_pair("digits", n_sim=200, n_real=20).X_sim)
    zero = pair.X_sim[pair.y_sim == 0].mean(axis=0).reshape(8, 8)
    assert zero[3:5, 3:5].max() < zero[3:5].max() / 2  # a hole
    # they are digits: the nearest rendered one tells most of the handwritten ones, chance tells a tenth
    nearest = ((pair.X_test[:, None] - pair.X_sim[None]) ** 2).sum(axis=2).argmin(axis=1)
    assert (pair.y_sim[nearest] == pair.y_test).mean() > 0.45


def test_an_eight_has_two_holes_and_a_zero_one():
    from neuralopt.datasets.rendered import _bundled_fonts, _outline

    for font in _bundled_fonts():
        assert [len(_outline(str(font), d)) for d in (0, 1, 8)] == [2 + ("Mono" in font.name), 1, 3]


def test_rendering_from_a_font_that_is_not_there():
    with pytest.raises(neuralopt.core.errors.DataError, match=r"There is no file 'no/font\.ttf'"):
        render_digits(3, fonts=["no/font.ttf"])


def test_the_generators_are_related_by_their_truth():
    X, y = neuralopt.generate_simulated_data(n_samples=400, n_features=10)
    X_real, y_real = neuralopt.generate_real_data(n_samples=400, n_features=10)
    j = np.arange(1, 11)
    a, b = np.cos(j) / np.linalg.norm(np.cos(j)), np.sin(j) / np.linalg.norm(np.sin(j))
    np.testing.assert_allclose(y, np.sin(2 * X @ a) + (X @ b) ** 2 / 2, atol=1e-13)
    np.testing.assert_allclose(real_truth(X), 1.2 * simulated_truth(X) + 0.4 * (X @ b) + 0.5, atol=1e-13)
    assert np.std(y_real - real_truth(X_real)) == pytest.approx(0.05, rel=0.15)
    np.testing.assert_array_equal(X, generate_simulated_data(400, 10)[0])
    assert (generate_simulated_data(400, 10, seed=1)[0] != X).any()
    np.testing.assert_array_equal(generate_real_data(5, 3, seed=2)[1], generate_real_data(5, 3, seed=2)[1])
    assert (generate_real_data(5, 3, seed=2)[0] != generate_real_data(5, 3, seed=1)[0]).all()


@pytest.mark.parametrize(
    ("call", "text"),
    [
        (lambda: make_pair("curin"), "There is no pair 'curin'; there are currin, .* Did you mean 'currin'?"),
        (lambda: make_pair("currin", n_real=0), "n_real must be a whole number >= 1, got 0"),
        (lambda: make_pair("currin", n_sim=2.5), "n_sim must be a whole number >= 1, got 2.5"),
        (lambda: make_pair("currin", noise=-1.0), "noise must be a number >= 0, got -1.0"),
        (
            lambda: make_pair("currin", a=0.1),
            "a is a dial of branin-toal and paciorek, and the pair 'currin' has none",
        ),
        (
            lambda: make_pair("digits", n_real=1797),
            "n_real must be less than the 1797 handwritten digits, got 1797",
        ),
        (lambda: make_pair("digits", noise=0.1), "noise is for regressions"),
        (lambda: generate_real_data(0, 3), "n_samples must be a whole number >= 1, got 0"),
        (lambda: generate_real_data(3, 3, noise=float("nan")), "noise must be a number >= 0, got nan"),
    ],
)
def test_errors(call, text):
    with pytest.raises(InvalidArgument, match=text):
        call()
