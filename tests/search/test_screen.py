"""Candidates screened in float32: the best is never dropped, and few are kept."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from neuralopt import SearchModel
from neuralopt.models import MLP, SquaredError
from neuralopt.search.batch_line import Line
from neuralopt.search.kernel import compiled
from neuralopt.search.net import Net
from neuralopt.search.objectives import Rows
from neuralopt.search.screen import CODES, screen, screenable

LOSS = Rows("squared_error", SquaredError(), "real")
STEPS = np.linspace(-5, 5, 101)


def drawn(activation, hidden, outputs, size, seed):
    random = np.random.default_rng(seed)
    mlp = MLP((4, *hidden, outputs), activation)
    params = [
        (size * random.normal(size=W.shape), size * random.normal(size=b.shape)) for W, b in mlp.init(seed)
    ]
    return Net(mlp, params, random.normal(size=(700, 4))), random


@settings(max_examples=40)
@given(
    st.sampled_from(sorted(CODES)),
    st.sampled_from([(3,), (5, 4), (2, 3, 4)]),
    st.sampled_from([1, 3]),
    st.sampled_from([0.3, 1.0, 30.0]),
    st.integers(0, 99),
    st.booleans(),
)
def test_the_best_candidate_is_never_dropped(activation, hidden, outputs, size, seed, fitted):
    net, random = drawn(activation, hidden, outputs, size, seed)
    layer = int(random.integers(len(hidden)))
    unit, a = int(random.integers(hidden[layer])), random.normal(size=700)
    y = net.outputs + (1e-3 if fitted else 1.0) * random.normal(size=net.outputs.shape)
    exact = Line(net, LOSS, y, layer, unit, a).values(STEPS)
    now = float(LOSS.values(net.outputs[None], y)[0])
    assert screenable(net, layer)
    kept = screen(compiled("screen_loops"), net, layer, unit, a, y, STEPS, now)
    best = int(np.argmin(exact))
    assert best in kept or exact[best] >= now


@pytest.mark.parametrize("activation", sorted(CODES))
def test_few_candidates_are_kept_where_one_is_far_better(activation):
    net, random = drawn(activation, (5, 4), 2, 1.0, 0)
    a = random.normal(size=700)
    y = Line(net, LOSS, net.outputs, 0, 0, a).outputs(np.array([2.03]))[0]
    kept = screen(compiled("screen_loops"), net, 0, 0, a, y, STEPS, 1.0)
    assert list(kept) == [70]


@pytest.mark.parametrize("activation", sorted(CODES))
def test_sums_are_within_their_bound_and_close_to_it(activation):
    net, random = drawn(activation, (5, 4), 2, 1.0, 0)
    y, a = random.normal(size=(700, 2)), random.normal(size=700)
    seen = {}
    loops = compiled("screen_loops")

    class Spy:
        @staticmethod
        def sums_of_squares(*args):
            seen["sums"] = loops.sums_of_squares(*args)
            return seen["sums"]

    screen(Spy, net, 0, 0, a, y, STEPS, 1e9)
    exact = Line(net, LOSS, y, 0, 0, a).values(STEPS)
    assert np.abs(seen["sums"] / y.size / exact - 1).max() < 3e-5


def test_a_grid_of_a_smooth_network_is_the_same_with_and_without_the_loops(monkeypatch):
    random = np.random.default_rng(0)
    X = random.normal(size=(300, 5))
    y = np.sin(X[:, 0]) + X[:, 1] * X[:, 2]
    params = []
    for loops in (compiled, lambda name, wait: None):
        monkeypatch.setattr("neuralopt.search.run.compiled", loops)
        model = SearchModel(5, [4, 3], 1, line="grid", readout="search")
        model.search(X, y, 2)
        params.append(model.params)
    for (W, b), (V, c) in zip(*params, strict=True):
        np.testing.assert_allclose(W, V, rtol=1e-12)
        np.testing.assert_allclose(b, c, rtol=1e-12)
