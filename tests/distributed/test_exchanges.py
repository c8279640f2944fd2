"""Every exchange against NumPy, error feedback as an identity, the same bits on all workers."""

import functools

import jax
import ml_dtypes
import numpy as np
import pytest
from tests.distributed import oracles

from neuralopt.core.errors import InvalidArgument
from neuralopt.distributed import (
    DGC,
    Bf16,
    Fp32,
    Int8,
    Layout,
    Momentum1Bit,
    PowerSGD,
    SignMajority,
    TopK,
)
from neuralopt.distributed.exchanges.collectives import AXIS

SHAPES, WORKERS, STEPS = ((24, 20), (20,), (20, 3), (3,)), 4, 7
ALL = [Fp32(), Bf16(), Int8(), TopK(0.05), DGC(0.02, warmup_steps=4), Momentum1Bit(warmup_steps=3)]
ALL += [SignMajority(), PowerSGD(2)]


def layout(dtype="float64", workers=WORKERS):
    return Layout(SHAPES, workers, dtype)


def vectors(dtype="float64", workers=WORKERS):
    random = np.random.default_rng(0)
    return random.normal(size=(STEPS, workers, layout().size)).astype(dtype)


def rounds(exchange, given, shape):
    """Run rounds with simulated workers; return what every worker got, and the states after each."""
    first = exchange.init(shape)
    own = jax.tree.map(lambda a: np.stack([a] * shape.workers), first.own)
    state = type(first)(own, first.shared)

    @functools.partial(
        jax.vmap, in_axes=(0, type(first)(0, None), None), out_axes=(0, type(first)(0, 0)), axis_name=AXIS
    )
    def one(vector, state, step):
        return exchange.apply(vector, state, shape, step)

    one, found = jax.jit(one), []
    for step, vector in enumerate(given):
        agreed, state = one(vector, state, np.int32(step))
        assert all(np.array_equal(a[0], b) for a in jax.tree.leaves(state.shared) for b in np.asarray(a))
        state = type(first)(state.own, jax.tree.map(lambda a: a[0], state.shared))
        found.append((np.asarray(agreed), state))
    return found


def check(found, wanted, tolerance=1e-12):
    for row in found:
        np.testing.assert_allclose(row, wanted, rtol=tolerance, atol=tolerance)


def test_fp32_is_the_mean(x64):
    for (agreed, _), given in zip(rounds(Fp32(), vectors(), layout()), vectors(), strict=True):
        check(agreed, given.mean(0), 1e-15)


@pytest.mark.parametrize(
    ("exchange", "quantise", "unit"),
    [
        (Int8(), oracles.int8, 256),
        (Bf16(), lambda v: v.astype(np.float32).astype(ml_dtypes.bfloat16).astype(np.float64), 1),
    ],
    ids=["int8", "bf16"],
)
def test_two_phase(x64, exchange, quantise, unit):
    errors, run = (0.0, 0.0), oracles.by_blocks(quantise, unit)
    given = vectors().astype(np.float32).astype(np.float64)  # bfloat16 is rounded by way of float32
    for (agreed, state), vector in zip(rounds(exchange, given, layout()), given, strict=True):
        wanted, errors = run(vector, errors)
        check(agreed, wanted, 1e-6 if unit == 1 else 1e-12)
        np.testing.assert_allclose(state.own[0], errors[0], atol=1e-6 if unit == 1 else 1e-12)


def test_top_k(x64):
    errors, entries = 0.0, round(0.05 * layout().size)
    for (agreed, state), vector in zip(rounds(TopK(0.05), vectors(), layout()), vectors(), strict=True):
        sent = oracles.largest(vector + errors, entries)
        errors = vector + errors - sent
        check(agreed, sent.mean(0))
        np.testing.assert_allclose(state.own, errors, atol=1e-12)


def test_dgc(x64):
    exchange, n = DGC(0.02, momentum=0.7, warmup_steps=4), layout().size
    u = v = 0.0
    for step, ((agreed, state), vector) in enumerate(
        zip(rounds(exchange, vectors(), layout()), vectors(), strict=True)
    ):
        u = 0.7 * u + vector
        v = v + u
        sent = oracles.largest(v, round(max(0.25 ** (step + 1) if step < 4 else 0, 0.02) * n))
        u, v = np.where(sent != 0, 0, u), v - sent
        check(agreed, sent.mean(0))
        np.testing.assert_allclose(state.own[0], u, atol=1e-12)


def test_one_bit_adam(x64):
    T, m, v, errors = 3, 0.0, 0.0, (0.0, 0.0)
    exchange, run = Momentum1Bit(warmup_steps=T), oracles.by_blocks(oracles.one_bit, 256)
    for step, ((agreed, _), vector) in enumerate(
        zip(rounds(exchange, vectors(), layout()), vectors(), strict=True)
    ):
        t = step + 1
        if t <= T:
            g = vector.mean(0)
            m, v = 0.9 * m + 0.1 * g, 0.999 * v + 0.001 * g * g
            root = np.sqrt(v / (1 - 0.999**t)) + 1e-8
            check(agreed, m / (1 - 0.9**t) / root)
            if t == T:
                below = np.maximum(root, 1e-3 * np.sqrt(np.mean(root**2)))
                m = m / below
        else:
            m, errors = run(0.9 * m + 0.1 * vector / below, errors)
            check(agreed, m, 1e-9)


def test_sign_majority(x64):
    momentum = 0.0
    for (agreed, _), vector in zip(rounds(SignMajority(), vectors(), layout()), vectors(), strict=True):
        momentum = 0.9 * momentum + 0.1 * vector
        votes = np.where(momentum >= 0, 1, -1).sum(0)
        check(agreed[:, votes != 0], np.sign(votes[votes != 0]), 0)
        assert set(np.unique(agreed)) == {-1, 1}


def test_a_tie_leans_to_neither_side(x64):
    given = np.ones((1, 2, layout().size)) * np.array([1.0, -1.0])[None, :, None]
    agreed = rounds(SignMajority(), given, layout(workers=2))[0][0][0]
    assert abs((agreed > 0).mean() - 0.5) <= 256 / len(agreed)


def joined(own):
    """Return what is left over as one row for each worker."""
    return np.concatenate([np.reshape(part, (WORKERS, -1)) for part in jax.tree.leaves(own)], axis=1)


def test_power_sgd(x64):
    shape, errors = layout(), 0.0
    Qs = PowerSGD(2).init(shape).shared
    for (agreed, state), vector in zip(rounds(PowerSGD(2), vectors(), shape), vectors(), strict=True):
        wanted, errors, Qs = oracles.low_rank(vector, errors, SHAPES, Qs, 2)
        check(agreed, wanted, 1e-10)
        np.testing.assert_allclose(joined(state.own), errors, atol=1e-10)


def test_power_sgd_of_full_rank_is_exact(x64):
    given = np.zeros((3, WORKERS, layout().size))
    rank_one = np.outer(np.arange(24) + 1.0, np.arange(20) - 3.0).ravel()
    given[:, :, :480] = rank_one * np.arange(1, WORKERS + 1)[None, :, None]
    for (agreed, state), vector in zip(rounds(PowerSGD(1), given, layout()), given, strict=True):
        check(agreed, vector.mean(0), 1e-9)
        np.testing.assert_allclose(joined(state.own), 0, atol=1e-9)


@pytest.mark.parametrize("exchange", [Bf16(), Int8(), TopK(0.05), PowerSGD(2)], ids=repr)
def test_nothing_is_lost(x64, exchange):
    """What was agreed on so far and what is left over add up to the mean of all gradients."""
    found = rounds(exchange, vectors(), layout())
    total = sum(agreed[0] for agreed, _ in found)
    own, n = found[-1][1].own, layout().size
    if isinstance(exchange, Int8 | Bf16):
        left = own[0][:, :n].mean(0) + own[1].reshape(-1)[:n]
    else:
        left = joined(own).mean(0)
    np.testing.assert_allclose(total + left, vectors().mean(1).sum(0), atol=1e-11)


@pytest.mark.parametrize("exchange", ALL, ids=repr)
def test_all_workers_get_the_same_bits(exchange):
    for agreed, _ in rounds(exchange, vectors("float32"), layout("float32")):
        assert agreed.dtype == np.float32
        assert np.isfinite(agreed).all()
        for row in agreed:
            assert np.array_equal(row, agreed[0])


@pytest.mark.parametrize("exchange", ALL, ids=repr)
def test_one_worker_and_zero_vectors(exchange):
    for agreed, _ in rounds(exchange, np.zeros((3, 1, layout().size), np.float32), layout("float32", 1)):
        assert np.isfinite(agreed).all()
        assert isinstance(exchange, SignMajority) or not agreed.any()
    assert exchange.bytes_per_step(layout("float32", 1)) == 0


def test_bytes_go_down_in_the_order_that_the_page_tells():
    shape = Layout(((784, 512), (512,), (512, 512), (512,), (512, 10), (10,)), 2)
    full = Fp32().bytes_per_step(shape)
    assert full == 4 * 669_706
    less = {
        type(e).__name__: full / e.bytes_per_step(shape)
        for e in (Bf16(), Int8(), PowerSGD(4), TopK(), DGC(), Momentum1Bit(), SignMajority())
    }
    assert less["Int8"] >= 3.9
    assert less["PowerSGD"] >= 50
    assert less["DGC"] >= 270
    assert less["Momentum1Bit"] >= 20
    assert less["SignMajority"] >= 31


@pytest.mark.parametrize(
    ("make", "text"),
    [
        (
            lambda: TopK(0),
            "TopK: fraction must satisfy 0 < fraction <= 1, got 0. It is the share of the entries that are sent: 0.01 sends one in a hundred.",
        ),
        (lambda: DGC(warmup_steps=1.5), "DGC: warmup_steps must be a whole number >= 0, got 1.5."),
        (
            lambda: Momentum1Bit(warmup_steps=0),
            "Momentum1Bit: warmup_steps must be a whole number >= 1, got 0.",
        ),
        (lambda: PowerSGD(0), "PowerSGD: rank must be a whole number >= 1, got 0."),
        (lambda: SignMajority(1.0), "SignMajority: momentum must satisfy 0 <= momentum < 1, got 1.0."),
    ],
)
def test_laws(make, text):
    with pytest.raises(InvalidArgument) as caught:
        make()
    assert str(caught.value).startswith(text)
