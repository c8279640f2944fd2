"""Every wrapper, and transforms in a chain, keep the contract of optimizers."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from neuralopt.core import tree
from neuralopt.optimizers import SGD, Adam
from neuralopt.schedules import Constant, Cosine
from neuralopt.testing import optimizer_checks
from neuralopt.testing.problems import example_grads, example_params
from neuralopt.testing.running import compiled_update, follow, same, to_jax, traces
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

FORMS = {
    "adaptive clip": chain(AdaptiveClip(Constant(0.5)), SGD(0.05, momentum=0.9)),
    "noise": chain(AnnealedNoise(0.01), Adam(0.05)),
    "centralise": chain(Centralise(), SGD(0.05, momentum=0.9)),
    "mars": chain(MARS(), Adam(0.05, b1=0.95, b2=0.99)),
    "accumulate 1": Accumulate(Adam(0.05), 1),
    "accumulate 2": Accumulate(Adam(0.05)),
    "cautious": Cautious(Adam(0.05)),
    "cautious paper": Cautious(Adam(0.05), convention="paper"),
    "ema": EMA(Adam(0.05)),
    "ema scheduled": EMA(Adam(0.05), Cosine(0.9, 50, 0.5), debias=False),
    "decoupled": DecoupledDecay(Adam(0.05), 0.1),
}
EVERYTHING = FiniteGuard(
    EMA(
        Accumulate(
            chain(
                ClipByValue(2.0),
                AdaptiveClip(0.5),
                Centralise(),
                MARS(0.1, b1=Cosine(0.95, 9, 0.9)),
                AnnealedNoise(0.01, seed=3),
                L2Decay(1e-3),
                ClipByGlobalNorm(1.0),
                DecoupledDecay(Cautious(Adam(Cosine(0.05, 8))), 0.1),
            ),
            2,
        ),
        0.9,
    )
)
EXCEPTIONS = {
    # noise moves parameters at zero gradient: that is what it is for
    ("noise", "rests_at_zero_gradient"),
    # the second gradient of two takes the step, so a schedule is asked half as often
    ("accumulate 2", "tells_its_learning_rate"),
}


@pytest.mark.parametrize("check", optimizer_checks(), ids=lambda check: check.__name__)
@pytest.mark.parametrize("form", FORMS)
def test_contract(check, form):
    if (form, check.__name__) not in EXCEPTIONS:
        check(FORMS[form])
    else:
        with pytest.raises(AssertionError):
            check(FORMS[form])


@pytest.mark.parametrize("at", range(1, 7))
def test_everything_at_once_resumes_bit_for_bit_and_compiles_once(at):
    bad = tree.map(lambda g: np.full_like(g, np.nan), example_grads(1, np.float32)[0])
    stream = [*example_grads(3, np.float32), bad, *example_grads(3, np.float32)]
    for params, step, given in (
        (example_params(np.float32), follow.__defaults__[0], stream),
        (to_jax(example_params(np.float32)), compiled_update, to_jax(stream)),
    ):
        whole = follow(EVERYTHING, params, given, step)
        before = len(traces)
        half, state = follow(EVERYTHING, params, given[:at], step)
        plain = [np.array(leaf) for leaf in tree.leaves(state)]
        namespace = jnp if step is compiled_update else np
        restored = tree.structure(state).unflatten([namespace.asarray(leaf) for leaf in plain])
        assert same(whole, follow(EVERYTHING, half, given[at:], step, restored))
        assert len(traces) == before
        assert int(EVERYTHING.skipped(whole[1])) == 1


def test_everything_at_once_agrees_on_numpy_and_jax():
    params, stream = example_params(), example_grads(8)
    with jax.enable_x64(True):
        there = follow(EVERYTHING, to_jax(params), to_jax(stream), compiled_update)
        here = follow(EVERYTHING, params, stream)
        averages = [EVERYTHING.evaluation_params(*reached) for reached in (here, there)]
    for ours, theirs in zip(tree.leaves([here[0], averages[0]]), tree.leaves([there[0], averages[1]])):
        np.testing.assert_allclose(ours, theirs, rtol=1e-10)
    assert EVERYTHING.averages
    assert EVERYTHING.guards
