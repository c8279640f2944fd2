"""What single optimizers promise beyond the contract."""

import array_api_strict as strict
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from neuralopt import optimizers
from neuralopt.core import tree
from neuralopt.optimizers import with_learning_rate
from neuralopt.schedules import Cosine, WarmupCosine
from neuralopt.testing.running import update
from neuralopt.transforms import ClipByGlobalNorm, ClipByValue, DecoupledDecay, L2Decay, chain

FORMS = [
    *(cls() for cls in optimizers.registered().values()),
    optimizers.SGD(0.1, momentum=0.9, nesterov=True),
    optimizers.RMSprop(0.1, momentum=Cosine(0.9, 5), centered=True, initial_scale=1.0),
    optimizers.NAdamW(WarmupCosine(0.1, 2, 10), convention="optax"),
    chain(ClipByValue(0.5), ClipByGlobalNorm(1.0), L2Decay(0.1), optimizers.Adam(0.1)),
    DecoupledDecay(optimizers.SGD(0.1), Cosine(0.1, 5), mask="all"),
    *(optimizers.AMSGrad(0.1, convention=c) for c in ("paper", "optax", "keras")),
    *(optimizers.RAdam(0.1, b2=0.9, convention=c) for c in ("optax", "paper", "official")),
    *(optimizers.LARS(0.1, mask="all", convention=c) for c in ("optax", "timm")),
    *(optimizers.LAMB(0.1, mask="all", convention=c) for c in ("keras", "timm")),
    optimizers.AdaBound(WarmupCosine(0.1, 2, 10), convention="paper"),
    optimizers.AdamW(WarmupCosine(0.1, 2, 10), convention="corrected", max_learning_rate=0.1),
    optimizers.Lookahead(chain(ClipByValue(0.5), optimizers.LARS(0.1)), k=2, convention="timm"),
]


@pytest.mark.parametrize("opt", FORMS, ids=repr)
def test_strict_arrays_equal_numpy(opt, parity):
    results = []
    for xp in (np, strict):
        params = tree.map(xp.asarray, parity.params())
        state = opt.init(params)
        for k in range(6):
            grads = {name: xp.asarray(g[k]) for name, g in parity.stream(1.0).items()}
            updates, state = update(opt, grads, state, params)
            params = tree.apply_updates(params, updates)
        results.append(tree.map(np.asarray, params))
    for ours, theirs in zip(*map(tree.leaves, results), strict=True):
        np.testing.assert_array_equal(ours, theirs)


@pytest.mark.usefixtures("strict_dtypes")
@pytest.mark.parametrize("dtype", [jnp.float32, jnp.bfloat16])
@pytest.mark.parametrize("opt", FORMS, ids=repr)
def test_kernels_live_with_strict_dtype_promotion(opt, dtype):
    params = {"W": jnp.ones((2, 2), dtype), "b": jnp.ones(2, dtype)}
    updates, _ = jax.eval_shape(lambda o, p: update(o, p, o.init(p), p), opt, params)
    assert {leaf.dtype for leaf in tree.leaves(updates)} == {jnp.dtype(dtype)}


@pytest.mark.parametrize("opt", FORMS, ids=repr)
def test_a_jax_gradient_may_meet_numpy_parameters(opt):
    params = {"W": np.ones((2, 2), np.float32), "b": np.ones(2, np.float32)}
    here, _ = update(opt, params, opt.init(params), params)
    mixed, state = update(opt, tree.map(jnp.asarray, params), opt.init(params), params)
    params = tree.apply_updates(params, mixed)
    update(opt, tree.map(jnp.asarray, params), state, params)
    for ours, theirs in zip(tree.leaves(here), tree.leaves(mixed), strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-6)


def test_two_are_meant_for_the_whole_data():
    whole = [name for name, cls in optimizers.registered().items() if cls().full_batch]
    assert whole == ["gd", "lbfgs"]
    assert chain(ClipByValue(1.0), optimizers.GD()).full_batch
    assert DecoupledDecay(optimizers.GD()).full_batch
    assert not chain(ClipByValue(1.0), optimizers.SGD()).full_batch


def test_centred_rmsprop_stays_finite_where_the_variance_cancels():
    """Without the clamp the variance falls below 0 from about step 1150 on, and its root is NaN."""
    opt = optimizers.RMSprop(1e-3, centered=True)
    rng = np.random.default_rng(0)
    stream = jnp.asarray(np.linspace(99.3, 103.3, 16) + 1e-3 * rng.normal(size=(2000, 16)), jnp.float32)
    params = [jnp.zeros(16, jnp.float32)]

    def step(carry, gradient):
        params, state = carry
        updates, state = opt.update([gradient], state, params)
        return (tree.apply_updates(params, updates), state), updates[0]

    _, updates = jax.jit(lambda first: jax.lax.scan(step, first, stream))((params, opt.init(params)))
    assert bool(jnp.all(jnp.isfinite(updates)))
    assert bool(jnp.all(updates < 0))


@pytest.mark.parametrize("opt", [cls() for cls in optimizers.registered().values()], ids=repr)
@pytest.mark.parametrize("params", [{"W": np.ones((0, 3)), "b": np.ones(3)}, {"W": np.ones((3, 0))}], ids=len)
def test_an_array_without_entries_is_no_trouble(opt, params):
    def loss(trial):
        return sum(float((leaf * leaf).sum()) for leaf in trial.values())

    state = opt.init(params)
    for _ in range(3):
        updates, state = opt.update(params, state, params, value=loss(params), value_fn=loss)
        params = tree.apply_updates(params, updates)
    assert [np.isfinite(leaf).all() for leaf in params.values()] == [True] * len(params)


def test_momentum_0_is_plain_sgd_also_in_nesterovs_form():
    params, grads = [np.array([1.0, 2.0])], [np.array([0.3, -0.7])]
    plain, nesterov = optimizers.SGD(0.1), optimizers.SGD(0.1, momentum=0.0, nesterov=True)
    state, expected = nesterov.init(params), plain.update(grads, plain.init(params), params)[0]
    for _ in range(3):
        updates, state = nesterov.update(grads, state, params)
        np.testing.assert_array_equal(updates[0], expected[0])


@pytest.mark.parametrize(
    ("made", "name"),
    [
        (lambda h: optimizers.Adam(0.1, b1=h(0.5)), "b1"),
        (lambda h: optimizers.Adam(0.1, b2=h(0.5)), "b2"),
        (lambda h: optimizers.AdamW(0.1, weight_decay=h(0.5), mask="all"), "weight_decay"),
        (lambda h: optimizers.NAdamW(0.1, weight_decay=h(0.5), mask="all"), "weight_decay"),
        (lambda h: optimizers.SGD(0.1, momentum=h(0.5)), "momentum"),
        (lambda h: optimizers.RMSprop(0.1, momentum=h(0.5)), "momentum"),
        (lambda h: optimizers.RMSprop(0.1, decay=h(0.5)), "decay"),
        (lambda h: optimizers.AdaBound(0.1, final_learning_rate=h(1e-3)), "final_learning_rate"),
        (lambda h: optimizers.AdaBound(0.1, gamma=h(10.0)), "gamma"),
        (lambda h: optimizers.AdaDelta(rho=h(0.5)), "rho"),
        (lambda h: optimizers.AdaDelta(eps=h(0.5)), "eps"),
        (lambda h: optimizers.LAMB(0.1, b2=h(0.5)), "b2"),
        (lambda h: optimizers.LAMB(0.1, weight_decay=h(0.5), mask="all"), "weight_decay"),
        (lambda h: optimizers.LARS(0.1, momentum=h(0.5)), "momentum"),
        (lambda h: optimizers.LARS(0.1, weight_decay=h(0.5), mask="all"), "weight_decay"),
        (lambda h: optimizers.LARS(0.1, trust_coefficient=h(0.5), mask="all"), "trust_coefficient"),
        (lambda h: optimizers.RAdam(0.1, b1=h(0.5)), "b1"),
        (lambda h: DecoupledDecay(optimizers.SGD(0.1), h(0.5), mask="all"), "weight_decay"),
    ],
)
def test_every_hyperparameter_that_says_so_can_be_scheduled(made, name):
    def run(opt):
        params = [np.array([1.0, -2.0])]
        state = opt.init(params)
        for k in range(3):
            updates, state = opt.update([np.array([0.3, 0.1 * k])], state, params)
            params = tree.apply_updates(params, updates)
        return params[0]

    constant, stepped = made(lambda value: value), made(lambda value: lambda step: value)
    falling = made(lambda value: lambda step: value / (1 + step))
    np.testing.assert_array_equal(run(constant), run(stepped))
    assert not np.allclose(run(constant), run(falling), rtol=1e-6), name


def test_with_learning_rate_reaches_into_wrappers():
    inner = DecoupledDecay(chain(ClipByValue(1.0), optimizers.SGD(0.1)), 0.2)
    changed = with_learning_rate(inner, 0.7)
    assert changed.learning_rate == 0.7
    assert changed.weight_decay == 0.2
    assert inner.learning_rate == 0.1
