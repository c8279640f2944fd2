"""The one stream of gradients that all parity tests follow, and who follows it."""

import functools
from types import SimpleNamespace

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from neuralopt.core import tree

STEPS, DROP, JOIN = 200, 100, 50
RATE = 0.01
SHAPES = {"matrix": (3, 2), "bias": (3,), "kernel": (2, 1, 2, 2), "still": (2,), "late": (2,)}


def _params():
    rng = np.random.default_rng(3)
    drawn = {name: rng.normal(size=shape) for name, shape in SHAPES.items()}
    drawn["still"] = np.zeros(2)  # a tensor of norm zero
    return drawn


def _stream(scale):
    """Return 200 gradients, stacked; ``late`` has none before step 50."""
    rng = np.random.default_rng(4)
    drawn = {name: scale * rng.normal(size=(STEPS, *shape)) for name, shape in SHAPES.items()}
    return {**drawn, "late": drawn["late"][JOIN:]}


def _rate(step, begin=0):
    """Return the learning rate of an optimizer that began at a step: it drops tenfold half-way."""
    xp = jnp if isinstance(step, jax.Array) else np
    return xp.where(step + begin < DROP, RATE, RATE / 10)


def _groups(scale):
    """Return (parameters, gradients, learning rate) of what is there from the start, and of what joins."""
    params, stream = _params(), _stream(scale)
    for begin, names in ((0, [n for n in SHAPES if n != "late"]), (JOIN, ["late"])):
        part = ({n: tree_[n] for n in names} for tree_ in (params, stream))
        yield *part, functools.partial(_rate, begin=begin)


def _ours(make, scale):
    """Follow the stream on NumPy, in float64; what joins has a state of its own from then on."""
    after = {}
    for params, stream, rate in _groups(scale):
        optimizer = make(rate)
        state = optimizer.init(params)
        for k in range(len(next(iter(stream.values())))):
            updates, state = optimizer.update({n: g[k] for n, g in stream.items()}, state, params)
            params = tree.apply_updates(params, updates)
        after.update(params)
    return after


def _by_optax(make, cases):
    """Follow the streams in optax, compiled once for all pairs of (decay, scale), in float64."""

    @jax.jit
    def follow(decay, scale):
        after = {}
        for params, stream, rate in _groups(1.0):
            transformation = make(rate, decay)

            def step(carry, grads, transformation=transformation):
                params, state = carry
                updates, state = transformation.update(
                    jax.tree.map(lambda g: scale * g, grads), state, params
                )
                return (optax.apply_updates(params, updates), state), None

            params = jax.tree.map(jnp.asarray, params)
            after.update(jax.lax.scan(step, (params, transformation.init(params)), stream)[0][0])
        return after

    with jax.enable_x64(True):
        return [jax.tree.map(np.asarray, follow(decay, scale)) for decay, scale in cases]


def _by_torch(torch, make, scale):
    """Follow the stream in torch; what joins has no gradient at all before."""
    params = {name: torch.tensor(p, requires_grad=True) for name, p in _params().items()}
    optimizer, stream = make(params), _stream(scale)
    for k in range(STEPS):
        for name, p in params.items():
            begin = JOIN if name == "late" else 0
            p.grad = None if k < begin else torch.tensor(stream[name][k - begin])
        for group in optimizer.param_groups:
            group["lr"] = float(_rate(k))
        optimizer.step()
    return {name: p.detach().numpy() for name, p in params.items()}


def _by_formula(walk, decay, scale):
    """Follow the stream by a plain formula for one group of tensors: ``walk(params, stream, rates, decay)``."""
    after = {}
    for params, stream, rate in _groups(scale):
        rates = [float(rate(k)) for k in range(len(next(iter(stream.values()))))]
        after.update(walk(params, stream, rates, decay))
    return after


def _apart(ours, theirs):
    """Return the largest relative difference of displacement over the tensors that ``theirs`` has."""
    start = _params()
    return max(
        np.linalg.norm(ours[n] - there) / max(np.linalg.norm(there - start[n]), 1e-300)
        for n, there in theirs.items()
    )


@pytest.fixture(scope="session")
def parity():
    """Return the stream, its learning rate, and the three ways to follow it."""
    return SimpleNamespace(
        rate=_rate,
        ours=_ours,
        by_optax=_by_optax,
        by_torch=_by_torch,
        by_formula=_by_formula,
        apart=_apart,
        params=_params,
        stream=_stream,
    )
