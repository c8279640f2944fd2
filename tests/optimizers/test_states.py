"""States by name: load, permute, go on with another optimizer; a run continued is the run itself."""

import jax.numpy as jnp
import numpy as np
import pytest

import neuralopt
from neuralopt import optimizers, transforms
from neuralopt.core.errors import InvalidArgument
from neuralopt.optimizers import load_state, state_by_name, warm_start

PARAMS = {"dense": {"W": np.ones((2, 3)), "b": np.full(3, 2.0)}, "out": {"W": np.full((3, 1), 3.0)}}


def _optax():
    return pytest.importorskip("optax")


def grads_at(step):
    random = np.random.default_rng(step)
    return {
        layer: {name: random.normal(size=leaf.shape) for name, leaf in arrays.items()}
        for layer, arrays in PARAMS.items()
    }


def follow(optimizer, params, state, steps):
    for step in steps:
        updates, state = optimizer.update(grads_at(step), state, params)
        params = neuralopt.apply_updates(params, updates)
    return params, state


def flat(tree):
    return np.concatenate([leaf.ravel() for layer in tree.values() for leaf in layer.values()])


@pytest.mark.parametrize(
    "optimizer",
    [
        optimizers.Adam(0.1),
        optimizers.AdamW(0.1),
        optimizers.RMSprop(0.1, momentum=0.9, centered=True),
        transforms.chain(transforms.ClipByGlobalNorm(0.5), optimizers.NAdamW(0.1)),
    ],
    ids=lambda opt: type(opt).__name__,
)
def test_a_run_continued_from_names_in_any_order_is_the_run_itself(optimizer):
    whole, _ = follow(optimizer, PARAMS, optimizer.init(PARAMS), range(10))
    params, state = follow(optimizer, PARAMS, optimizer.init(PARAMS), range(5))
    saved = dict(reversed(state_by_name(state).items()))
    again = load_state(optimizer, params, saved)
    assert again.missing == again.unexpected == ()
    assert type(again.state) is type(state)
    resumed, _ = follow(optimizer, params, again.state, range(5, 10))
    np.testing.assert_array_equal(flat(resumed), flat(whole))


def test_saved_names_survive_a_file(tmp_path):
    opt = optimizers.Adam(0.1)
    _, state = follow(opt, PARAMS, opt.init(PARAMS), range(3))
    np.savez(tmp_path / "state.npz", **state_by_name(state))
    with np.load(tmp_path / "state.npz") as saved:
        loaded = load_state(opt, PARAMS, saved).state
    np.testing.assert_array_equal(loaded.mu["dense"]["W"], state.mu["dense"]["W"])


def test_a_state_saved_from_numpy_goes_on_in_jax():
    opt = optimizers.Adam(0.1)
    _, state = follow(opt, PARAMS, opt.init(PARAMS), range(3))
    there = {"dense": {k: jnp.asarray(v, jnp.float32) for k, v in PARAMS["dense"].items()}}
    there["out"] = {"W": jnp.asarray(PARAMS["out"]["W"], jnp.float32)}
    loaded = load_state(opt, there, state_by_name(state)).state
    assert loaded.mu["dense"]["W"].dtype == jnp.float32
    np.testing.assert_allclose(loaded.mu["dense"]["W"], state.mu["dense"]["W"], rtol=1e-6)


def test_a_partial_load_keeps_first_values_and_says_which():
    opt = optimizers.Adam(0.1)
    _, state = follow(opt, PARAMS, opt.init(PARAMS), range(3))
    saved = state_by_name(state)
    del saved["mu/out/W"]
    saved["mu/gone/W"] = np.ones(3)
    loaded = load_state(opt, PARAMS, saved, strict=False)
    assert loaded.missing == ("mu/out/W",)
    assert loaded.unexpected == ("mu/gone/W",)
    assert "mu/dense/W" in loaded.loaded
    np.testing.assert_array_equal(loaded.state.mu["out"]["W"], np.zeros((3, 1)))
    np.testing.assert_array_equal(loaded.state.nu["out"]["W"], state.nu["out"]["W"])


@pytest.mark.parametrize(
    ("change", "text"),
    [
        (lambda s: s.pop("nu/out/W"), r"'nu/out/W' is missing.*strict=False.*warm_start"),
        (lambda s: s.update({"mu/out/w": s.pop("mu/out/W")}), r"missing.*Did you mean 'mu/out/w'\?"),
        (lambda s: s.update(extra=np.ones(1)), r"'extra' is unexpected"),
        (
            lambda s: s.update({"mu/out/W": np.ones((1, 3))}),
            r"'mu/out/W' must have shape \(3, 1\) and dtype float64, got shape \(1, 3\).*another network",
        ),
        (lambda s: s.update(count=np.asarray(1.5)), r"'count' must have shape \(\) and dtype int32"),
        (lambda s: s.update(count=np.asarray(-5, np.int32)), r"'count' must satisfy 0 <= count, got -5\."),
        (
            lambda s: s.update({"mu/out/W": np.full((3, 1), np.nan)}),
            r"'mu/out/W' holds NaN.*diverged",
        ),
        (lambda s: s.update({"mu/out/W": np.full((3, 1), "a")}), r"'mu/out/W' must have .* dtype <U1"),
    ],
)
def test_what_does_not_fit_is_named(change, text):
    opt = optimizers.Adam(0.1)
    saved = state_by_name(opt.init(PARAMS))
    change(saved)
    with pytest.raises(InvalidArgument, match=text):
        load_state(opt, PARAMS, saved)


@pytest.mark.parametrize(
    "after",
    [
        optimizers.AdamW(0.1, weight_decay=0.0),
        transforms.chain(transforms.L2Decay(0.0), optimizers.Adam(0.1)),
        transforms.DecoupledDecay(transforms.chain(optimizers.Adam(0.1)), 0.0),
    ],
    ids=lambda opt: type(opt).__name__,
)
@pytest.mark.parametrize("back", [False, True])
def test_a_warm_start_from_adam_goes_on_as_adam(after, back):
    before = optimizers.Adam(0.1)
    whole, _ = follow(before, PARAMS, before.init(PARAMS), range(10))
    first, second = (after, before) if back else (before, after)
    params, state = follow(first, PARAMS, first.init(PARAMS), range(5))
    warm = warm_start(second, params, state)
    assert all(name.endswith("learning_rate") for name in warm.missing)
    continued, _ = follow(second, params, warm.state, range(5, 10))
    np.testing.assert_allclose(flat(continued), flat(whole), rtol=1e-14)


def test_a_warm_start_keeps_the_new_learning_rate():
    before, after = optimizers.Adam(0.1), optimizers.NAdamW(0.01)
    _, state = follow(before, PARAMS, before.init(PARAMS), range(3))
    warm = warm_start(after, PARAMS, state)
    assert float(warm.state.learning_rate) == 0.01
    assert int(warm.state.count) == 3


def test_nothing_in_common_is_an_error():
    before, after = optimizers.Adam(0.1), optimizers.SGD(0.1, momentum=0.9)
    with pytest.raises(InvalidArgument, match=r"SGD can take nothing over: its state holds .*trace.* mu, nu"):
        warm_start(after, PARAMS, before.init(PARAMS))


def learned(optimizer):
    return follow(optimizer, PARAMS, optimizer.init(PARAMS), range(5))


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (optimizers.AdEMAMix(), optimizers.SOAP()),
        (optimizers.Adam(), optimizers.RMSprop(centered=True)),
        (optimizers.RMSprop(momentum=0.9), optimizers.SGD(momentum=0.9)),
        (optimizers.SGD(momentum=0.9), optimizers.LARS()),
        (optimizers.ADOPT(), optimizers.Adam()),
        (optimizers.Adam(), optimizers.ADOPT()),
        (optimizers.SOAP(), optimizers.Adam()),
        (optimizers.Adam(), optimizers.Prodigy()),
        (optimizers.Adam(), optimizers.Lion()),
        (transforms.EMA(optimizers.Adam()), transforms.EMA(optimizers.RMSprop())),
        (optimizers.Muon(), optimizers.Adam()),
        (optimizers.from_optax(_optax().adam, 0.1), optimizers.from_optax(_optax().lion, 0.1)),
        (optimizers.GD(), optimizers.GD()),
    ],
    ids=lambda opt: type(opt).__name__,
)
def test_fields_of_one_name_and_another_meaning_are_not_handed_over(before, after):
    params, state = learned(before)
    with pytest.raises(
        InvalidArgument, match=r"can take nothing over: .* means what one of the other does. Start"
    ):
        warm_start(after, params, state)


def test_the_slow_weights_of_lookahead_are_not_the_slow_momentum_of_ademamix():
    params, state = learned(optimizers.AdEMAMix())
    warm = warm_start(optimizers.Lookahead(optimizers.Adam()), params, state)
    np.testing.assert_array_equal(flat(warm.state.slow), flat(params))
    np.testing.assert_array_equal(flat(warm.state.inner.nu), flat(state.nu))
    assert {name.partition("/")[0] for name in warm.unexpected} == {"mu_slow"}
    assert {name.partition("/")[0] for name in warm.missing} == {"slow", "learning_rate", "inner"}


FAMILY = [
    optimizers.Adam(0.1),
    optimizers.AdamW(0.1),
    optimizers.NAdamW(0.1),
    optimizers.AMSGrad(0.1),
    optimizers.RAdam(0.1),
    optimizers.AdaBound(0.1),
    optimizers.LAMB(0.1),
    optimizers.AdEMAMix(0.1),
]


@pytest.mark.parametrize("after", FAMILY, ids=lambda opt: type(opt).__name__)
@pytest.mark.parametrize("before", FAMILY, ids=lambda opt: type(opt).__name__)
def test_adams_family_hands_over_its_moments_exactly(before, after):
    params, state = learned(before)
    warm = warm_start(after, params, state)
    theirs, ours = state_by_name(state), state_by_name(warm.state)
    bare = {name.removeprefix("inner/"): value for name, value in theirs.items()}
    for name, value in ours.items():
        short = name.removeprefix("inner/")
        if short.startswith(("mu/", "nu/", "count")):
            np.testing.assert_array_equal(value, bare[short])
            assert name in warm.loaded


def test_an_average_goes_along_with_the_moments():
    params, state = learned(transforms.EMA(optimizers.Adam(0.1), 0.9))
    warm = warm_start(transforms.EMA(optimizers.AdamW(0.1), 0.9), params, state).state
    np.testing.assert_array_equal(flat(warm.average), flat(state.average))
    assert float(warm.weight) == float(state.weight)
    assert int(warm.inner.inner.count) == 5


def test_groups_are_matched_by_name_and_a_new_one_begins_anew():
    def output(name, leaf):
        return name.startswith("out")

    before = transforms.partition(optimizers.Adam(0.1), out=(output, optimizers.AdamW(0.1)))
    after = transforms.partition(optimizers.NAdamW(0.1), out=(output, optimizers.SGD(0.1, momentum=0.9)))
    params, state = learned(before)
    warm = warm_start(after, params, state)
    groups = warm.state.groups
    np.testing.assert_array_equal(groups["default"].mu["dense/W"], state.groups["default"].mu["dense/W"])
    assert (int(groups["default"].count), int(groups["out"].count), int(warm.state.count)) == (5, 0, 5)


@pytest.mark.parametrize("given", [None, optimizers.Adam().init(PARAMS)], ids=["None", "a state"])
def test_what_is_no_mapping_is_not_loaded(given):
    with pytest.raises(
        InvalidArgument, match=r"takes a mapping of names to arrays.*load_state\(optimizer, params, state_by"
    ):
        load_state(optimizers.Adam(), PARAMS, given)


@pytest.mark.parametrize("given", [None, {"count": 3}, "adam"], ids=str)
def test_what_is_no_state_warms_nothing(given):
    with pytest.raises(InvalidArgument, match=r"warm_start takes the state of an optimizer.*load_state"):
        warm_start(optimizers.Adam(), PARAMS, given)
