"""Clipping, decay, masks and their composition."""

import re

import array_api_strict as strict
import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from hypothesis import given
from hypothesis import strategies as st

from neuralopt.core import tree
from neuralopt.core.errors import InvalidArgument
from neuralopt.optimizers import GD, SGD, Adam, AdamW
from neuralopt.schedules import Cosine
from neuralopt.transforms import (
    EMA,
    MARS,
    Accumulate,
    AdaptiveClip,
    AnnealedNoise,
    Cautious,
    Centralise,
    ClipByGlobalNorm,
    ClipByValue,
    DecoupledDecay,
    FiniteGuard,
    L2Decay,
    chain,
)
from neuralopt.transforms.base import CountState, Transform
from neuralopt.transforms.masks import check_mask, selected

entries = st.lists(st.floats(-1e6, 1e6).map(lambda x: round(x, 3)), min_size=3, max_size=3)


@jax.jit
def optax_clip(limit, grads):
    return optax.clip_by_global_norm(limit).update(grads, optax.EmptyState())[0]


def once(transform, grads, params=None):
    params = grads if params is None else params
    return transform.update(grads, transform.init(params), params)[0]


@given(entries, st.floats(1e-3, 1e3))
def test_global_norm_clip_equals_optax(values, limit):
    grads = [np.asarray(values[:2]), np.asarray(values[2:])]
    with jax.enable_x64(True):
        expected = optax_clip(limit, grads)
    for ours, theirs in zip(once(ClipByGlobalNorm(limit), grads), expected, strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-12)


@given(entries.filter(any), st.floats(0.1, 10))
def test_global_norm_clip_keeps_its_limit_and_leaves_shorter_gradients_alone(values, part):
    grads = [np.asarray(values)]
    limit = part * float(tree.global_norm(grads))
    clipped = once(ClipByGlobalNorm(limit), grads)
    if part > 1:
        np.testing.assert_array_equal(clipped[0], grads[0])
    else:
        np.testing.assert_allclose(clipped[0], part * grads[0], rtol=1e-12)


def test_global_norm_clip_is_exact():
    """torch adds 1e-6 to the norm; nothing is added here."""
    assert float(tree.global_norm(once(ClipByGlobalNorm(1e-6), [np.array([3e-6, 4e-6])]))) == pytest.approx(
        1e-6, rel=1e-14
    )


def test_clipping_a_zero_gradient_gives_zero():
    np.testing.assert_array_equal(once(ClipByGlobalNorm(1.0), [np.zeros(3)])[0], np.zeros(3))


@given(entries, st.floats(1e-3, 1e3))
def test_value_clip_equals_numpy(values, limit):
    grads = np.asarray(values)
    np.testing.assert_array_equal(once(ClipByValue(limit), [grads])[0], np.clip(grads, -limit, limit))


TRANSFORMS = [
    ClipByValue(0.5),
    ClipByGlobalNorm(0.5),
    L2Decay(0.1),
    L2Decay(0.1, mask="all"),
    AdaptiveClip(0.2),
    Centralise(),
    MARS(0.1, mask="all"),
    AnnealedNoise(0.1),
]


@pytest.mark.parametrize("transform", TRANSFORMS, ids=repr)
def test_numpy_strict_and_jax_agree_and_dtypes_stay(transform):
    grads = {"W": np.arange(4.0).reshape(2, 2), "b": np.array([-3.0, 0.2])}
    here = once(transform, grads)
    there = once(transform, tree.map(strict.asarray, grads))
    for dtype in (jnp.float32, jnp.bfloat16):
        low = jax.jit(lambda g: once(transform, g))(tree.map(lambda g, d=dtype: jnp.asarray(g, d), grads))
        for name, leaf in low.items():
            assert leaf.dtype == dtype
            np.testing.assert_allclose(np.asarray(leaf, np.float64), here[name], rtol=2e-2)
    for name, leaf in there.items():
        np.testing.assert_array_equal(np.asarray(leaf), here[name])


@pytest.mark.parametrize(
    "make",
    [
        lambda h: ClipByValue(h(0.5)),
        lambda h: ClipByGlobalNorm(h(0.5)),
        lambda h: L2Decay(h(0.5), mask="all"),
        lambda h: AdaptiveClip(h(0.5)),
        lambda h: AdaptiveClip(0.01, h(10.0)),
        lambda h: MARS(0.1, max_norm=h(0.5), mask="all"),
        lambda h: AnnealedNoise(h(0.5)),
        lambda h: AnnealedNoise(0.5, h(0.5)),
    ],
)
def test_every_number_can_be_scheduled(make):
    def run(transform):
        params = [np.array([1.0, -2.0])]
        state, got = transform.init(params), []
        for _ in range(3):
            updates, state = transform.update(params, state, params)
            got.append(updates[0])
        assert int(state.count) == 3
        return np.stack(got)

    constant = run(make(lambda value: value))
    np.testing.assert_array_equal(constant, run(make(lambda value: lambda step: value)))
    falling = run(make(lambda value: Cosine(value, 4, value / 10)))
    np.testing.assert_array_equal(falling[0], constant[0])
    assert not np.allclose(falling[2], constant[2])


def test_l2_decay_is_coupled_and_decoupled_decay_is_not():
    params, grads = [np.array([[2.0]])], [np.array([[0.0]])]
    coupled = once(chain(L2Decay(0.1), Adam(0.5)), grads, params)
    np.testing.assert_allclose(coupled[0], [[-0.5]], rtol=1e-6)  # scaled up to a full step
    np.testing.assert_allclose(once(DecoupledDecay(Adam(0.5), 0.1), grads, params)[0], [[-0.1]])


@pytest.mark.parametrize("dtype", [jnp.bfloat16, np.float16])
@pytest.mark.parametrize("decay", [DecoupledDecay(SGD(0.3), 0.0123), L2Decay(0.0123)], ids=repr)
def test_decay_of_sixteen_bit_parameters_is_that_of_float32_rounded(decay, dtype):
    """In bfloat16 the factor alone was off by up to 0.4 %, and the product was rounded once more."""
    params = [np.random.default_rng(0).uniform(1, 2, (40, 40)).astype(dtype)]
    still = [np.zeros_like(params[0])]
    high = once(decay, *([leaf.astype(np.float32) for leaf in part] for part in (still, params)))[0]
    np.testing.assert_array_equal(once(decay, still, params)[0], high.astype(dtype))


def test_adamw_is_decoupled_decay_around_adam():
    params = {"W": np.array([[1.0, -2.0]]), "b": np.array([3.0])}
    grads = {"W": np.array([[0.3, 0.1]]), "b": np.array([0.2])}
    for ours, theirs in zip(
        tree.leaves(once(AdamW(0.1, weight_decay=0.2), grads, params)),
        tree.leaves(once(DecoupledDecay(Adam(0.1), 0.2), grads, params)),
        strict=True,
    ):
        np.testing.assert_array_equal(ours, theirs)


def test_a_mask_may_be_a_function_of_name_and_array():
    params = {"W": np.ones((2, 2)), "norm": {"scale": np.ones((2, 2))}}
    assert selected(lambda name, leaf: "norm" not in name, params) == {"W": True, "norm": {"scale": False}}


def test_a_chain_in_a_chain_and_its_learning_rate():
    opt = chain(ClipByValue(1.0), chain(ClipByGlobalNorm(1.0), SGD(Cosine(0.5, 2))))
    params = [np.array([1.0])]
    state = opt.init(params)
    assert float(state.learning_rate) == 0.5
    for expected in (0.5, 0.25, 0.0):
        _, state = opt.update([np.array([5.0])], state, params)
        assert float(state.learning_rate) == expected
    assert opt.learning_rate == Cosine(0.5, 2)


class Negate(Transform):
    """An update transform, for the order of a chain."""

    stage = "update"

    def init(self, params):
        return ()

    def update(self, grads, state, params, *, value=None, value_fn=None):
        return tree.map(lambda u: -u, grads), state


def test_an_update_transform_stands_after_the_optimizer():
    np.testing.assert_array_equal(once(chain(GD(0.5), Negate()), [np.array([2.0])])[0], [1.0])


@pytest.mark.parametrize(
    ("make", "text"),
    [
        (lambda: chain(), "chain needs exactly one optimizer, got 0 in (nothing)."),
        (lambda: chain(ClipByValue(1.0)), "chain needs exactly one optimizer, got 0 in (ClipByValue)."),
        (lambda: chain(GD(), SGD()), "chain needs exactly one optimizer, got 2 in (GD, SGD)."),
        (
            lambda: chain(GD(), ClipByValue(1.0)),
            "chain: ClipByValue works on gradients and cannot stand after GD. "
            "Put it earlier: gradient transforms, optimizer, update transforms.",
        ),
        (
            lambda: chain(Negate(), GD()),
            "chain: GD works on gradients and cannot stand after Negate. Put it earlier",
        ),
        (
            lambda: chain(optax.clip(1.0), GD()),
            "An optax transformation enters by neuralopt.optimizers.from_optax.",
        ),
        (lambda: ClipByValue(0.0), "ClipByValue: limit must satisfy 0 < limit, got 0.0."),
        (lambda: ClipByGlobalNorm(-1.0), "ClipByGlobalNorm: max_norm must satisfy 0 < max_norm, got -1.0."),
        (lambda: L2Decay(-1.0), "L2Decay: weight_decay must satisfy 0 <= weight_decay, got -1.0."),
        (lambda: L2Decay(0.1, mask="al"), "got 'al'. Did you mean 'all'?"),
        (
            lambda: check_mask(3),
            "a mask must be one of 'matrices', 'all' or a function of (name, array), got 3.",
        ),
        (lambda: DecoupledDecay(None), "DecoupledDecay wraps an optimizer, got None."),
        (
            lambda: DecoupledDecay(ClipByValue(1.0)),
            "DecoupledDecay wraps an optimizer, got ClipByValue(limit=1.0).",
        ),
        (
            lambda: L2Decay(0.1).update([np.ones(2)], CountState(0), [np.ones(3)]),
            "params and grads must have the same shapes; leaf '0' has (3,) in params and (2,) in grads.",
        ),
        (
            lambda: DecoupledDecay(EMA(GD())),
            "DecoupledDecay changes the updates of EMA, which would then average other parameters than those "
            "that are trained. Wrap the other way round: DecoupledDecay inside, EMA outside.",
        ),
        (
            lambda: Cautious(chain(ClipByValue(1.0), EMA(GD()))),
            "Cautious changes the updates of Chain, which would then average",
        ),
        (lambda: Accumulate(AdaptiveClip()), "Accumulate wraps an optimizer, got AdaptiveClip("),
        (lambda: Cautious(MARS()), "Cautious wraps an optimizer, got MARS("),
        (lambda: EMA(Adam), "EMA wraps an optimizer, got <class"),
        (lambda: EMA(optax.sgd(0.1)), "An optax transformation enters by neuralopt.optimizers.from_optax."),
        (
            lambda: chain(Accumulate(GD()), Centralise()),
            "chain: Centralise works on gradients and cannot stand after Accumulate. Put it earlier",
        ),
        (
            lambda: chain(EMA(GD()), FiniteGuard(GD())),
            "chain needs exactly one optimizer, got 2 in (EMA, FiniteGuard).",
        ),
        (lambda: AdaptiveClip(0.0), "AdaptiveClip: clipping must satisfy 0 < clipping, got 0.0."),
        (lambda: AdaptiveClip(eps=-1.0), "AdaptiveClip: eps must satisfy 0 < eps, got -1.0."),
        (lambda: AnnealedNoise(-0.1), "AnnealedNoise: eta must satisfy 0 <= eta, got -0.1."),
        (
            lambda: AnnealedNoise(seed=-1),
            "AnnealedNoise: seed must satisfy 0 <= seed <= 2.14748e+09, got -1.0.",
        ),
        (lambda: AnnealedNoise(seed=0.5), "AnnealedNoise: seed must be a whole number, got 0.5."),
        (lambda: Accumulate(GD(), 0), "Accumulate: steps must satisfy 1 <= steps, got 0.0."),
        (lambda: Accumulate(GD(), 2.5), "Accumulate: steps must be a whole number, got 2.5."),
        (lambda: EMA(GD(), 1.0), "EMA: decay must satisfy 0 <= decay < 1, got 1.0."),
        (lambda: EMA(GD(), debias="yes"), "EMA: debias must be one of False, True, got 'yes'."),
        (lambda: MARS(b1=1.0), "MARS: b1 must satisfy 0 <= b1 < 1, got 1.0."),
        (lambda: MARS(mask="matrix"), "got 'matrix'. Did you mean 'matrices'?"),
        (
            lambda: Cautious(GD(), "offical"),
            "Cautious: convention must be one of 'official', 'paper', got 'offical'. Did you mean 'official'?",
        ),
        (lambda: chain(ClipByValue(1.0), GD()).init({}), "params must hold at least one array"),
    ],
)
def test_what_is_refused(make, text):
    with pytest.raises(InvalidArgument, match=re.escape(text)):
        make()
