"""Conventions: what a name stands for, what may not stand beside it, and how far they are apart."""

import re

import numpy as np
import pytest

from neuralopt import optimizers
from neuralopt.core import tree
from neuralopt.core.errors import InvalidArgument
from neuralopt.optimizers import compare_conventions
from neuralopt.optimizers.conventions import part


@pytest.fixture(scope="module")
def tables():
    """Return each table once; the one of AMSGrad relative to the paper."""
    made = {}

    def table(name, **options):
        key = (name, *options.items())
        if key not in made:
            made[key] = compare_conventions(name, **options)
        return made[key]

    return table


@pytest.mark.parametrize(
    ("name", "options", "convention", "scale", "step", "percent"),
    [
        ("radam", {}, "paper", 1.0, 5, "21"),
        ("radam", {}, "paper", 1.0, 200, "3"),
        ("amsgrad", {"relative_to": "paper"}, "torch", 1.0, 1, "68"),
        ("amsgrad", {"relative_to": "paper"}, "optax", 1.0, 200, "84"),
        ("lamb", {}, "keras", 1.0, 200, "2.7"),
        ("adam", {}, "keras", 1e-6, 1, "40"),
        ("adabound", {}, "paper", 1.0, 1, "216"),
        ("lookahead", {}, "timm", 1.0, 5, "100"),
        ("adadelta", {}, "keras, its learning_rate 0.001", 1.0, 200, "99.9"),
    ],
)
def test_known_figures_come_out(tables, name, options, convention, scale, step, percent):
    found = tables(name, **options)
    difference = found.differences[convention, scale][found.steps.index(step)]
    digits = len(percent.partition(".")[2])
    assert f"{100 * difference:.{digits}f}" == percent


def test_all_forms_of_amsgrad_are_68_to_84_percent_from_the_papers(tables):
    rows = tables("amsgrad", relative_to="paper").differences
    found = [d for form in ("torch", "optax") for d in rows[form, 1.0]]
    assert (f"{min(found):.0%}", f"{max(found):.0%}") == ("68%", "84%")


def test_eps_under_the_root_of_rmsprop_is_all_there_is_at_small_gradients(tables):
    rows = tables("rmsprop").differences
    assert all(0.99 <= d < 1.0 for d in rows["optax", 1e-6])
    assert all(d < 0.001 for d in rows["optax", 1.0])


def test_the_default_is_no_distance_from_itself_and_from_nobody_elses_name_for_it(tables):
    for name, same in (("radam", "torch"), ("rmsprop", "torch"), ("lars", "paper"), ("sgd", "torch")):
        found = tables(name)
        assert found.relative_to == "default"
        for label in ("default", same):
            assert {d for scale in (1.0, 1e-6) for d in found.differences[label, scale]} == {0.0}


def test_the_table_prints_and_is_a_frame(tables):
    found = tables("radam")
    text, frame = str(found), found.frame()
    assert text == repr(found)
    assert text.splitlines()[0] == "radam: displacement relative to 'default'"
    assert re.search(r"^paper +1 +0\.000% +20\.8\d\d% +3\.2\d\d%$", text, re.MULTILINE)
    assert list(frame.columns) == ["convention", "scale", "step", "difference"]
    assert len(frame) == 5 * 2 * 3
    row = frame.query("convention == 'paper' and scale == 1 and step == 5")
    assert row["difference"].item() == found.differences["paper", 1.0][1]


def test_hyperparameters_hold_for_all_conventions():
    bare = compare_conventions("lamb", weight_decay=0.0).differences["keras", 1.0]
    assert max(bare) < 1e-12
    assert compare_conventions("sgd", learning_rate=0.1).differences["keras", 1.0][-1] < 1e-12


@pytest.mark.parametrize(
    ("call", "text"),
    [
        (
            lambda: compare_conventions("gd"),
            "GD is the same everywhere, so there is nothing to compare. Conventions have: adabound, adadelta,",
        ),
        (lambda: compare_conventions("radm"), "unknown optimizer 'radm'. Did you mean 'radam'?"),
        (
            lambda: compare_conventions("amsgrad", relative_to="papre"),
            "amsgrad has no convention 'papre'. Did you mean 'paper'? It has: torch, paper, optax, keras.",
        ),
        (lambda: compare_conventions("adam", steps=(201,)), "steps must be from 1 to 200, got 201."),
        (lambda: compare_conventions("adam", steps=()), "steps must be from 1 to 200, got none."),
        (lambda: compare_conventions("adam", steps=(0,)), "steps must be a whole number >= 1, got 0."),
        (
            lambda: optimizers.RMSprop(convention="optax", eps_in_sqrt=False, initial_scale=1.0),
            "2 problems:\n  - RMSprop: convention='optax' means initial_scale=0.0, got initial_scale=1.0. "
            "Leave out one of the two.\n  - RMSprop: convention='optax' means eps_in_sqrt=True, got",
        ),
        (
            lambda: optimizers.RAdam(threshold=5.0, convention="paper"),
            "RAdam: convention='paper' means threshold=4.0, got threshold=5.0. Leave out one of the two.",
        ),
        (
            lambda: optimizers.SGD(momentum=0.9, lr_in_momentum=True, convention="torch"),
            "SGD: convention='torch' means lr_in_momentum=False, got lr_in_momentum=True.",
        ),
        (
            lambda: optimizers.LARS(norm_of_sum=False, convention="optax"),
            "LARS: convention='optax' means norm_of_sum=True, got norm_of_sum=False.",
        ),
        (
            lambda: optimizers.AdaGrad(initial_accumulator_value=0.0, convention="keras"),
            "AdaGrad: convention='keras' means initial_accumulator_value=0.1, got",
        ),
        (
            lambda: optimizers.Adam(convention="kears"),
            "Adam: convention must be one of 'torch', 'keras', got 'kears'. Did you mean 'keras'?",
        ),
        (
            lambda: optimizers.AdamW(lambda step: 0.1, convention="paper"),
            "AdamW: convention='paper' measures a schedule by its largest rate, got max_learning_rate=None",
        ),
        (
            lambda: optimizers.AdamW(0.0, convention="corrected"),
            "AdamW: convention='corrected' divides by the learning rate, which must be above 0, got 0.0.",
        ),
    ],
)
def test_refuses(call, text):
    with pytest.raises(InvalidArgument, match=re.escape(text)):
        call()


def test_a_switch_that_agrees_may_stand_beside_its_convention():
    assert part(optimizers.RMSprop(eps_in_sqrt=True, convention="keras"), "eps_in_sqrt") is True
    assert part(optimizers.RAdam(threshold=4, convention="paper"), "threshold") == 4


def test_a_convention_has_its_own_eps_and_any_other_may_stand_beside_it():
    makes = {
        (optimizers.AdaGrad, "optax"): 1e-7,
        (optimizers.AdaGrad, "keras"): 1e-7,
        (optimizers.AdaGrad, None): 1e-10,
    }
    makes |= {
        (optimizers.RMSprop, "keras"): 1e-7,
        (optimizers.RMSprop, "optax"): 1e-8,
        (optimizers.RMSprop, None): 1e-8,
    }
    for (cls, convention), eps in makes.items():
        assert part(cls(convention=convention), "eps") == eps
        assert part(cls(convention=convention, eps=1e-3), "eps") == 1e-3


def test_switches_alone_make_what_a_convention_names():
    one = optimizers.RMSprop(0.1, momentum=0.9, eps_in_sqrt=True, lr_in_momentum=True)
    other = optimizers.RMSprop(0.1, momentum=0.9, convention="optax")
    params, grads = [np.array([1.0, 2.0])], [np.array([1e-4, 3.0])]
    a, b = (opt.update(grads, opt.init(params), params) for opt in (one, other))
    for x, y in zip(tree.leaves(a), tree.leaves(b), strict=True):
        np.testing.assert_array_equal(x, y)


def test_the_papers_decay_does_not_change_with_the_learning_rate():
    params, zero = [np.ones((2, 2))], [np.zeros((2, 2))]
    for rate in (1e-3, 0.1):
        opt = optimizers.AdamW(rate, weight_decay=0.3, convention="paper")
        updates, _ = opt.update(zero, opt.init(params), params)
        np.testing.assert_allclose(updates[0], -0.3 * params[0], rtol=1e-14)
