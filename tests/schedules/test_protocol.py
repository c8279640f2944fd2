"""The walks over whatever holds schedules: feedback is fed and settled, units are bound, values are told."""

import re
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from neuralopt import optimizers, transforms
from neuralopt.core import tree
from neuralopt.core.errors import InvalidArgument
from neuralopt.core.method import hyper, method
from neuralopt.schedules import (
    Constant,
    Cosine,
    Feedback,
    Function,
    Join,
    OfRun,
    PerEpoch,
    Piecewise,
    Scale,
    Warmup,
    bind,
    feedback_init,
    feedback_observe,
    scheduled,
    settle,
)


class SumState(NamedTuple):
    total: Any


@method
class Times(Feedback):
    """A schedule times the sum of all that was observed."""

    after: Any = hyper(1.0)
    unit: Any = hyper(1.0)

    def init(self):
        return SumState(np.asarray(0.0))

    def observe(self, state, metric, loss=None):
        return SumState(state.total + self.unit * metric + (0 if loss is None else loss))

    def at(self, state):
        return Scale(self.after, state.total)


NESTED = transforms.chain(
    transforms.ClipByGlobalNorm(Times(Times(2.0, unit=10.0)) * Cosine(1.0, 10)),
    transforms.ClipByValue(7.0),
    optimizers.Adam(Warmup(Times(0.5), steps=2), b1=Join((0.5, Times(0.1)), (3,))),
)


def observed(metrics):
    states = feedback_init(NESTED)
    for metric in metrics:
        states = feedback_observe(NESTED, states, metric, 1.0)
    return states


def test_every_feedback_is_found_fed_and_settled_however_deep():
    assert [float(s.total) for s in observed([])] == [0, 0, 0, 0]
    states = observed([2.0, 3.0])
    assert [float(s.total) for s in states] == [52, 7, 7, 7]  # the innermost first
    opt = settle(NESTED, states)
    assert not feedback_init(opt)
    assert {k: float(v) for k, v in scheduled(opt, 3).items()} == {
        "stages/0/max_norm": pytest.approx(2 * 52 * 7 * float(Cosine(1.0, 10)(3))),
        "stages/2/learning_rate": 0.5 * 7,
        "stages/2/b1": pytest.approx(0.1 * 7),
    }
    assert opt.stages[1] == transforms.ClipByValue(7.0)


def test_observing_and_settling_compile_once():
    traces = []

    @jax.jit
    def observe_and_look(states, metric):
        traces.append(1)
        states = feedback_observe(NESTED, states, metric, metric)
        return states, scheduled(settle(NESTED, states), jnp.asarray(3))

    states = feedback_init(NESTED)
    shapes = set()
    for metric in (1.0, 2.0, 0.5):
        states, values = observe_and_look(states, jnp.asarray(metric))
        shapes.add(tree.structure((states, settle(NESTED, states))))
    assert len(shapes) == 1
    assert len(traces) <= 2  # the first states are NumPy arrays of another width
    np.testing.assert_allclose(values["stages/2/learning_rate"], 0.5 * 7, rtol=1e-6)


def test_a_value_without_feedback_is_left_as_it_is():
    opt = optimizers.SGD(Cosine(0.1, 5), momentum=0.9)
    assert settle(opt, feedback_init(opt)) == opt
    assert bind(opt, 3, 9) == opt
    assert scheduled(optimizers.SGD(0.1), 0) == {}
    assert scheduled((opt, Constant(1.0)), 0) == {"0/learning_rate": 0.1, "1": 1.0}
    assert scheduled(optimizers.SGD(lambda step: step + 0.5), 1) == {"learning_rate": 1.5}


def test_units_are_bound_wherever_they_stand():
    opt = optimizers.Adam(
        Warmup(PerEpoch(Cosine(1.0, 2)), steps=4), b1=Times(OfRun(Piecewise((0, 1), (0.5, 0.7))))
    )
    bound = bind(opt, steps_per_epoch=10, total_steps=40)
    states = feedback_observe(bound, feedback_init(bound), 2.0)
    values = scheduled(settle(bound, states), np.array([4, 14, 24, 40]))
    np.testing.assert_allclose(values["learning_rate"], [1, 0.5, 0, 0], atol=1e-15)
    np.testing.assert_allclose(values["b1"], np.array([0.52, 0.57, 0.62, 0.7]) * 2, rtol=1e-15)
    again = scheduled(bind(PerEpoch(Cosine(1.0, 2)), 20, 40), 20)
    assert again == {"": pytest.approx(0.5)}


def test_an_epochs_boundary_is_met_at_the_very_step():
    """A compiler may turn a division by a constant into a product, which rounds otherwise."""
    for steps in (3, 10, 41, 49, 1797):
        bound = bind(PerEpoch(Piecewise((0, 1, 3, 7), (1, 2, 3, 4), "constant")), steps, 9 * steps)
        k = np.arange(9 * steps)
        expected = np.select([k >= 7 * steps, k >= 3 * steps, k >= steps], [4, 3, 2], 1)
        np.testing.assert_array_equal(bound(k), expected)
        np.testing.assert_array_equal(jax.jit(bound.value)(jnp.asarray(k)), expected)


def test_an_epochs_boundary_is_met_beyond_the_steps_of_a_float32():
    bound = bind(PerEpoch(Piecewise((0, 10001), (1, 2), "constant")), 1797, 10**8)
    k = 10001 * 1797 + np.arange(-3, 3)
    assert bound(jnp.asarray(k)).tolist() == [1, 1, 1, 2, 2, 2]


def test_a_bound_unit_changes_without_a_compile():
    traces = []

    @jax.jit
    def value(schedule, step):
        traces.append(1)
        return schedule(step)

    for steps in (5, 10):
        bound = bind(PerEpoch(Cosine(1.0, 2)), steps, 40)
        np.testing.assert_allclose(value(bound, jnp.asarray(steps)), 0.5, rtol=1e-6)
    assert len(traces) == 1


def test_a_bare_function_crosses_jit_once_bound():
    opt = bind(optimizers.SGD(lambda step: 1 / (1 + step)), 1, 1)
    assert isinstance(opt.learning_rate, Function)
    assert float(jax.jit(lambda o, t: o.learning_rate(t))(opt, jnp.asarray(3))) == 0.25


def test_a_function_crosses_jit():
    falling = Function(lambda step: 1 / (1 + step))
    assert float(jax.jit(lambda s, t: s(t))(falling, jnp.asarray(3))) == 0.25
    assert falling(np.arange(2)).tolist() == [1.0, 0.5]


@pytest.mark.parametrize(
    ("make", "text"),
    [
        (lambda: Times()(0), "Times needs observations before it has a value. neuralopt.train makes them;"),
        (
            lambda: settle(NESTED, observed([])[:2]),
            "there must be one state for each feedback schedule, got 2 for 4 (Times, Times, Times, Times). "
            "Likely cause: they are of another optimizer; take feedback_init of this one.",
        ),
        (
            lambda: feedback_observe(Constant(0.1), (1,), 0.0),
            "there must be one state for each feedback schedule, got 1 for 0 (none).",
        ),
        (
            lambda: PerEpoch(Cosine(1.0, 2))(0),
            "PerEpoch has no value before it is told how long the run is. neuralopt.train does that; "
            "by hand: bind(optimizer, steps_per_epoch=..., total_steps=...).",
        ),
        (
            lambda: OfRun(Warmup(PerEpoch(0.1))),
            "OfRun cannot hold a PerEpoch: an axis has one unit. Put the whole schedule into one of them.",
        ),
        (
            lambda: bind(OfRun(0.1), 0, 2.5),
            "2 problems:\n  - bind: steps_per_epoch must be a whole number >= 1, got 0.\n"
            "  - bind: total_steps must be a whole number >= 1, got 2.5.",
        ),
        (lambda: Function(3), "Function: function must be callable with a step, got 3."),
    ],
)
def test_what_is_refused(make, text):
    with pytest.raises(InvalidArgument, match=re.escape(text)):
        make()
