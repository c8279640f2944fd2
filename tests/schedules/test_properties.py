"""What every schedule promises: a pure function of the step, the same everywhere, exact far out."""

import io

import array_api_strict as strict
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from neuralopt import schedules
from neuralopt.core import tree
from neuralopt.optimizers import SGD, Adam
from neuralopt.schedules import (
    WSD,
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
    OneCycleMomentum,
    Piecewise,
    Polynomial,
    Product,
    Scale,
    Schedule,
    Step,
    Stretch,
    Warmup,
    WarmupCosine,
)
from neuralopt.transforms import ClipByGlobalNorm, chain

ALL = {
    "constant": Constant(0.3),
    "function": Function(lambda step: 0.3 / (1.0 + step)),
    "polynomial": Polynomial(0.3, 40, 0.03, 1.7),
    "exponential": Exponential(0.3, 0.8, 7),
    "staircase": Exponential(0.3, 0.8, 7, staircase=True),
    "inverse square root": InverseSqrt(0.3, 10),
    "step": Step(0.3, 9, 0.5),
    "multi-step": MultiStep(0.3, (5, 11, 30), 0.5),
    "cosine": Cosine(0.3, 40, 0.03),
    "restarts": CosineRestarts(0.3, 7, end=0.03),
    "longer restarts": CosineRestarts(0.3, 5, 3, 0.03),
    "triangular": Cyclical(0.1, 0.3, 6),
    "triangular2": Cyclical(0.1, 0.3, 4, 7, "triangular2"),
    "exp_range": Cyclical(0.1, 0.3, 4, 7, "exp_range", 0.97),
    "one cycle": OneCycle(0.3, 40),
    "one cycle, three phases": OneCycle(0.3, 40, 0.4, "linear", 20, 50, True),
    "momentum": OneCycleMomentum(0.8, 0.9, 40),
    "warm-up": Warmup(0.3, 10, 0.03),
    "warm-up, cosine": WarmupCosine(0.3, 10, 40, 0.03),
    "wsd": WSD(0.3, 5, 20, 10, 0.03),
    "wsd, cosine": WSD(0.3, 0, 20, 10, 0.03, decay="cosine"),
    "wsd, sqrt": WSD(0.3, 5, 0, 10, 0.03, 0.1, "sqrt"),
    "piecewise": Piecewise((3, 10, 30), (0.3, 0.1, 0.2)),
    "stairs": Piecewise((3, 10, 30), (0.3, 0.1, 0.2), "constant"),
    "stretched": Stretch(Cosine(0.3, 4), 9),
    "joined": Cosine(0.3, 10).then(Warmup(InverseSqrt(0.1, 5), 4), at=13),
    "product": Cosine(0.3, 20) * Step(1.0, 9, 0.5),
    "scaled": Scale(Warmup(Cosine(0.3, 20), 5), 2.0),
}
STEPS = np.arange(130)


@jax.jit
def values(schedule, step):
    return schedule(step)


@pytest.mark.parametrize("name", ALL)
def test_numpy_jax_and_strict_arrays_agree_and_numbers_change_without_a_compile(name):
    schedule = ALL[name]
    full = schedule(STEPS)
    assert (full.dtype, full.shape) == (np.float64, STEPS.shape)
    np.testing.assert_allclose([float(schedule(int(k))) for k in STEPS], full, rtol=1e-15)
    if name != "function":  # strict arrays do not mix kinds, and that function does
        np.testing.assert_array_equal(np.asarray(schedule(strict.asarray(STEPS))), full)
    before = values._cache_size()
    on_jax = values(schedule, jnp.asarray(STEPS))
    assert on_jax.dtype == jnp.float32
    np.testing.assert_allclose(on_jax, full, rtol=1e-5, atol=1e-7)
    other = tree.map(lambda leaf: leaf * 0.9 if isinstance(leaf, float) else leaf + 1, schedule)
    np.testing.assert_allclose(values(other, jnp.asarray(STEPS)), other(STEPS), rtol=1e-5, atol=1e-7)
    assert values._cache_size() - before <= 1


@pytest.mark.usefixtures("x64")
def test_jax_in_float64_agrees_to_the_last_digits():
    for name in ("restarts", "longer restarts", "one cycle", "wsd, sqrt", "triangular2", "joined"):
        on_jax = values(ALL[name], jnp.asarray(STEPS))
        assert on_jax.dtype == jnp.float64
        np.testing.assert_allclose(on_jax, ALL[name](STEPS), rtol=0, atol=1e-15, err_msg=name)


def test_steps_of_every_shape_and_kind():
    for name, schedule in ALL.items():
        table = schedule(STEPS.reshape(5, 2, 13))
        np.testing.assert_allclose(table.ravel(), schedule(STEPS), rtol=1e-15, err_msg=name)
        for kind in (np.uint8, np.int32, np.uint64, np.float64):
            np.testing.assert_allclose(
                schedule(STEPS.astype(kind)), schedule(STEPS), rtol=0, atol=1e-15, err_msg=name
            )
        assert np.shape(schedule(7)) == ()


def rebuilt(schedule):
    """Return a schedule made anew from numbers that went through a file."""
    found = []
    for leaf in tree.leaves(schedule):
        file = io.BytesIO()
        np.save(file, np.asarray(leaf))
        file.seek(0)
        found.append(np.load(file))
    return tree.structure(schedule).unflatten(found)


def resumes(schedule, ks=(0, 1, 13, 14, 15, 40, 77)):
    """Hold the full run, seen at some steps, against the rebuilt schedule asked at those steps only.

    Each step is asked for by itself, as a run does: NumPy's powers and cosines of
    many numbers at once may differ from those of one in the last digit.
    """
    full, again = schedule(np.arange(80)), rebuilt(schedule)
    for k in ks:
        assert again(k) == schedule(k), (schedule, k)
        np.testing.assert_allclose(full[k], schedule(k), rtol=1e-14, err_msg=repr(schedule))


@pytest.mark.parametrize("first", ALL)
def test_every_pair_joined_or_multiplied_resumes_at_k(first):
    resumes(ALL[first])
    for second in ALL.values():
        resumes(Join((ALL[first], second), (14,)))
        resumes(ALL[first] * second)


rates = st.floats(1e-4, 10)
lengths = st.integers(1, 300)


@st.composite
def drawn(draw, depth=2):
    """Draw any schedule, also of schedules."""
    a, b, n, m, k = draw(rates), draw(rates), draw(lengths), draw(lengths), draw(st.integers(1, 5))
    simple = [
        Constant(a),
        Polynomial(a, n, b, b),
        Exponential(a, 0.97, m, staircase=bool(k % 2)),
        InverseSqrt(a, n),
        Step(a, n, 0.7),
        MultiStep(a, (n, n + m), 0.7),
        Cosine(a, n, b),
        CosineRestarts(a, n, k, b),
        Cyclical(min(a, b), max(a, b), n, m, "triangular2"),
        OneCycle(a, n + 10, 0.3, "linear", b, 10, bool(k % 2)),
        WarmupCosine(a, m, m + n, b),
        WSD(a, k - 1, m, n, b),
        Piecewise((m, m + n), (a, b)),
    ]
    if depth == 0:
        return draw(st.sampled_from(simple))
    inner, other = draw(drawn(depth - 1)), draw(drawn(depth - 1))
    composed = [
        Warmup(inner, m, b),
        Join((inner, other, b), (n, n + m)),
        Product((inner, other, a)),
        Scale(inner, b),
        Stretch(inner, k),
    ]
    return draw(st.sampled_from([*simple, *composed]))


@given(drawn(), st.integers(0, 1500))
def test_resumed_at_k_equals_the_full_run(schedule, k):
    again = rebuilt(schedule)
    assert [float(again(j)) for j in (k, k + 1, k + 2)] == [float(schedule(j)) for j in (k, k + 1, k + 2)]
    np.testing.assert_allclose(schedule(np.arange(k, k + 3)), schedule(np.arange(k + 3))[k:], rtol=1e-14)


@given(drawn(), st.integers(0, 200), st.integers(1, 4), st.integers(1, 4))
def test_an_optimizer_stopped_at_k_goes_on_as_if_never_stopped(schedule, begun, before, after):
    def run(optimizer, params, state, count):
        for _ in range(count):
            updates, state = optimizer.update([np.cos(params[0])], state, params)
            params = [params[0] + updates[0]]
        return params, state

    optimizer = SGD(schedule, momentum=Exponential(0.9, 0.99))
    params = [np.arange(3.0)]
    start = optimizer.init(params)._replace(count=np.asarray(begun, np.int32))
    whole = run(optimizer, params, start, before + after)
    half = rebuilt(run(optimizer, params, start, before))
    for ours, theirs in zip(
        tree.leaves(run(rebuilt(optimizer), *half, after)), tree.leaves(whole), strict=True
    ):
        np.testing.assert_array_equal(ours, theirs)


ENDING = [
    "constant",
    "polynomial",
    "multi-step",
    "cosine",
    "one cycle",
    "one cycle, three phases",
    "momentum",
]
ENDING += [
    "warm-up",
    "warm-up, cosine",
    "wsd",
    "wsd, cosine",
    "wsd, sqrt",
    "piecewise",
    "stairs",
    "stretched",
]


@pytest.mark.parametrize("name", ENDING)
def test_past_its_length_a_schedule_holds_its_last_value(name):
    schedule = ALL[name]
    last = schedule(int(schedule.length))
    assert (schedule(int(schedule.length) + np.arange(1000) ** 2) == last).all()
    assert Join((schedule, schedule), (50,)).length == 50 + schedule.length
    assert (schedule * 2).length == Scale(schedule).length == schedule.length


def test_far_out_steps_lose_nothing_in_float32():
    far = 10**7
    cases = {
        "cosine": Cosine(1.0, 2 * far),
        "polynomial": Polynomial(1.0, far + 40, power=0.5),
        "exponential": Exponential(1.0, 0.5, far),
        "staircase": Exponential(1.0, 0.5, far + 7, staircase=True),
        "inverse square root": InverseSqrt(1.0, 100),
        "restarts": CosineRestarts(1.0, 1000),
        "longer restarts": CosineRestarts(1.0, 3, 2),
        "triangular": Cyclical(0.0, 1.0, 3, 7),
        "one cycle": OneCycle(1.0, 3 * far),
        "warm-up": Warmup(Cosine(1.0, 100), steps=far + 10),
        "wsd": WSD(1.0, 10, far, 30),
        "piecewise": Piecewise((far, far + 40), (1.0, 0.0)),
        "join": Join((1.0, Cosine(1.0, 40)), (far + 3,)),
        "multi-step": MultiStep(1.0, (far + 1, far + 20)),
        "stretch": Stretch(Cosine(1.0, far), 3),
    }
    steps = np.arange(far, far + 60)
    for name, schedule in cases.items():
        np.testing.assert_allclose(
            values(schedule, jnp.asarray(steps)), schedule(steps), rtol=2e-6, atol=1e-6, err_msg=name
        )
    # odd steps beyond 2 ** 24 are no float32
    beyond = 2**24 + 1
    stairs = MultiStep(1.0, (beyond, beyond + 2), 0.5).then(Cosine(1.0, 4), at=beyond + 5)
    expected = [1, 0.5, 0.5, 0.25, 0.25, 0.25, 1, 0.854, 0.5, 0.146, 0]
    found = values(stairs, jnp.asarray(beyond) + jnp.arange(-1, 10))
    np.testing.assert_allclose(found, expected, atol=1e-3)


def test_restarts_are_met_exactly_however_late():
    for factor in (1, 2, 3, 10):
        lengths = 7 * factor ** np.arange(8 if factor < 10 else 6)
        starts = np.concatenate([[0], np.cumsum(lengths)])[:-1]
        schedule = CosineRestarts(1.0, 7, factor)
        for found in (schedule(starts), values(schedule, jnp.asarray(starts))):
            np.testing.assert_array_equal(found, 1.0)
        late = np.maximum(starts[1:] - 1, 0)
        assert (np.asarray(values(schedule, jnp.asarray(late))) < 0.06).all()


def test_extending_the_stable_part_leaves_the_past_as_it_was():
    for decay in ("linear", "cosine", "sqrt"):
        short = WSD(0.3, 7, 50, 20, 0.01, decay=decay)
        longer, past = short.extend(40), np.arange(57)
        np.testing.assert_array_equal(longer(past), short(past))
        np.testing.assert_array_equal(longer(np.arange(57, 97)), 0.3)
        np.testing.assert_array_equal(longer(np.arange(97, 130)), short(np.arange(57, 90)))


def test_closed_forms():
    t = np.arange(1, 50)
    transformer = Warmup(InverseSqrt(2.0, 16), steps=16)
    np.testing.assert_allclose(
        transformer(t), 8 * np.minimum(t**-0.5, t * 16**-1.5), rtol=1e-15
    )  # Vaswani et al., eq. 3
    np.testing.assert_allclose(Polynomial(3.0, 10)(np.arange(11)), 3 * (10 - np.arange(11)) / 10, rtol=1e-15)
    np.testing.assert_array_equal(Piecewise((0, 4), (1.0, 3.0))(np.arange(6)), [1, 1.5, 2, 2.5, 3, 3])
    assert [float(WSD(1.0, 4, 4, 4, decay="sqrt")(t)) for t in (2, 4, 8, 9, 12)] == [0.5, 1, 1, 0.5, 0]


def test_fractions_of_the_run():
    shape = schedules.OfRun(WSD(1.0, 0.1, 0.7, 0.2))
    for total in (10, 1000):
        at = np.array([0.0, 0.05, 0.1, 0.79, 0.9, 1.0]) * total
        found = schedules.bind(shape, 1, total)(at)
        np.testing.assert_allclose(found, [0, 0.5, 1, 1, 0.5, 0], atol=1e-12)


def test_operators():
    made = 2 * Constant(0.5) * np.float64(3) * Constant(0.1)
    assert isinstance(made, Product)
    assert made(0) == pytest.approx(0.3)
    assert isinstance(np.asarray(2.0) * Constant(1.0), Product)
    assert (Constant(1.0).then(0.5, at=3).then(0.1, at=5))(np.arange(7)).tolist() == [
        *[1.0] * 3,
        *[0.5] * 2,
        *[0.1] * 2,
    ]


def test_a_schedule_is_swept_by_vmap():
    peaks = jnp.array([0.1, 0.2])
    for make in (
        lambda p: WarmupCosine(p, 2, 6),
        lambda p: Join((p, Cosine(p, 4)), (2,)),
        lambda p: WSD(p, 2),
    ):
        swept = jax.jit(jax.vmap(lambda p, make=make: make(p)(jnp.asarray(2))))(peaks)
        np.testing.assert_allclose(swept, peaks, rtol=1e-6)
    ends = jax.jit(jax.vmap(lambda n: CosineRestarts(1.0, n, 2)(jnp.asarray(6))))(jnp.array([2, 3, 6]))
    np.testing.assert_allclose(ends, [1.0, 0.5, 1.0], atol=1e-6)


def test_any_hyperparameter_is_scheduled_without_a_second_compile():
    traces = []

    @jax.jit
    def update(optimizer, grads, state, params):
        traces.append(1)
        return optimizer.update(grads, state, params)

    def optimizer(scale):
        return chain(
            ClipByGlobalNorm(Exponential(scale, 0.5)),
            Adam(
                OneCycle(scale, 10),
                b1=OneCycle(scale, 10).momentum(),
                b2=Piecewise((0, 5), (0.9, 0.99)),
                eps=Step(scale, 2),
            ),
        )

    for scale in (0.1, 0.2):
        opt, params = optimizer(scale), [np.ones(3)]
        ours, state = [jnp.ones(3)], optimizer(scale).init([jnp.ones(3)])
        theirs = opt.init(params)
        for _ in range(3):
            step, theirs = opt.update(params, theirs, params)
            params = [params[0] + step[0]]
            step, state = update(opt, ours, state, ours)
            ours = [ours[0] + step[0]]
        np.testing.assert_allclose(ours[0], params[0], rtol=1e-5)
        told = schedules.scheduled(opt, 2)
        assert float(theirs.learning_rate) == told["stages/1/learning_rate"]
        assert list(told) == [
            "stages/0/max_norm",
            *(f"stages/1/{name}" for name in ("learning_rate", "b1", "b2", "eps")),
        ]
    assert len(traces) == 1


def test_a_schedule_of_ones_own_is_a_schedule():
    class Halving(Schedule):
        def value(self, step):
            return 0.5**step

    assert Warmup(Halving(), steps=2)(4) == 0.25


@given(drawn(), st.integers(0, 1500))
def test_values_are_finite_and_not_negative(schedule, k):
    assert np.isfinite(schedule(k))
    assert schedule(k) >= -1e-12


def test_every_class_is_among_the_examples():
    used = {type(s) for s in ALL.values()}
    here = {cls for name in schedules.__all__ if isinstance(cls := getattr(schedules, name), type)}
    elsewhere = {schedules.Feedback, schedules.ReduceOnPlateau, schedules.AdaptiveDropout}
    elsewhere |= {schedules.PerEpoch, schedules.OfRun, Schedule}
    assert here - elsewhere == used
