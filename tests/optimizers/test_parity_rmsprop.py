"""RMSprop against optax for every combination of its switches."""

import optax
import pytest

from neuralopt import optimizers


@pytest.mark.parametrize("centered", [False, True])
@pytest.mark.parametrize("eps_in_sqrt", [False, True])
@pytest.mark.parametrize("lr_in_momentum", [False, True])
@pytest.mark.parametrize("momentum", [None, 0.9])
def test_rmsprop_equals_optax_for_all_flags(parity, centered, eps_in_sqrt, lr_in_momentum, momentum):
    first = 1.0 if centered == eps_in_sqrt else 0.0  # sets the first state only, so it is spread, not crossed

    def ours(rate):
        return optimizers.RMSprop(
            rate,
            decay=0.9,
            momentum=momentum,
            initial_scale=first,
            centered=centered,
            eps_in_sqrt=eps_in_sqrt,
            lr_in_momentum=lr_in_momentum,
        )

    def theirs(rate, _):
        scaling = optax.scale_by_stddev if centered else optax.scale_by_rms
        scaled = scaling(0.9, eps=1e-8, initial_scale=first, eps_in_sqrt=eps_in_sqrt)
        trace = optax.trace(momentum) if momentum else optax.identity()
        rate = optax.scale_by_learning_rate(rate)
        return optax.chain(scaled, *([rate, trace] if lr_in_momentum else [trace, rate]))

    runs = [(0.0, 1.0), (0.0, 1e-6)]
    for (_, scale), expected in zip(runs, parity.by_optax(theirs, runs)):
        assert parity.apart(parity.ours(ours, scale), expected) <= 1e-12, scale
