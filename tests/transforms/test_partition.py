"""Parameter groups: each leaf has one optimizer, one state and one count."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from neuralopt.core import tree
from neuralopt.core.errors import InvalidArgument
from neuralopt.optimizers import GD, SGD, Adam, AdamW, ScheduleFreeSGD, with_learning_rate
from neuralopt.testing import check_optimizer
from neuralopt.transforms import ClipByValue, FiniteGuard, chain, partition

PARAMS = {"embed": np.ones((3, 2)), "layers": [{"W": np.ones((2, 2)), "b": np.ones(2)}]}


def embeddings(name, leaf):
    return name.startswith("embed")


def grads_of(seed):
    draw = np.random.default_rng(seed).normal
    return tree.map(lambda p: draw(size=p.shape), PARAMS)


def run(optimizer, params, steps=3):
    state = optimizer.init(params)
    for k in range(steps):
        full = grads_of(k)
        grads = full if set(params) == set(full) else {name: full[name] for name in params}
        updates, state = optimizer.update(grads, state, params)
        params = tree.apply_updates(params, updates)
    return params, state


def test_each_group_moves_as_it_would_alone():
    both, state = run(partition(Adam(0.1), embedding=(embeddings, SGD(0.5, momentum=0.9))), PARAMS)
    np.testing.assert_array_equal(
        both["embed"], run(SGD(0.5, momentum=0.9), {"embed": PARAMS["embed"]})[0]["embed"]
    )
    rest = run(Adam(0.1), {"layers": PARAMS["layers"]})[0]["layers"]
    for ours, alone in zip(tree.leaves(both["layers"]), tree.leaves(rest), strict=True):
        np.testing.assert_array_equal(ours, alone)
    assert int(state.count) == 3


def test_a_state_holds_nothing_of_the_other_groups():
    state = partition(Adam(0.1), embedding=(embeddings, SGD(0.5, momentum=0.9))).init(PARAMS)
    assert tree.names(state.groups) == [
        *("default/count", "default/learning_rate"),
        *("default/mu/layers/0/W", "default/mu/layers/0/b", "default/nu/layers/0/W", "default/nu/layers/0/b"),
        *("embedding/count", "embedding/learning_rate", "embedding/trace/embed"),
    ]


def test_the_earlier_group_has_what_two_masks_take():
    opt = partition(GD(1.0), first=(embeddings, GD(0.5)), second=("matrices", GD(0.25)))
    updates, _ = opt.update(tree.map(np.ones_like, PARAMS), opt.init(PARAMS), PARAMS)
    assert [float(-leaf.ravel()[0]) for leaf in tree.leaves(updates)] == [0.5, 0.25, 1.0]


def test_a_mask_that_matches_nothing_is_refused():
    opt = partition(GD(1.0), heads=(lambda name, leaf: "head" in name, GD(0.5)))
    text = r"the mask of group 'heads' matched no parameter of embed, layers/0/W, layers/0/b\. Likely cause"
    with pytest.raises(InvalidArgument, match=text):
        opt.init(PARAMS)


def test_a_group_may_be_left_with_nothing_and_the_default_too():
    none = partition(GD(1.0), first=("all", GD(0.5)), nothing=("matrices", GD(0.5)))
    assert none.init(PARAMS).groups["nothing"] == ()
    everything = partition(GD(1.0), everything=("all", GD(0.5)))
    state = everything.init(PARAMS)
    assert state.groups["default"] == ()
    assert float(state.learning_rate) == 0.5


def test_a_parameter_that_joins_starts_its_own_count():
    """As in torch, where a group added at step 50 begins with step 1 of its own."""
    old = {"W": np.ones((2, 2))}
    before = partition(Adam(0.1))
    moved, state = old, before.init(old)
    for k in range(5):
        updates, state = before.update({"W": grads_of(k)["layers"][0]["W"]}, state, moved)
        moved = tree.apply_updates(moved, updates)
    after = partition(Adam(0.1), late=(lambda name, leaf: name == "b", Adam(0.1)))
    params = {**moved, "b": np.ones(2)}
    state = after.join(state, params)
    assert int(state.groups["default"].count) == 5
    assert int(state.groups["late"].count) == 0
    updates, _ = after.update({"W": np.ones((2, 2)), "b": np.array([3.0, -2.0])}, state, params)
    np.testing.assert_allclose(
        updates["b"], [-0.1, 0.1], rtol=1e-6
    )  # Adam's first step, whatever the gradient
    with pytest.raises(InvalidArgument, match="'default' has a state for other parameters"):
        before.join(before.init(old), params)


def test_a_line_search_of_one_group_sees_the_whole_loss():
    seen = []

    class Asks(GD):
        def update(self, grads, state, params, *, value=None, value_fn=None):
            seen.append((sorted(params), float(value_fn(tree.map(lambda p: 0 * p, params)))))
            return super().update(grads, state, params)

    opt = partition(GD(0.1), embedding=(embeddings, Asks(0.1)))
    opt.update(
        PARAMS, opt.init(PARAMS), PARAMS, value_fn=lambda p: sum(leaf.sum() for leaf in tree.leaves(p))
    )
    assert seen == [(["embed"], 6.0)]  # the embedding at zero, the four weights and two biases at one


def test_averages_and_full_batch_are_those_of_any_group():
    opt = partition(GD(0.1), embedding=(embeddings, ScheduleFreeSGD(0.5)))
    assert opt.averages
    assert opt.full_batch
    assert not partition(SGD(0.1)).averages
    params, state = run(opt, PARAMS)
    judged = opt.evaluation_params(params, state)
    assert np.abs(judged["embed"] - params["embed"]).max() > 0.01
    np.testing.assert_array_equal(judged["layers"][0]["W"], params["layers"][0]["W"])


def test_with_learning_rate_sets_the_default_group():
    opt = with_learning_rate(partition(SGD(0.1), embedding=(embeddings, SGD(0.5))), 0.7)
    assert (opt.learning_rate, opt.optimizers[0].learning_rate) == (0.7, 0.5)


def test_compiles_once_and_keeps_the_contract():
    opt = partition(AdamW(0.05), matrices=("matrices", SGD(0.1, momentum=0.9)))
    check_optimizer(opt)
    jitted = jax.jit(lambda o, g, s, p: o.update(g, s, p))
    params = tree.map(jnp.asarray, PARAMS)
    state = opt.init(params)
    for rate in (0.1, 0.2):
        _, state = jitted(with_learning_rate(opt, rate), params, state, params)
    assert jitted._cache_size() == 1


@pytest.mark.parametrize(
    ("make", "text"),
    [
        (lambda: partition(GD(), x=GD()), r"group 'x' must be a pair \(mask, optimizer\), got GD"),
        (lambda: partition(GD(), x=("matrixes", GD())), "Did you mean 'matrices'?"),
        (lambda: partition(GD(), x=("all", ClipByValue())), "group 'x' needs an optimizer, got ClipByValue"),
        (lambda: partition(ClipByValue()), "group 'default' needs an optimizer"),
        (
            lambda: partition(GD()).init({"a/b": np.ones(1), "a": {"b": np.ones(1)}}),
            "two parameters have the name 'a/b'",
        ),
    ],
)
def test_refuses(make, text):
    with pytest.raises(InvalidArgument, match=text):
        make()


def test_stands_in_a_chain():
    opt = chain(ClipByValue(0.5), partition(GD(1.0)))
    updates, _ = opt.update(PARAMS, opt.init(PARAMS), PARAMS)
    assert float(updates["embed"][0, 0]) == -0.5


def test_a_guarded_group_is_heard():
    opt = partition(SGD(0.1), embedding=(embeddings, FiniteGuard(SGD(0.1), max_in_a_row=2)))
    state, grads = opt.init(PARAMS), grads_of(0)
    grads["embed"] = np.full((3, 2), np.nan)
    assert opt.guards
    assert not opt.diverged(state)
    for _ in range(2):
        _, state = opt.update(grads, state, PARAMS)
    assert int(opt.skipped(state)) == 2
    assert bool(opt.diverged(state))
    assert not partition(SGD(0.1)).guards
