"""The optimizers that torch has, against torch: the default conventions are its own."""

import numpy as np
import pytest

from neuralopt import optimizers
from neuralopt.core.tree import apply_updates
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
    """Return name -> (ours, torch's)."""
    sgd, rms, opt = optimizers.SGD, optimizers.RMSprop, torch.optim
    return {
        "gd": (l2(optimizers.GD), everything(opt.SGD)),
        "sgd": (l2(sgd), everything(opt.SGD)),
        "sgd, matrices": (l2(sgd, "matrices"), matrices(opt.SGD)),
        "momentum": (l2(lambda r: sgd(r, momentum=0.9)), everything(opt.SGD, momentum=0.9)),
        "nesterov": (
            l2(lambda r: sgd(r, momentum=0.9, nesterov=True)),
            everything(opt.SGD, momentum=0.9, nesterov=True),
        ),
        "adam": (l2(optimizers.Adam), everything(opt.Adam)),
        "adam, other numbers": (
            l2(lambda r: optimizers.Adam(r, b1=0.8, b2=0.9, eps=1e-3)),
            everything(opt.Adam, betas=(0.8, 0.9), eps=1e-3),
        ),
        "adamw": (
            lambda rate, decay: optimizers.AdamW(rate, weight_decay=decay, mask="all"),
            everything(opt.AdamW),
        ),
        "adamw, matrices": (
            lambda rate, decay: optimizers.AdamW(rate, weight_decay=decay),
            matrices(opt.AdamW),
        ),
        "amsgrad": (l2(optimizers.AMSGrad), everything(opt.Adam, amsgrad=True)),
        "radam": (l2(optimizers.RAdam), everything(opt.RAdam)),
        "radam, other numbers": (
            l2(lambda r: optimizers.RAdam(r, b1=0.8, b2=0.9, eps=1e-3)),
            everything(opt.RAdam, betas=(0.8, 0.9), eps=1e-3),
        ),
        "adadelta": (l2(optimizers.AdaDelta), everything(opt.Adadelta, rho=0.95)),
        "adagrad": (l2(optimizers.AdaGrad), everything(opt.Adagrad)),
        "adagrad from 0.1": (
            l2(lambda r: optimizers.AdaGrad(r, initial_accumulator_value=0.1)),
            everything(opt.Adagrad, initial_accumulator_value=0.1),
        ),
        "rmsprop": (l2(rms), everything(opt.RMSprop)),
        "rmsprop centred": (
            l2(lambda r: rms(r, centered=True)),
            everything(opt.RMSprop, centered=True),
        ),
        "rmsprop momentum": (
            l2(lambda r: rms(r, momentum=0.9)),
            everything(opt.RMSprop, momentum=0.9),
        ),
        "rmsprop centred, momentum": (
            l2(lambda r: rms(r, momentum=0.9, centered=True, decay=0.9, eps=1e-3)),
            everything(opt.RMSprop, momentum=0.9, centered=True, alpha=0.9, eps=1e-3),
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
    "amsgrad",
    "radam",
    "radam, other numbers",
    "adadelta",
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
    ours, theirs = cases(torch)[case]
    expected = parity.by_torch(torch, lambda params: theirs(params, decay), scale)
    # torch rounds RAdam's rho_t as optax does, see test_parity_optax.py
    limit = 1e-10 if case == "radam" else 1e-12
    assert parity.apart(parity.ours(lambda rate: ours(rate, decay), scale), expected) <= limit


def test_centred_rmsprop_stays_finite_where_torch_does_not(torch):
    """A nearly constant gradient of 100 in float32: torch's variance falls below 0, its root is NaN."""
    rng = np.random.default_rng(0)
    stream = (np.linspace(99.3, 103.3, 16) + 1e-3 * rng.normal(size=(2000, 16))).astype(np.float32)
    theirs = torch.zeros(16, requires_grad=True)
    torch_rmsprop = torch.optim.RMSprop([theirs], lr=1e-3, centered=True, foreach=False)
    ours, opt = [np.zeros(16, np.float32)], optimizers.RMSprop(1e-3, centered=True)
    state = opt.init(ours)
    for gradient in stream:
        theirs.grad = torch.tensor(gradient)
        torch_rmsprop.step()
        updates, state = opt.update([gradient], state, ours)
        ours = apply_updates(ours, updates)
    assert np.isfinite(ours[0]).all()
    assert bool(torch.isnan(theirs).any())
