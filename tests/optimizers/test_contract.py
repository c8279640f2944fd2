"""Every registered optimizer, in its forms and wrappings, keeps the contract that ships with the package."""

import optax
import pytest

from neuralopt import optimizers
from neuralopt.schedules import Cosine, WarmupCosine
from neuralopt.testing import optimizer_checks
from neuralopt.transforms import ClipByGlobalNorm, ClipByValue, DecoupledDecay, L2Decay, chain

FORMS = {
    **{name: cls() for name, cls in optimizers.registered().items()},
    "sgd nesterov": optimizers.SGD(0.05, momentum=0.9, nesterov=True),
    "rmsprop all": optimizers.RMSprop(0.01, momentum=0.9, centered=True, eps_in_sqrt=True),
    "chain": chain(ClipByGlobalNorm(1.0), L2Decay(0.1), optimizers.SGD(0.05, momentum=0.9)),
    "scheduled": chain(
        ClipByValue(Cosine(2.0, 100, 1.0)),
        optimizers.Adam(WarmupCosine(0.1, 2, 200, 0.01), b1=Cosine(0.9, 50)),
    ),
    "decoupled": DecoupledDecay(optimizers.AdaGrad(0.05), 0.1),
    "optax factory": optimizers.from_optax(optax.adamw, learning_rate=0.01, b1=0.8, weight_decay=0.1),
    "optax ready": optimizers.from_optax(optax.adam(0.05)),
}


@pytest.mark.parametrize("check", optimizer_checks(), ids=lambda check: check.__name__)
@pytest.mark.parametrize("form", FORMS)
def test_contract(check, form):
    check(FORMS[form])


CONVENTIONS = [
    cls(convention=convention)
    for cls in optimizers.registered().values()
    for field in [cls.__dataclass_fields__.get("convention")]
    if field is not None
    for convention in field.metadata["choices"]
    if convention != field.default
]


@pytest.mark.parametrize("opt", CONVENTIONS, ids=lambda o: f"{type(o).__name__} {o.convention}")
def test_conventions_agree_across_namespaces(opt):
    (agrees,) = (check for check in optimizer_checks() if check.__name__ == "agrees_across_namespaces")
    agrees(opt)
