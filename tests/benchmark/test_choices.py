"""Which optimizers and budgets are taken, and the sentences for those that are not."""

import numpy as np
import optax
import pytest

from neuralopt.benchmark import Budget, choose_methods, gradient_methods
from neuralopt.benchmark.methods import learning_rates
from neuralopt.core.errors import InvalidArgument
from neuralopt.optimizers import SGD
from neuralopt.transforms import ClipByGlobalNorm


@pytest.mark.parametrize(
    ("wanted", "sentence"),
    [
        ([], "at least one optimizer must be named, got none."),
        (
            ["adam", ("Adam", SGD())],
            "optimizers must be different, got 'adam' more than once. Name each once",
        ),
        ([("linear", SGD())], "the label 'linear' is that of a reference line"),
        (["sgd-nestrov"], "Did you mean 'sgd-nesterov'?"),
        ([3], "optimizers takes names, optimizers, or pairs (label, optimizer); got 3."),
        ([optax.adam(0.1)], "optimizers takes names, optimizers, or pairs"),
        ([("clip", ClipByGlobalNorm(1.0))], "ClipByGlobalNorm transforms gradients and does not train"),
    ],
)
def test_optimizers_that_are_refused(wanted, sentence):
    with pytest.raises(InvalidArgument) as caught:
        choose_methods(wanted)
    assert sentence in str(caught.value)


def test_all_means_every_registered_optimizer_the_momentum_variants_and_both_searches():
    names = [m.slug for m in choose_methods("all")]
    assert names == [*(m.slug for m in gradient_methods()), "variable-projection", "search", "hybrid"]
    assert {"gd", "sgd", "sgd-momentum", "sgd-nesterov", "adam", "nadamw"} <= set(names)
    for method in gradient_methods():
        rates = learning_rates(method, 5)
        assert (np.diff(rates) > 0).all()
        assert method.range == pytest.approx((rates[0], rates[-1]), rel=0.05)


def test_groups_of_names_are_taken_alone_and_beside_others():
    classic = [m.slug for m in choose_methods("classic")]
    assert {"gd", "adam", "radam", "nadamw", "adadelta"} <= set(classic)
    assert len(classic) == 12
    assert "muon" not in classic
    assert [m.slug for m in choose_methods(["classic", "muon"])] == [*classic, "muon"]
    assert choose_methods(["all"]) == choose_methods("all")


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ({"rates": ()}, "learning rates must be finite and > 0, at least one, got none."),
        ({"rates": (0.1, 0.1)}, "learning rates must be different, got 0.1, 0.1."),
        ({"rates": 2.5}, "rates must be a whole number >= 1, got 2.5."),
        ({"hidden": (0,)}, "every hidden width must be a whole number >= 1, got 0."),
        ({"activation": "reluu"}, "Did you mean 'relu'?"),
    ],
)
def test_budgets_that_are_refused(arguments, sentence):
    with pytest.raises(InvalidArgument) as caught:
        Budget(**arguments)
    assert sentence in str(caught.value)
