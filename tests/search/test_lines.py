"""The lines against enumeration: every interval, every level, every piece."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from neuralopt.models import MLP
from neuralopt.search import loops
from neuralopt.search.batch_line import Line
from neuralopt.search.net import Net
from neuralopt.search.objectives import NAMED
from neuralopt.search.on_off import OnOff
from neuralopt.search.relu_line import change_at, relu_line
from neuralopt.search.step_line import Costs, exact_line, level_line

from .problems import enumerated

WHOLE = st.integers(-3, 3).map(float)  # ties and zeros are the rule


def rows(*kinds, least=1, most=12):
    return st.integers(least, most).flatmap(
        lambda n: st.tuples(*(st.lists(kind, min_size=n, max_size=n).map(np.array) for kind in kinds))
    )


def plain(c):
    return Costs(c[:, None], np.zeros(1), lambda sums: sums[..., 0])


@given(rows(WHOLE, WHOLE, WHOLE))
def test_exact_line_is_the_enumerated_optimum(drawn):
    z, a, c = drawn
    costs = plain(c)
    step, value = exact_line(z, a, costs, costs.value(z), 1e-9)
    assert value == pytest.approx(enumerated(z, a, costs.value), abs=1e-9)
    assert value == pytest.approx(costs.value(z + step * a), abs=1e-9)


@given(rows(WHOLE, WHOLE, WHOLE))
def test_compiled_line_is_the_enumerated_optimum(drawn):
    z, a, c = drawn
    step, value = loops.along(z, a, c, 1e-9, 8)
    best = enumerated(z, a, plain(c).value)
    assert value == pytest.approx(best, abs=1e-9)
    assert c[z + step * a >= 0].sum() == pytest.approx(best, abs=1e-9)


@pytest.mark.parametrize("buckets", [16, 512, 2048])
def test_compiled_line_on_many_rows(buckets):
    random = np.random.default_rng(0)
    for k in range(20):
        z, a = random.normal(size=(2, 700))
        c = random.normal(size=700) if k % 2 else random.choice([-1.0, 1.0], 700)
        _, value = loops.along(z, a, c, 1e-9, buckets)
        assert value == pytest.approx(exact_line(z, a, plain(c), plain(c).value(z), 1e-9)[1], abs=1e-8)
        assert value == pytest.approx(enumerated(z, a, plain(c).value), abs=1e-8)


def test_breakpoints_that_differ_by_rounding_alone_are_one():
    a = np.array([1.0, 1.0, 1.0])
    z = np.array([-0.3, -(0.1 + 0.2), 5.0])  # 0.1 + 0.2 is not 0.3
    c = np.array([-1.0, 1.0, 0.0])
    for step in (exact_line(z, a, plain(c), plain(c).value(z), 1e-9)[0], loops.along(z, a, c, 1e-9, 16)[0]):
        assert step == 0.0


def test_a_rounding_gap_does_not_hide_the_next_best():
    a, c = np.ones(3), np.array([-1.0, 1.0, -0.5])
    z = np.array([-0.3, -(0.1 + 0.2), -2.0])
    for step, value in (exact_line(z, a, plain(c), 0.0, 1e-9), loops.along(z, a, c, 1e-9, 16)):
        assert step > 2
        assert value == pytest.approx(-0.5)


def test_a_grid_that_gives_up_early_finds_the_best_of_all():
    random = np.random.default_rng(3)
    X, y = random.normal(size=(200, 3)), random.normal(size=(200, 1))
    mlp = MLP((3, 4, 2, 1), "tanh")
    net = Net(mlp, mlp.init(1), X)
    objective = NAMED["squared_error"](y, 0)
    now = float(objective.values(net.outputs[None], y)[0])
    for layer, unit in ((0, 1), (1, 0), (2, 0)):
        line = Line(net, objective, y, layer, unit, net.columns(layer)[0][0])
        steps = np.linspace(-5, 5, 101)
        values = line.values(steps)
        step, value = line.best_of(steps, now)
        assert value == pytest.approx(min(now, values.min()), rel=1e-12)
        assert step == (steps[values.argmin()] if values.min() < now else 0)


@given(rows(WHOLE, WHOLE, WHOLE), st.lists(WHOLE, min_size=2, max_size=4, unique=True))
def test_levels_are_the_best_of_all(drawn, levels):
    z, a, c = drawn
    costs, steps = plain(c), np.array(levels)
    _, value = level_line(z, a, costs, costs.value(z), 1e-9, steps)
    assert value == pytest.approx(min(costs.value(z), *(costs.value(z + t * a) for t in steps)), abs=1e-9)


@pytest.mark.parametrize("compiled", [False, True])
def test_levels_of_a_unit_are_the_best_in_turn(compiled):
    random = np.random.default_rng(1)
    X = random.normal(size=(30, 4))
    columns = np.vstack([X.T, np.ones(30)])
    levels = np.array([-1.0, 0.0, 1.0])
    w = np.array([1.0, 0.0, -1.0, 1.0, 0.2])
    c = random.normal(size=30)
    costs = plain(c)
    unit = OnOff(
        *(w @ columns, w.copy(), columns, 1 / columns, np.abs(columns).mean(axis=1), costs, 1e-12),
        loops if compiled else None,
    )
    unit.levels(np.arange(4), levels)
    for j in range(4):
        values = [costs.value(np.r_[w[:j], k, w[j + 1 :]] @ columns) for k in levels]
        if min(values) < costs.value(w @ columns) - 1e-12:
            w[j] = levels[int(np.argmin(values))]
    np.testing.assert_allclose(unit.w, w)
    np.testing.assert_allclose(unit.z, w @ columns, atol=1e-12)


@given(rows(WHOLE, WHOLE, WHOLE), st.floats(0.1, 2))
def test_relu_line_beats_every_grid(drawn, v):
    z, a, r = drawn
    step, change = relu_line(z, a, 2 * v * r, v * v, -5.0, 5.0)
    assert -5 <= step <= 5
    assert change == pytest.approx(np.sum((r + v * np.maximum(z + step * a, 0)) ** 2 - r**2), abs=1e-8)
    for t in np.linspace(-5, 5, 201):
        assert change <= change_at(z + t * a, 2 * v * r, v * v) + 1e-8


def test_the_least_squares_direction_separates_what_is_separable():
    random = np.random.default_rng(2)
    X = random.normal(size=(200, 5))
    side = X @ np.array([1.0, -2, 0.5, 0, 1]) + 0.3
    c = -side  # being on costs least where the plane says so
    columns = np.vstack([X.T, np.ones(200)])
    w = random.normal(size=6)
    unit = OnOff(w @ columns, w, columns, 1 / columns, np.abs(columns).mean(axis=1), plain(c), 1e-12)
    before = plain(c).value(unit.z)
    unit.along(unit.least_squares())
    assert plain(c).value(unit.z) - c[c < 0].sum() < 0.1 * (before - c[c < 0].sum())
