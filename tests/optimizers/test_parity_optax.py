"""Every optimizer against optax: float64, 200 steps, two gradient scales, a tenfold drop of the rate."""

import itertools

import optax
import pytest

from neuralopt import optimizers
from neuralopt.transforms import L2Decay, chain

RUNS = list(itertools.product([0.0, 0.1], [1.0, 1e-6]))  # decay, scale of the gradients


def plain(ours, theirs):
    return (
        lambda rate, decay: chain(L2Decay(decay, mask="all"), ours(rate)),
        lambda rate, decay: optax.chain(optax.add_decayed_weights(decay), theirs(rate)),
    )


def decoupled(ours, theirs):
    return (
        lambda rate, decay: ours(rate, weight_decay=decay),
        lambda rate, decay: theirs(rate, weight_decay=decay),
    )


def masked(params):
    return {name: leaf.ndim >= 2 for name, leaf in params.items()}


def lr_inside(rate):
    """Optax's own order in rmsprop, by its parts: the learning rate, then the momentum."""
    return optax.chain(optax.scale_by_learning_rate(rate), optax.trace(0.9))


CASES = {
    "gd": plain(optimizers.GD, optax.sgd),
    "sgd": plain(optimizers.SGD, optax.sgd),
    "momentum": plain(
        lambda rate: optimizers.SGD(rate, momentum=0.9), lambda rate: optax.sgd(rate, momentum=0.9)
    ),
    "nesterov": plain(
        lambda rate: optimizers.SGD(rate, momentum=0.9, nesterov=True),
        lambda rate: optax.sgd(rate, momentum=0.9, nesterov=True),
    ),
    "momentum, rate inside": plain(
        lambda rate: optimizers.SGD(rate, momentum=0.9, lr_in_momentum=True), lr_inside
    ),
    "nesterov, rate inside": plain(
        lambda rate: optimizers.SGD(rate, momentum=0.9, nesterov=True, lr_in_momentum=True),
        lambda rate: optax.chain(optax.scale_by_learning_rate(rate), optax.trace(0.9, nesterov=True)),
    ),
    "adam": plain(optimizers.Adam, optax.adam),
    "adam, other numbers": plain(
        lambda rate: optimizers.Adam(rate, b1=0.0, b2=0.9, eps=1e-3),
        lambda rate: optax.adam(rate, b1=0.0, b2=0.9, eps=1e-3),
    ),
    "adamw": decoupled(
        lambda rate, weight_decay: optimizers.AdamW(rate, weight_decay=weight_decay, mask="all"), optax.adamw
    ),
    "adamw, matrices": decoupled(
        optimizers.AdamW,
        lambda rate, weight_decay: optax.adamw(rate, weight_decay=weight_decay, mask=masked),
    ),
    "nadamw": decoupled(
        lambda rate, weight_decay: optimizers.NAdamW(
            rate, weight_decay=weight_decay, mask="all", convention="optax"
        ),
        optax.nadamw,
    ),
    "nadamw, matrices": decoupled(
        lambda rate, weight_decay: optimizers.NAdamW(rate, weight_decay=weight_decay, convention="optax"),
        lambda rate, weight_decay: optax.nadamw(rate, weight_decay=weight_decay, mask=masked),
    ),
    "adagrad": plain(  # optax adds eps under the root, so both leave it out
        lambda rate: optimizers.AdaGrad(rate, initial_accumulator_value=0.1, eps=0.0),
        lambda rate: optax.adagrad(rate, initial_accumulator_value=0.1, eps=0.0),
    ),
    "rmsprop": plain(
        lambda rate: optimizers.RMSprop(rate, eps_in_sqrt=True), lambda rate: optax.rmsprop(rate, 0.99)
    ),
    "rmsprop, optax's momentum": plain(
        lambda rate: optimizers.RMSprop(
            rate, decay=0.9, momentum=0.9, eps_in_sqrt=True, lr_in_momentum=True, initial_scale=1.0
        ),
        lambda rate: optax.rmsprop(rate, momentum=0.9, initial_scale=1.0),
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_equals_optax(parity, case):
    ours, theirs = CASES[case]
    for (decay, scale), expected in zip(RUNS, parity.by_optax(lambda d: theirs(parity.rate, d), RUNS)):
        got = parity.ours(ours(parity.rate, decay), scale)
        assert parity.apart(got, expected) <= 1e-12, (decay, scale)


@pytest.mark.parametrize("centered", [False, True])
@pytest.mark.parametrize("eps_in_sqrt", [False, True])
@pytest.mark.parametrize("lr_in_momentum", [False, True])
@pytest.mark.parametrize("momentum", [None, 0.9])
def test_rmsprop_equals_optax_for_all_flags(parity, centered, eps_in_sqrt, lr_in_momentum, momentum):
    first = 1.0 if centered == eps_in_sqrt else 0.0  # sets the first state only, so it is spread, not crossed
    ours = optimizers.RMSprop(
        parity.rate,
        decay=0.9,
        momentum=momentum,
        initial_scale=first,
        centered=centered,
        eps_in_sqrt=eps_in_sqrt,
        lr_in_momentum=lr_in_momentum,
    )

    def theirs(_):
        scaling = optax.scale_by_stddev if centered else optax.scale_by_rms
        scaled = scaling(0.9, eps=1e-8, initial_scale=first, eps_in_sqrt=eps_in_sqrt)
        trace = optax.trace(momentum) if momentum else optax.identity()
        rate = optax.scale_by_learning_rate(parity.rate)
        return optax.chain(scaled, *([rate, trace] if lr_in_momentum else [trace, rate]))

    runs = [(0.0, 1.0), (0.0, 1e-6)]
    for (_, scale), expected in zip(runs, parity.by_optax(theirs, runs)):
        assert parity.apart(parity.ours(ours, scale), expected) <= 1e-12, scale
