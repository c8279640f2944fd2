"""The optimizers that torch has, against torch: the default conventions are its own."""

import pytest

from neuralopt import optimizers
from neuralopt.transforms import L2Decay, chain


def everything(torch_class, **options):
    return lambda params, decay: torch_class(params.values(), weight_decay=decay, foreach=False, **options)


def matrices(torch_class, **options):
    def make(params, decay):
        groups = [
            {"params": [p for p in params.values() if p.ndim >= 2], "weight_decay": decay},
            {"params": [p for p in params.values() if p.ndim < 2], "weight_decay": 0.0},
        ]
        return torch_class(groups, foreach=False, **options)

    return make


def l2(make, mask="all"):
    return lambda rate, decay: chain(L2Decay(decay, mask=mask), make(rate))


def cases(torch):
    """Return name -> (ours, torch's, whether a tensor that joins late equals one with zero gradients)."""
    sgd, rms, opt = optimizers.SGD, optimizers.RMSprop, torch.optim
    return {
        "gd": (l2(optimizers.GD), everything(opt.SGD), True),
        "sgd": (l2(sgd), everything(opt.SGD), True),
        "sgd, matrices": (l2(sgd, "matrices"), matrices(opt.SGD), True),
        "momentum": (l2(lambda r: sgd(r, momentum=0.9)), everything(opt.SGD, momentum=0.9), True),
        "nesterov": (
            l2(lambda r: sgd(r, momentum=0.9, nesterov=True)),
            everything(opt.SGD, momentum=0.9, nesterov=True),
            True,
        ),
        "adam": (l2(optimizers.Adam), everything(opt.Adam), False),
        "adam, other numbers": (
            l2(lambda r: optimizers.Adam(r, b1=0.8, b2=0.9, eps=1e-3)),
            everything(opt.Adam, betas=(0.8, 0.9), eps=1e-3),
            False,
        ),
        "adamw": (
            lambda rate, decay: optimizers.AdamW(rate, weight_decay=decay, mask="all"),
            everything(opt.AdamW),
            False,
        ),
        "adamw, matrices": (
            lambda rate, decay: optimizers.AdamW(rate, weight_decay=decay),
            matrices(opt.AdamW),
            False,
        ),
        "adagrad": (l2(optimizers.AdaGrad), everything(opt.Adagrad), True),
        "adagrad from 0.1": (
            l2(lambda r: optimizers.AdaGrad(r, initial_accumulator_value=0.1)),
            everything(opt.Adagrad, initial_accumulator_value=0.1),
            True,
        ),
        "rmsprop": (l2(rms), everything(opt.RMSprop), True),
        "rmsprop centred": (
            l2(lambda r: rms(r, centered=True)),
            everything(opt.RMSprop, centered=True),
            True,
        ),
        "rmsprop momentum": (
            l2(lambda r: rms(r, momentum=0.9)),
            everything(opt.RMSprop, momentum=0.9),
            True,
        ),
        "rmsprop centred, momentum": (
            l2(lambda r: rms(r, momentum=0.9, centered=True, decay=0.9, eps=1e-3)),
            everything(opt.RMSprop, momentum=0.9, centered=True, alpha=0.9, eps=1e-3),
            True,
        ),
    }


NAMES = [
    "gd",
    "sgd",
    "sgd, matrices",
    "momentum",
    "nesterov",
    "adam",
    "adam, other numbers",
    "adamw",
    "adamw, matrices",
    "adagrad",
    "adagrad from 0.1",
    "rmsprop",
    "rmsprop centred",
    "rmsprop momentum",
    "rmsprop centred, momentum",
]


def test_all_cases_are_named(torch):
    assert list(cases(torch)) == NAMES


@pytest.mark.parametrize("scale", [1.0, 1e-6])
@pytest.mark.parametrize("decay", [0.0, 0.1])
@pytest.mark.parametrize("case", NAMES)
def test_equals_torch(parity, torch, case, decay, scale):
    ours, theirs, joins = cases(torch)[case]
    # with L2 decay a tensor of zero gradient is pulled at, so only without it may torch leave it out
    expected = parity.by_torch(torch, lambda params: theirs(params, decay), scale, joins and decay == 0)
    assert parity.apart(parity.ours(ours(parity.rate, decay), scale), expected) <= 1e-12
