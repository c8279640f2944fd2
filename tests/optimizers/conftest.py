"""The one stream of gradients that all parity tests follow, and who follows it."""

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
    """Return 200 gradients, stacked; ``late`` joins at step 50."""
    rng = np.random.default_rng(4)
    drawn = {name: scale * rng.normal(size=(STEPS, *shape)) for name, shape in SHAPES.items()}
    drawn["late"][:JOIN] = 0.0
    return drawn


def _rate(step):
    """Return the learning rate: it drops tenfold half-way."""
    xp = jnp if isinstance(step, jax.Array) else np
    return xp.where(step < DROP, RATE, RATE / 10)


def _ours(optimizer, scale):
    """Follow the stream on NumPy, in float64."""
    params, stream = _params(), _stream(scale)
    state = optimizer.init(params)
    for k in range(STEPS):
        updates, state = optimizer.update({n: g[k] for n, g in stream.items()}, state, params)
        params = tree.apply_updates(params, updates)
    return params


def _by_optax(make, cases):
    """Follow the streams in optax, compiled once for all pairs of (decay, scale), in float64."""

    @jax.jit
    def follow(decay, params, stream):
        transformation = make(decay)

        def step(carry, grads):
            params, state = carry
            updates, state = transformation.update(grads, state, params)
            return (optax.apply_updates(params, updates), state), None

        return jax.lax.scan(step, (params, transformation.init(params)), stream)[0][0]

    with jax.enable_x64(True):
        return [jax.tree.map(np.asarray, follow(decay, _params(), _stream(scale))) for decay, scale in cases]


def _by_torch(torch, make, scale, joins):
    """Follow the stream in torch; with ``joins`` the late tensor has no gradient at all before it joins."""
    params = {name: torch.tensor(p, requires_grad=True) for name, p in _params().items()}
    optimizer, stream = make(params), _stream(scale)
    for k in range(STEPS):
        for name, p in params.items():
            absent = joins and name == "late" and k < JOIN
            p.grad = None if absent else torch.tensor(stream[name][k])
        for group in optimizer.param_groups:
            group["lr"] = float(_rate(k))
        optimizer.step()
    return {name: p.detach().numpy() for name, p in params.items()}


def _apart(ours, theirs):
    """Return the largest relative difference of displacement over the tensors."""
    start = _params()
    return max(
        np.linalg.norm(ours[n] - theirs[n]) / max(np.linalg.norm(theirs[n] - p), 1e-300)
        for n, p in start.items()
    )


@pytest.fixture(scope="session")
def parity():
    """Return the stream, its learning rate, and the three ways to follow it."""
    return SimpleNamespace(
        rate=_rate,
        ours=_ours,
        by_optax=_by_optax,
        by_torch=_by_torch,
        apart=_apart,
        params=_params,
        stream=_stream,
    )
