"""Adaptive clipping, centralisation and MARS against loops, and against optax where it has them."""

import jax
import numpy as np
import optax
import pytest
from hypothesis import given
from hypothesis import strategies as st

from neuralopt.core import tree
from neuralopt.optimizers import Adam
from neuralopt.schedules import Cosine
from neuralopt.transforms import MARS, AdaptiveClip, Centralise, by_ndim, chain, excluding

SHAPES = {"scalar": (), "bias": (5,), "dense": (4, 3), "kernel": (2, 3, 4, 5), "volume": (2, 2, 2, 3, 2)}


def drawn(seed, scale=1.0, shapes=SHAPES):
    rng = np.random.default_rng(seed)
    return {name: np.asarray(scale * rng.normal(size=shape)) for name, shape in shapes.items()}


def once(transform, grads, params):
    return transform.update(grads, transform.init(params), params)[0]


def clipped_by_loop(gradient, weights, clipping, eps):
    """Equation 3, unit by unit."""
    out = np.array(gradient)
    units = [(Ellipsis, k) for k in range(out.shape[-1])] if out.ndim >= 2 else [Ellipsis]
    for unit in units:
        limit = clipping * max(np.sqrt((weights[unit] ** 2).sum()), eps)
        norm = np.sqrt((gradient[unit] ** 2).sum())
        if norm > limit:
            out[unit] = gradient[unit] * limit / norm
    return out


@given(st.floats(1e-3, 10), st.floats(1e-4, 5), st.sampled_from([1e-6, 1.0, 1e3]))
def test_adaptive_clip_equals_a_loop(clipping, eps, scale):
    shapes = {**SHAPES, "three": (2, 3, 4), "row": (1, 3), "column": (3, 1), "six": (1, 2, 1, 2, 1, 3)}
    params, grads = drawn(0, shapes=shapes), drawn(1, scale, shapes)
    params["dense"][:, 0] = 0.0
    grads["kernel"][..., 1] = 0.0
    for name, got in once(AdaptiveClip(clipping, eps), grads, params).items():
        np.testing.assert_allclose(got, clipped_by_loop(grads[name], params[name], clipping, eps), rtol=1e-12)


@pytest.mark.parametrize("scale", [1e-4, 1.0])
def test_adaptive_clip_equals_optax(scale):
    params, grads = drawn(0), drawn(1, scale)
    with jax.enable_x64(True):
        theirs = optax.adaptive_grad_clip(0.01).update(grads, optax.EmptyState(), params)[0]
    for name, ours in once(AdaptiveClip(0.01), grads, params).items():
        np.testing.assert_allclose(ours, theirs[name], rtol=1e-12)


@given(st.floats(1e-3, 10))
def test_after_adaptive_clip_no_unit_is_over_its_ratio(clipping):
    params, grads = drawn(2), drawn(3)
    kernel = once(AdaptiveClip(clipping), grads, params)["kernel"]
    ratio = np.linalg.norm(kernel.reshape(-1, 5), axis=0) / np.linalg.norm(
        params["kernel"].reshape(-1, 5), axis=0
    )
    assert (ratio <= clipping * (1 + 1e-12)).all()


def test_adaptive_clip_leaves_out_the_last_layer():
    params, grads = drawn(0), drawn(1, 100.0)
    got = once(AdaptiveClip(0.01, mask=excluding("dense")), grads, params)
    np.testing.assert_array_equal(got["dense"], grads["dense"])
    assert np.abs(got["kernel"]).max() < 1


def test_centralise_equals_optax_in_the_other_layout():
    grads = drawn(1)
    ours = once(Centralise(), grads, grads)
    with jax.enable_x64(True):
        for name in ("dense", "kernel", "volume"):
            theirs = optax.centralize().update([np.moveaxis(grads[name], -1, 0)], optax.EmptyState())[0][0]
            np.testing.assert_allclose(ours[name], np.moveaxis(theirs, 0, -1), atol=1e-15)
    for name in ("scalar", "bias"):
        np.testing.assert_array_equal(ours[name], grads[name])


def test_centralise_is_a_projection_and_vectors_are_never_touched():
    grads = drawn(1)
    again = Centralise(mask="all")
    first = once(again, grads, grads)
    for name, leaf in once(again, first, grads).items():
        np.testing.assert_allclose(leaf, first[name], atol=1e-15)
    np.testing.assert_array_equal(first["bias"], grads["bias"])


def mars_adam(params, stream, gamma, b1, b2, rate, official):
    """MARS-AdamW without decay by the paper's formulas, for one tensor."""
    m, v, p = np.zeros_like(params), np.zeros_like(params), np.array(params)
    before = np.zeros_like(params) if official else stream[0]
    for t, g in enumerate(stream, start=1):
        c = g + gamma * b1 / (1 - b1) * (g - before)
        norm = np.sqrt((c**2).sum())
        c = c / norm if norm > 1 else c
        m, v = b1 * m + (1 - b1) * c, b2 * v + (1 - b2) * c**2
        p = p - rate * (m / (1 - b1**t)) / (np.sqrt(v / (1 - b2**t)) + 1e-8)
        before = g
    return p


@pytest.mark.parametrize("scale", [1.0, 1e-6])
@pytest.mark.parametrize("convention", ["paper", "official"])
def test_mars_before_adam_is_mars_adam(convention, scale):
    opt = chain(MARS(convention=convention), Adam(0.01, b1=0.95, b2=0.99))
    params = {"dense": drawn(0)["dense"], "bias": drawn(0)["bias"]}
    stream = [{name: drawn(k, scale)[name] for name in params} for k in range(1, 201)]
    reached, state = params, opt.init(params)
    for grads in stream:
        updates, state = opt.update(grads, state, reached)
        reached = tree.apply_updates(reached, updates)
    for name, gamma in (("dense", 0.025), ("bias", 0.0)):
        rows = [grads[name] for grads in stream]
        if name == "bias":  # left to plain Adam, unclipped
            plain, inner = [params["bias"]], Adam(0.01, b1=0.95, b2=0.99).init([params["bias"]])
            for g in rows:
                updates, inner = Adam(0.01, b1=0.95, b2=0.99).update([g], inner, plain)
                plain = tree.apply_updates(plain, updates)
            expected = plain[0]
        else:
            expected = mars_adam(params[name], rows, gamma, 0.95, 0.99, 0.01, convention == "official")
        np.testing.assert_allclose(reached[name], expected, rtol=1e-12)


def test_mars_clips_to_its_norm_and_the_conventions_differ_at_the_first_step_alone():
    grads = {"dense": np.full((4, 3), 0.001)}
    paper, official = (MARS(0.1, mask=by_ndim(2, 2), convention=c) for c in ("paper", "official"))
    np.testing.assert_array_equal(once(paper, grads, grads)["dense"], grads["dense"])
    np.testing.assert_allclose(once(official, grads, grads)["dense"], 0.001 * (1 + 0.1 * 19), rtol=1e-14)
    for mars in (paper, official):
        state = mars.init(grads)
        state = mars.update({"dense": np.ones((4, 3))}, state, grads)[1]
        big, _ = mars.update({"dense": np.full((4, 3), 9.0)}, state, grads)
        np.testing.assert_allclose(np.linalg.norm(big["dense"]), 1.0, rtol=1e-14)
        small, _ = mars.update({"dense": np.full((4, 3), 1.02)}, state, grads)
        np.testing.assert_allclose(np.linalg.norm(small["dense"]), 1.0, rtol=1e-14)
        np.testing.assert_array_equal(state.previous["dense"], np.ones((4, 3)))


@pytest.mark.parametrize("name", ["gamma", "b1"])
def test_the_strength_of_mars_can_be_scheduled(name):
    grads = [{"dense": np.full((2, 2), k / 100)} for k in (1, 2, 3)]

    def run(mars):
        state, out = mars.init(grads[0]), None
        for g in grads:
            out, state = mars.update(g, state, g)
        return out["dense"]

    constant = run(MARS(0.5, 0.5))
    np.testing.assert_array_equal(constant, run(MARS(**{"gamma": 0.5, "b1": 0.5, name: lambda step: 0.5})))
    assert not np.allclose(constant, run(MARS(**{"gamma": 0.5, "b1": 0.5, name: Cosine(0.5, 4)})))
