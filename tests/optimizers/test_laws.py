"""The law of every hyperparameter of every optimizer, and what a gradient of NaN does."""

import dataclasses
import math

import numpy as np
import pytest

from neuralopt import optimizers
from neuralopt.core.errors import InvalidArgument


def _laws():
    """Return (class, hyperparameter, a value that breaks its law) for all that are registered."""
    for cls in optimizers.registered().values():
        for field in dataclasses.fields(cls):
            law = field.metadata.get("law")
            if law is None:
                continue
            wrong = [math.nan, math.inf, *([-0.1] if law.low >= 0 else [])]
            wrong += [law.high] if law.high_open else []
            yield from ((cls, field.name, value) for value in wrong)


@pytest.mark.parametrize(("cls", "name", "value"), list(_laws()))
def test_every_hyperparameter_of_every_optimizer_has_its_law_checked(cls, name, value):
    with pytest.raises(InvalidArgument) as caught:
        cls(**{name: value})
    assert str(caught.value).startswith(f"{cls.__name__}: {name} must satisfy ")
    assert f", got {value!r}." in str(caught.value)


def test_every_number_has_a_law_and_every_beta_is_below_one():
    for cls in optimizers.registered().values():
        laws = {f.name: f.metadata.get("law") for f in dataclasses.fields(cls)}
        assert all(
            law is not None or f.metadata.get("static") or f.name == "optimizer"
            for f, law in zip(dataclasses.fields(cls), laws.values())
        )
        betas = [law for name, law in laws.items() if name in ("b1", "b2", "rho", "decay", "momentum")]
        assert all((law.low, law.high, law.high_open) == (0, 1, True) for law in betas)


CLASSIC = [
    *("adabound", "adadelta", "adagrad", "adam", "adamw", "amsgrad", "gd", "lamb", "lars", "lookahead"),
    *("nadamw", "radam", "rmsprop", "sgd"),
]


@pytest.mark.parametrize("name", CLASSIC)
def test_a_gradient_of_nan_spoils_its_own_tensor_only(name):
    opt, params = optimizers.get(name), {"bad": np.ones((2, 2)), "good": np.ones((2, 2))}
    bad = {"bad": np.full((2, 2), np.nan), "good": np.ones((2, 2))}
    clean, spoilt = (opt.update(g, opt.init(params), params)[0] for g in (params, bad))
    np.testing.assert_array_equal(spoilt["good"], clean["good"])
    assert np.isnan(spoilt["bad"]).all()


def _numbers():
    for cls in optimizers.registered().values():
        for field in dataclasses.fields(cls):
            if "law" in field.metadata:
                yield cls, field.name, field.metadata["law"]


@pytest.mark.parametrize(("cls", "name", "law"), list(_numbers()))
def test_several_values_of_a_hyperparameter_are_refused_where_a_step_begins(cls, name, law):
    optimizer = cls(**{name: np.full(2, 0.5 if law.high == 1 else max(5.0, law.low))})
    with pytest.raises(InvalidArgument, match=f"{name} must be one number where a step is taken, got array"):
        optimizer.init({"W": np.ones((2, 2))})


@pytest.mark.parametrize(
    ("make", "cause"),
    [
        (lambda: optimizers.Adam(-0.1), "A negative step size climbs; to maximise, change the sign of the"),
        (lambda: optimizers.Adam(b1=1.0), "Likely cause: a decay of 1 never learns anything new; 0.9 to"),
        (lambda: optimizers.Adam(b2=1.5), "Likely cause: a decay above 1 grows without end; 0.9 to 0.999"),
        (lambda: optimizers.Adam(math.inf), "Likely cause: a division by zero or an overflow where it was"),
    ],
)
def test_a_likely_cause_is_told(make, cause):
    with pytest.raises(InvalidArgument, match=cause):
        make()
