"""What schedules refuse, and in which words."""

import re

import jax
import numpy as np
import pytest

from neuralopt.core.errors import InvalidArgument
from neuralopt.optimizers import SGD
from neuralopt.schedules import (
    WSD,
    AdaptiveDropout,
    Constant,
    Cosine,
    CosineRestarts,
    Cyclical,
    Exponential,
    Function,
    InverseSqrt,
    Join,
    MultiStep,
    OneCycle,
    Piecewise,
    Polynomial,
    Product,
    ReduceOnPlateau,
    Step,
    Stretch,
    Warmup,
    WarmupCosine,
)

REFUSED = [
    (lambda: Cosine(0.1, 0), "Cosine: total_steps must satisfy 0 < total_steps, got 0.0."),
    (lambda: Cosine(float("nan")), "Cosine: peak must satisfy peak finite, got nan."),
    (lambda: Constant("fast"), "Constant: constant must be a number or a schedule, got 'fast'."),
    (lambda: Warmup(0.1, steps=-1), "Warmup: steps must satisfy 0 <= steps, got -1"),
    (
        lambda: MultiStep(0.1, 30),
        "MultiStep: boundaries must be a tuple, got 30. One number in it is written",
    ),
    (
        lambda: MultiStep(0.1, ("a",)),
        "MultiStep: boundaries must be schedules or numbers, got 'a' among them.",
    ),
    (
        lambda: Cyclical(0.2, 0.1),
        "Cyclical: low <= high must hold, got 0.2 and 0.1. A cycle begins at the low",
    ),
    (lambda: Constant(None), "Constant: constant must be a number or a schedule, got None."),
    (lambda: Product((None,)), "Product: schedules must be schedules or numbers, got None among them."),
    (lambda: Cosine().then(SGD(), at=3), "Join: schedules must be schedules or numbers, got SGD("),
    (lambda: ReduceOnPlateau(patience=2.5), "ReduceOnPlateau: patience must be a whole number, got 2.5."),
    (lambda: AdaptiveDropout(patience=2.5), "AdaptiveDropout: patience must be a whole number, got 2.5."),
    (
        lambda: WarmupCosine(0.1, 10, 10),
        "WarmupCosine: total_steps must be greater than warmup_steps, got 10 and 10. "
        "The total includes the warm-up.",
    ),
    (lambda: Polynomial(0.1, -3), "Polynomial: total_steps must satisfy 0 < total_steps, got -3.0."),
    (lambda: Polynomial(0.1, power=0.0), "Polynomial: power must satisfy 0 < power, got 0.0."),
    (lambda: Exponential(0.1, rate=0), "Exponential: rate must satisfy 0 < rate, got 0.0."),
    (
        lambda: Exponential(0.1, staircase="no"),
        "Exponential: staircase must be one of False, True, got 'no'.",
    ),
    (lambda: InverseSqrt(0.1, 0), "InverseSqrt: timescale must satisfy 0 < timescale, got 0.0."),
    (lambda: Step(0.1, 0), "Step: step_size must satisfy 0 < step_size, got 0.0."),
    (
        lambda: MultiStep(0.1, (10, 10)),
        "MultiStep: boundaries must increase and be greater than 0, got (10, 10). "
        "They are steps counted from 0, not lengths.",
    ),
    (
        lambda: MultiStep(0.1, (0, 10)),
        "MultiStep: boundaries must increase and be greater than 0, got (0, 10).",
    ),
    (lambda: CosineRestarts(0.1, T_0=0), "CosineRestarts: T_0 must satisfy 0 < T_0, got 0.0."),
    (lambda: CosineRestarts(0.1, T_mult=0), "CosineRestarts: T_mult must satisfy 1 <= T_mult, got 0.0."),
    (lambda: CosineRestarts(0.1, T_mult=1.5), "CosineRestarts: T_mult must be a whole number, got 1.5."),
    (lambda: Cyclical(0.1, 0.2, 0), "Cyclical: up_steps must satisfy 0 < up_steps, got 0.0."),
    (
        lambda: Cyclical(mode="triangle"),
        "Cyclical: mode must be one of 'triangular', 'triangular2', 'exp_range', got 'triangle'. "
        "Did you mean 'triangular'?",
    ),
    (lambda: OneCycle(0.1, 10, 1.0), "OneCycle: pct_start must satisfy 0 < pct_start < 1, got 1.0."),
    (lambda: OneCycle(0.1, anneal="exp"), "OneCycle: anneal must be one of 'cos', 'linear', got 'exp'."),
    (lambda: WSD(0.1, stable_steps=-1), "WSD: stable_steps must satisfy 0 <= stable_steps, got -1.0."),
    (lambda: WSD(0.1, decay="square"), "WSD: decay must be one of 'linear', 'cosine', 'sqrt', got 'square'."),
    (
        lambda: WSD(0.1).extend(-5),
        "WSD.extend: steps must be at least 0, got -5. A shorter constant part is another schedule: "
        "make it with its own stable_steps.",
    ),
    (
        lambda: Join((0.1, 0.2), (3, 5)),
        "Join: there must be one boundary between each two schedules, got 2 schedules and 2 boundaries. "
        "The first schedule starts at step 0 without one.",
    ),
    (
        lambda: Join((0.1, 0.2, 0.3), (5, 3)),
        "Join: boundaries must increase and be greater than 0, got (5, 3).",
    ),
    (
        lambda: Constant(1.0).then(0.1, at=0),
        "Join: boundaries must increase and be greater than 0, got (0,).",
    ),
    (
        lambda: Join([0.1, 0.2], (3,)),
        "Join: schedules must be a tuple of at least one schedule or number, got [0.1, 0.2].",
    ),
    (lambda: Product(()), "Product: schedules must be a tuple of at least one schedule or number, got ()."),
    (
        lambda: Constant(1.0) * "fast",
        "Product: schedules must be schedules or numbers, got 'fast' among them.",
    ),
    (
        lambda: Piecewise((0, 1), (0.1,)),
        "Piecewise: steps and values must be as many, at least one, got 2 steps and 1 values.",
    ),
    (lambda: Piecewise((4, 1), (0.1, 0.2)), "Piecewise: steps must increase, got (4, 1)."),
    (lambda: Piecewise((-1, 1), (0.1, 0.2)), "Piecewise: steps must increase, got (-1, 1)."),
    (lambda: Stretch(Cosine(), 0), "Stretch: by must satisfy 0 < by, got 0.0."),
    (
        lambda: Cosine(Constant(0.1), 5)(3),
        "the numbers of a schedule must be numbers, got Constant(constant=0.1) as one of them. "
        "Compose schedules instead: a * b, a.then(b, at=step), Warmup(after=a).",
    ),
    (
        lambda: ReduceOnPlateau(threshold_mode="relative"),
        "ReduceOnPlateau: threshold_mode must be one of 'rel', 'abs', got 'relative'.",
    ),
    (lambda: ReduceOnPlateau(factor=1.0), "ReduceOnPlateau: factor must satisfy 0 < factor < 1, got 1.0."),
    (lambda: ReduceOnPlateau(patience=-1), "ReduceOnPlateau: patience must satisfy 0 <= patience, got -1.0."),
    (
        lambda: ReduceOnPlateau(mode="least"),
        "ReduceOnPlateau: mode must be one of 'min', 'max', got 'least'.",
    ),
    (
        lambda: ReduceOnPlateau(0.1)(0),
        "ReduceOnPlateau needs observations before it has a value. neuralopt.train makes them; by hand: "
        "states = feedback_init(optimizer), after each evaluation states = feedback_observe(optimizer, "
        "states, metric, loss), and step with settle(optimizer, states).",
    ),
    (
        lambda: AdaptiveDropout(0.6),
        "AdaptiveDropout: low <= initial <= high must hold, got 0.0, 0.6, 0.5.",
    ),
    (lambda: AdaptiveDropout(high=1.0), "AdaptiveDropout: high must satisfy 0 <= high < 1, got 1.0."),
    (
        lambda: AdaptiveDropout().observe(AdaptiveDropout().init(), 1.0),
        "AdaptiveDropout needs the training loss beside the validation loss, got None. "
        "Give both: feedback_observe(optimizer, states, validation_loss, training_loss).",
    ),
    (lambda: Function(lambda: 0.1), "Function: function must take the step and nothing else, got <function"),
    (
        lambda: Function(lambda step: None)(3),
        "Function: function must return one number for each step, got None",
    ),
    (
        lambda: Function(lambda step: [1, 2])(3),
        "Function: function must return one number for each step, got",
    ),
    (lambda: Cosine().frame(0), "steps must be a whole number >= 1, got 0."),
]


@pytest.mark.parametrize(("make", "text"), REFUSED, ids=[text[:40] for _, text in REFUSED])
def test_what_is_refused(make, text):
    with pytest.raises(InvalidArgument, match=re.escape(text)):
        make()


@pytest.mark.parametrize(
    "schedule",
    [
        *(
            Cosine(0.1, 8),
            CosineRestarts(0.1, 5, 2),
            Cyclical(0.0, 0.1, 4),
            Exponential(0.1, 0.5, staircase=True),
        ),
        *(
            InverseSqrt(0.1, 3),
            Polynomial(0.1, 8),
            Step(0.1, 3),
            Warmup(Cosine(0.1, 4), 4),
            OneCycle(0.1, 10),
        ),
        *(WSD(0.1, 2, 3, 4), Cosine(0.1, 8) * 0.5, Constant(0.1).then(0.2, at=3), Stretch(Cosine(0.1, 3), 4)),
        Function(lambda step: 0.1 * 0.5**step),
    ],
    ids=lambda value: type(value).__name__,
)
def test_before_step_0_the_first_value_holds(schedule):
    first = float(schedule(0))
    assert float(schedule(-3)) == first
    np.testing.assert_array_equal(schedule(np.array([-7, -1, 0])), np.full(3, first))
    np.testing.assert_allclose(jax.jit(schedule)(np.int32(-3)), first, rtol=1e-6)


@pytest.mark.parametrize("after", [0.1, Cosine(0.1, 10)], ids=repr)
def test_a_warm_up_of_no_steps_is_none(after):
    steps = np.arange(12)
    expected = np.full(12, 0.1) if after == 0.1 else after(steps)
    np.testing.assert_array_equal(Warmup(after, 0)(steps), expected)
    np.testing.assert_allclose(WarmupCosine(0.1, 0, 10)(steps), Cosine(0.1, 10)(steps), rtol=1e-15)
    assert np.isfinite(jax.jit(lambda w: jax.vmap(Warmup(after, w))(steps))(0)).all()
