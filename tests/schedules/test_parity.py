"""Schedules against optax and torch, where they mean the same."""

import jax.numpy as jnp
import numpy as np
import optax
import pytest

from neuralopt.schedules import (
    Constant,
    Cosine,
    CosineRestarts,
    Cyclical,
    Exponential,
    InverseSqrt,
    Join,
    MultiStep,
    OneCycle,
    Piecewise,
    Polynomial,
    Product,
    Step,
    Warmup,
    WarmupCosine,
)

STEPS = np.arange(60)

OPTAX = {
    "constant": (Constant(0.3), lambda: optax.constant_schedule(0.3)),
    "cosine": (Cosine(0.3, 40), lambda: optax.cosine_decay_schedule(0.3, 40)),
    "cosine to 0.03": (Cosine(0.3, 40, 0.03), lambda: optax.cosine_decay_schedule(0.3, 40, alpha=0.1)),
    "restarts": (
        Join((Cosine(0.3, 10), Cosine(0.3, 20), Cosine(0.3, 40)), (10, 30)),
        lambda: optax.sgdr_schedule(
            [
                {"init_value": 0.3, "peak_value": 0.3, "warmup_steps": 0, "decay_steps": n}
                for n in (10, 20, 40)
            ]
        ),
    ),
    "warm-up": (Warmup(0.3, steps=10, start=0.1), lambda: optax.linear_schedule(0.1, 0.3, 10)),
    "warm-up, cosine": (
        WarmupCosine(0.3, 10, 50, 0.01),
        lambda: optax.warmup_cosine_decay_schedule(0.0, 0.3, 10, 50, end_value=0.01),
    ),
    "cosine after warm-up": (
        Warmup(Cosine(0.3, 40, 0.03), steps=10),
        lambda: optax.join_schedules(
            [optax.linear_schedule(0.0, 0.3, 10), optax.cosine_decay_schedule(0.3, 40, alpha=0.1)], [10]
        ),
    ),
    "polynomial": (Polynomial(0.3, 40, 0.01, 2.5), lambda: optax.polynomial_schedule(0.3, 0.01, 2.5, 40)),
    "linear": (Polynomial(0.3, 40, 0.01), lambda: optax.linear_schedule(0.3, 0.01, 40)),
    "exponential": (Exponential(0.3, 0.8, steps=7), lambda: optax.exponential_decay(0.3, 7, 0.8)),
    "staircase": (
        Exponential(0.3, 0.8, steps=7, staircase=True),
        lambda: optax.exponential_decay(0.3, 7, 0.8, staircase=True),
    ),
    "multi-step": (
        MultiStep(0.3, (10, 25), 0.5),
        lambda: optax.piecewise_constant_schedule(0.3, {10: 0.5, 25: 0.5}),
    ),
    "piecewise": (
        Piecewise((0, 10, 40), (0.3, 0.6, 0.06)),
        lambda: optax.piecewise_interpolate_schedule("linear", 0.3, {10: 2.0, 40: 0.1}),
    ),
}


@pytest.mark.usefixtures("x64")
@pytest.mark.parametrize("name", OPTAX)
def test_equals_optax(name):
    ours, theirs = OPTAX[name]
    schedule = theirs()
    expected = np.array([float(schedule(jnp.asarray(k, jnp.int64))) for k in STEPS])
    np.testing.assert_allclose(ours(STEPS), expected, rtol=0, atol=1e-15)


def by_steps(make):
    """Return the rates that torch goes through when it is stepped."""

    def rates(optimizer):
        scheduler, found = make(optimizer), []
        for _ in STEPS:
            found.append(optimizer.param_groups[0]["lr"])
            optimizer.step()
            scheduler.step()
        return found

    return rates


def closed(make):
    """Return the rates of torch's closed form; the recursion that it steps by gathers roundings."""

    def rates(optimizer):
        scheduler, found = make(optimizer), []
        for step in STEPS:
            scheduler.last_epoch = int(step)
            found.append(scheduler._get_closed_form_lr()[0])
        return found

    return rates


def torch_cases(lr):
    """Return name -> (ours, torch's)."""
    cycle = {"cycle_momentum": False}
    return {
        "polynomial": (Polynomial(0.3, 40, power=2.5), closed(lambda o: lr.PolynomialLR(o, 40, 2.5))),
        "linear": (Polynomial(0.3, 40, 0.03), closed(lambda o: lr.LinearLR(o, 1.0, 0.1, 40))),
        "exponential": (Exponential(0.3, 0.8), closed(lambda o: lr.ExponentialLR(o, 0.8))),
        "step": (Step(0.3, 7, 0.5), closed(lambda o: lr.StepLR(o, 7, 0.5))),
        "step, stepped": (Step(0.3, 7, 0.3), by_steps(lambda o: lr.StepLR(o, 7, 0.3))),
        "multi-step": (MultiStep(0.3, (7, 25), 0.3), closed(lambda o: lr.MultiStepLR(o, [7, 25], 0.3))),
        "cosine": (Cosine(0.3, 60, 0.01), closed(lambda o: lr.CosineAnnealingLR(o, 60, 0.01))),
        "restarts": (
            CosineRestarts(0.3, 8, end=0.01),
            by_steps(lambda o: lr.CosineAnnealingWarmRestarts(o, 8, eta_min=0.01)),
        ),
        "longer restarts": (
            CosineRestarts(0.3, 3, 2, 0.01),
            by_steps(lambda o: lr.CosineAnnealingWarmRestarts(o, 3, 2, 0.01)),
        ),
        "triangular": (Cyclical(0.1, 0.3, 4), by_steps(lambda o: lr.CyclicLR(o, 0.1, 0.3, 4, **cycle))),
        "triangular2": (
            Cyclical(0.1, 0.3, 4, 7, "triangular2"),
            by_steps(lambda o: lr.CyclicLR(o, 0.1, 0.3, 4, 7, "triangular2", **cycle)),
        ),
        "exp_range": (
            Cyclical(0.1, 0.3, 4, 7, "exp_range", 0.97),
            by_steps(lambda o: lr.CyclicLR(o, 0.1, 0.3, 4, 7, "exp_range", 0.97, **cycle)),
        ),
        "warm-up": (Warmup(0.3, 10, 0.03), closed(lambda o: lr.LinearLR(o, 0.1, 1.0, 10))),
        "joined": (
            Join((Exponential(0.3, 0.9), Exponential(0.3, 0.8)), (20,)),
            by_steps(
                lambda o: lr.SequentialLR(o, [lr.ExponentialLR(o, 0.9), lr.ExponentialLR(o, 0.8)], [20])
            ),
        ),
        "product": (
            Product((Step(0.3, 7, 0.5), Exponential(1.0, 0.9))),
            by_steps(lambda o: lr.ChainedScheduler([lr.StepLR(o, 7, 0.5), lr.ExponentialLR(o, 0.9)])),
        ),
        "inverse square root": (
            Warmup(InverseSqrt(0.3, 16), steps=16),
            by_steps(lambda o: lr.LambdaLR(o, lambda t: 4 * min(max(t, 1e-9) ** -0.5, t * 16**-1.5))),
        ),
    }


def test_equals_torch(torch):
    for name, (ours, theirs) in torch_cases(torch.optim.lr_scheduler).items():
        optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=0.3)
        np.testing.assert_allclose(ours(STEPS), theirs(optimizer), rtol=0, atol=1e-15, err_msg=name)


@pytest.mark.parametrize("three_phase", [False, True])
@pytest.mark.parametrize("anneal", ["cos", "linear"])
def test_one_cycle_and_its_momentum_equal_torch(torch, anneal, three_phase):
    options = {"pct_start": 0.31, "div_factor": 20, "final_div_factor": 50, "three_phase": three_phase}
    ours = OneCycle(0.3, len(STEPS), anneal=anneal, **options)
    optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=0.3, momentum=0.9)
    scheduler = torch.optim.lr_scheduler.OneCycleLR(
        optimizer, 0.3, len(STEPS), anneal_strategy=anneal, **options
    )
    rates, momenta = [], []
    for step in STEPS:
        rates.append(optimizer.param_groups[0]["lr"])
        momenta.append(optimizer.param_groups[0]["momentum"])
        optimizer.step()
        if step + 1 < len(STEPS):
            scheduler.step()
    np.testing.assert_allclose(ours(STEPS), rates, rtol=0, atol=1e-15)
    np.testing.assert_allclose(ours.momentum()(STEPS), momenta, rtol=0, atol=1e-15)
