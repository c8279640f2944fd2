"""States from and to optax and torch: continued on the other side, a run stays within 1e-12 of itself."""

import os

import jax
import jax.numpy as jnp
import numpy as np
import optax
import optax.contrib
import pytest

from neuralopt import apply_updates, optimizers, transforms
from neuralopt.core import tree
from neuralopt.core.errors import InvalidArgument
from neuralopt.optimizers import (
    from_optax_state,
    from_torch_state,
    to_optax_state,
    to_torch_state,
    warm_start,
)

RATE, SWITCH, STEPS = 0.01, 25, 75
rng = np.random.default_rng(0)
PARAMS = {"a": {"W": rng.normal(size=(3, 2)), "b": rng.normal(size=2)}, "c": {"W": rng.normal(size=(2, 2))}}
STREAM = [tree.map(lambda p: rng.normal(size=p.shape), PARAMS) for _ in range(STEPS)]
NAMES = tree.names(PARAMS)

OPTAX = {
    "adam": (optimizers.Adam(RATE), optax.adam(RATE)),
    "adamw": (optimizers.AdamW(RATE, weight_decay=0.1, mask="all"), optax.adamw(RATE, weight_decay=0.1)),
    "amsgrad": (optimizers.AMSGrad(RATE, convention="optax"), optax.amsgrad(RATE)),
    "radam": (optimizers.RAdam(RATE, convention="optax"), optax.radam(RATE)),
    "lamb": (optimizers.LAMB(RATE, weight_decay=0.1, mask="all"), optax.lamb(RATE, weight_decay=0.1)),
    "adagrad": (optimizers.AdaGrad(RATE, convention="optax"), optax.adagrad(RATE)),
    "adadelta": (optimizers.AdaDelta(1.0, eps=1e-6, rho=0.9), optax.adadelta(1.0, rho=0.9, eps=1e-6)),
    "lars": (
        optimizers.LARS(RATE, weight_decay=0.1, convention="optax", mask="all", trust_coefficient=0.02),
        optax.lars(RATE, weight_decay=0.1, trust_coefficient=0.02),
    ),
    "momentum": (optimizers.SGD(RATE, momentum=0.9), optax.sgd(RATE, momentum=0.9)),
    "rmsprop": (
        optimizers.RMSprop(RATE, decay=0.9, momentum=0.9, centered=True, convention="optax"),
        optax.rmsprop(RATE, decay=0.9, momentum=0.9, centered=True),
    ),
    "chain": (
        transforms.chain(transforms.ClipByGlobalNorm(1.0), optimizers.Adam(RATE)),
        optax.chain(optax.clip_by_global_norm(1.0), optax.adam(RATE)),
    ),
    "ademamix": (optimizers.AdEMAMix(RATE), optax.contrib.ademamix(RATE)),
    "prodigy": (optimizers.Prodigy(bias_correction=True, d0=1e-2), optax.contrib.prodigy(estim_lr0=1e-2)),
    "schedule-free adamw": (
        optimizers.ScheduleFreeAdamW(RATE),
        optax.contrib.schedule_free_adamw(RATE, b1=0.9, b2=0.999),
    ),
    "schedule-free sgd": (optimizers.ScheduleFreeSGD(RATE), optax.contrib.schedule_free_sgd(RATE, b1=0.9)),
    "injected": (optimizers.Adam(RATE), optax.inject_hyperparams(optax.adam)(learning_rate=RATE)),
}


def ours(optimizer, params, state, steps):
    for k in steps:
        updates, state = optimizer.update(STREAM[k], state, params)
        params = apply_updates(params, updates)
    return params, state


def apart(one, other):
    pairs = zip(tree.leaves(one), tree.leaves(other), strict=True)
    return max(float(np.max(np.abs(np.asarray(a) - np.asarray(b)))) for a, b in pairs)


@pytest.mark.parametrize("name", OPTAX)
def test_a_run_goes_on_from_optax_and_to_optax(name):
    optimizer, theirs = OPTAX[name]
    with jax.enable_x64(True):

        def run(params, state, steps):
            update = jax.jit(theirs.update)
            for k in steps:
                updates, state = update(tree.map(jnp.asarray, STREAM[k]), state, params)
                params = optax.apply_updates(params, updates)
            return params, state

        start = tree.map(jnp.asarray, PARAMS)
        middle, state = run(start, theirs.init(start), range(SWITCH))
        end, _ = run(middle, state, range(SWITCH, STEPS))
        theirs_here = tree.map(np.asarray, middle)
        loaded = from_optax_state(optimizer, theirs_here, state, count=SWITCH)
        assert apart(ours(optimizer, theirs_here, loaded.state, range(SWITCH, STEPS))[0], end) <= 1e-12

        params, mine = ours(optimizer, PARAMS, optimizer.init(PARAMS), range(SWITCH))
        whole, _ = ours(optimizer, params, mine, range(SWITCH, STEPS))
        exported = to_optax_state(optimizer, mine, theirs.init(start))
        there, _ = run(tree.map(jnp.asarray, params), exported, range(SWITCH, STEPS))
        assert apart(there, whole) <= 1e-12


def test_what_optax_lacks_is_named():
    state = optax.sgd(RATE, momentum=0.9).init(PARAMS)
    with pytest.raises(InvalidArgument, match=r"keeps no count of updates, which SGD needs.*Pass count="):
        from_optax_state(optimizers.SGD(RATE, momentum=0.9), PARAMS, state)
    with pytest.raises(InvalidArgument, match=r"the optax state does not fill Adam: mu/a/W.* not found"):
        from_optax_state(optimizers.Adam(RATE), PARAMS, state, count=0)
    with pytest.raises(InvalidArgument, match=r"optax remembers '0/trace/a/W', but AdamState has no"):
        to_optax_state(optimizers.Adam(), optimizers.Adam().init(PARAMS), state)


def test_half_a_state_is_not_exported():
    opt = optimizers.Adam()
    for theirs in (
        optax.MultiSteps(optax.adam(RATE), 2).gradient_transformation(),
        optax.chain(optax.ema(0.9), optax.adam(RATE)),
        optax.apply_if_finite(optax.adam(RATE), 3),
    ):
        with pytest.raises(
            InvalidArgument, match=r"optax remembers '.*'(, which has no counterpart in|, but) AdamState"
        ):
            to_optax_state(opt, opt.init(PARAMS), theirs.init(PARAMS))


@pytest.mark.parametrize(
    ("wrapped", "grads", "steps"),
    [
        (transforms.Accumulate(optimizers.Adam(RATE), 4), [1.0] * 8, 2),
        (transforms.FiniteGuard(optimizers.Adam(RATE)), [1.0, np.nan, np.nan, 1.0], 2),
        (
            transforms.chain(transforms.ClipByValue(1.0), transforms.FiniteGuard(optimizers.AdamW(RATE))),
            [1.0, np.nan],
            1,
        ),
    ],
    ids=["accumulated", "guarded", "chained"],
)
def test_the_count_that_leaves_is_that_of_the_moments(wrapped, grads, steps):
    params = {"w": np.ones(2)}
    state = wrapped.init(params)
    for g in grads:
        _, state = wrapped.update({"w": np.full(2, g)}, state, params)
    assert int(to_optax_state(wrapped, state, optax.adam(RATE).init(params))[0].count) == steps
    assert int(warm_start(optimizers.Adam(), params, state).state.count) == steps
    inside = warm_start(optimizers.AdamW(), params, state).state
    assert (int(inside.count), int(inside.inner.count)) == (steps, steps)
    # between equal wrappers every count stays where it is
    again = warm_start(wrapped, params, state).state
    for ours, theirs in zip(tree.leaves(again), tree.leaves(state), strict=True):
        np.testing.assert_array_equal(ours, theirs)


def test_the_count_of_the_moments_goes_to_torch(torch):
    wrapped, params = transforms.Accumulate(optimizers.Adam(RATE), 4), {"w": np.ones(2)}
    state = wrapped.init(params)
    for _ in range(8):
        _, state = wrapped.update(params, state, params)
    theirs = torch.optim.Adam([torch.ones(2, requires_grad=True)])
    assert float(to_torch_state(state, theirs, ["w"])["state"][0]["step"]) == 2.0


@pytest.fixture(scope="module")
def torch():
    if "CI" in os.environ:
        import torch

        return torch
    return pytest.importorskip("torch")


def torch_cases(torch):
    adam, opt = torch.optim.Adam, torch.optim
    return {
        "adam": (optimizers.Adam(RATE), lambda p: adam(p, lr=RATE, foreach=False)),
        "adamw": (
            optimizers.AdamW(RATE, weight_decay=0.1, mask="all"),
            lambda p: opt.AdamW(p, lr=RATE, weight_decay=0.1, foreach=False),
        ),
        "amsgrad": (optimizers.AMSGrad(RATE), lambda p: adam(p, lr=RATE, amsgrad=True, foreach=False)),
        "radam": (optimizers.RAdam(RATE), lambda p: opt.RAdam(p, lr=RATE, foreach=False)),
        "momentum": (
            optimizers.SGD(RATE, momentum=0.9),
            lambda p: opt.SGD(p, lr=RATE, momentum=0.9, foreach=False),
        ),
        "rmsprop": (
            optimizers.RMSprop(RATE, momentum=0.9, centered=True),
            lambda p: opt.RMSprop(p, lr=RATE, momentum=0.9, centered=True, foreach=False),
        ),
        "adagrad": (optimizers.AdaGrad(RATE), lambda p: opt.Adagrad(p, lr=RATE, foreach=False)),
        "adadelta": (
            optimizers.AdaDelta(1.0, rho=0.9, eps=1e-6),
            lambda p: opt.Adadelta(p, lr=1.0, foreach=False),
        ),
    }


def layout(name, array):
    """Torch keeps dense weights as (outputs, inputs)."""
    return array.T if array.ndim == 2 else array


@pytest.mark.parametrize(
    "name", ["adam", "adamw", "amsgrad", "radam", "momentum", "rmsprop", "adagrad", "adadelta"]
)
def test_a_run_goes_on_from_torch_and_to_torch(name, torch):
    optimizer, make = torch_cases(torch)[name]
    # torch is given the parameters in another order than ours
    names = list(reversed(NAMES))

    def tensors(params):
        by_name = dict(zip(NAMES, tree.leaves(params), strict=True))
        return [torch.tensor(np.ascontiguousarray(layout(n, by_name[n])), requires_grad=True) for n in names]

    def run(made, theirs, steps):
        for k in steps:
            grads = dict(zip(NAMES, tree.leaves(STREAM[k]), strict=True))
            for n, tensor in zip(names, made, strict=True):
                tensor.grad = torch.tensor(np.ascontiguousarray(layout(n, grads[n])))
            theirs.step()
        return tree.structure(PARAMS).unflatten(
            [layout(n, made[names.index(n)].detach().numpy()).copy() for n in NAMES]
        )

    made = tensors(PARAMS)
    theirs = make(made)
    middle = run(made, theirs, range(SWITCH))
    # torch's SGD keeps no count; without a schedule it does not matter here
    loaded = from_torch_state(optimizer, middle, theirs.state_dict(), names, layout=layout)
    end = run(made, theirs, range(SWITCH, STEPS))
    assert apart(ours(optimizer, middle, loaded.state, range(SWITCH, STEPS))[0], end) <= 1e-12

    params, mine = ours(optimizer, PARAMS, optimizer.init(PARAMS), range(SWITCH))
    whole, _ = ours(optimizer, params, mine, range(SWITCH, STEPS))
    made = tensors(params)
    theirs = make(made)
    theirs.load_state_dict(to_torch_state(mine, theirs, names, layout=layout))
    assert apart(run(made, theirs, range(SWITCH, STEPS)), whole) <= 1e-12


def test_what_does_not_fit_torch_is_named(torch):
    made = [torch.ones(2, dtype=torch.float64, requires_grad=True), torch.ones(1, requires_grad=True)]
    params = {"a": np.ones(2), "b": np.ones(1)}
    theirs = torch.optim.Adam(made)
    made[0].grad = torch.ones(2, dtype=torch.float64)
    theirs.step()
    saved = theirs.state_dict()
    with pytest.raises(InvalidArgument, match=r"torch has 2 parameters, names has 1"):
        from_torch_state(optimizers.Adam(), params, saved, ["a"])
    with pytest.raises(InvalidArgument, match=r"the torch state does not fill Adam: mu/b, nu/b not found"):
        from_torch_state(optimizers.Adam(), params, saved, ["a", "b"])
    made[1].grad = torch.ones(1)
    theirs.step()
    with pytest.raises(InvalidArgument, match=r"have had \[1, 2\] updates.*Partition"):
        from_torch_state(optimizers.Adam(), params, theirs.state_dict(), ["a", "b"])
    with pytest.raises(InvalidArgument, match=r"torch has no counterpart of LARSState"):
        to_torch_state(optimizers.LARS().init(params), theirs, ["a", "b"])
    with pytest.raises(InvalidArgument, match=r"our state has no 'mu/x'; it has count"):
        to_torch_state(optimizers.Adam().init(params), theirs, ["x", "b"])
