"""Spaces: maps to and from the unit cube, conditions, and what is refused."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from neuralopt.core.errors import InvalidArgument
from neuralopt.tuning import Space, categorical, integer, log_uniform, uniform

MIXED = Space(
    {
        "optimizer": ["adam", "sgd"],
        "rate": log_uniform(1e-5, 1e-1),
        "momentum": uniform(0, 0.99, when={"optimizer": "sgd"}),
        "width": integer(8, 64, step=8),
        "depth": integer(1, 9, log=True),
        "shape": categorical([(8, 8), (16,)]),
    }
)


@settings(deadline=None)
@given(st.lists(st.floats(0, 1), min_size=6, max_size=6))
def test_a_configuration_and_its_place_are_one(units):
    params = MIXED.params(units)
    assert MIXED.check(params) == params
    assert ("momentum" in params) == (params["optimizer"] == "sgd")
    place = MIXED.units(params)
    again = MIXED.params(np.nan_to_num(place, nan=0.5))
    assert again.keys() == params.keys()
    for name, value in params.items():
        assert again[name] == (
            pytest.approx(value, rel=1e-9, abs=1e-12) if isinstance(value, float) else value
        )


@settings(deadline=None)
@given(st.lists(st.floats(0, 1), min_size=6, max_size=6))
def test_snapping_gives_the_place_of_the_configuration(units):
    snapped = MIXED.snapped(np.array([units]))[0]
    np.testing.assert_allclose(snapped, MIXED.units(MIXED.params(units)), atol=1e-9)


@pytest.mark.parametrize("dimension", [integer(3, 7), integer(2, 20, step=3), categorical(list("abcde"))])
def test_every_value_has_an_equal_share(dimension):
    values = [dimension.value((k + 0.5) / 1000) for k in range(1000)]
    counts = [values.count(v) for v in sorted(set(values))]
    assert len(counts) == dimension.levels
    assert max(counts) - min(counts) <= 1


def test_the_founding_form_and_the_dict_form_are_one():
    listed = [("learning_rate", "log_uniform", 1e-5, 1e-1), ("batch_size", "categorical", [16, 32, 64, 128])]
    named = {"learning_rate": log_uniform(1e-5, 1e-1), "batch_size": [16, 32, 64, 128]}
    assert Space(listed) == Space(named)
    assert Space(Space(listed).describe()) == Space(listed)


def test_tuples_survive_json():
    from neuralopt.storage import dumps, loads

    params = MIXED.params([0.9, 0.5, 0.5, 0.5, 0.5, 0.1])
    assert MIXED.check(loads(dumps(params))) == params
    assert params["shape"] == (8, 8)


def test_parents_stand_before_their_children():
    space = Space({"m": uniform(0, 1, when={"o": "sgd"}), "o": ["adam", "sgd"]})
    assert space.names == ("o", "m")


@pytest.mark.parametrize(
    ("given", "text"),
    [
        ({}, "the search space is empty: there is nothing to tune"),
        ([], "the search space is empty"),
        (3, "a search space is a dict of names to dimensions, or a list of tuples"),
        ([("x",)], r"an entry of a search space is \(name, kind, \.\.\.\)"),
        (
            {"x": ("log_uniform", 0, 1)},
            r"x: log_uniform must satisfy 0 < low < high, got low=0, high=1\. A logarithm has no zero: start at a small number such as 1e-06",
        ),
        ({"x": ("log_uniform", -1, 1)}, "must satisfy 0 < low < high, got low=-1"),
        ({"x": ("uniform", 2, 1)}, r"x: uniform must satisfy low < high, got low=2, high=1\. Swap them"),
        ({"x": ("uniform", 0, float("nan"))}, "high must be a finite number, got nan"),
        ({"x": ("unifrom", 0, 1)}, "x: unknown kind 'unifrom'. Did you mean 'uniform'"),
        ({"x": ("int", 0.5, 2)}, "low must be a whole number, got 0.5"),
        ({"x": ("int", 0, 8, {"log": True})}, "int with log=True must satisfy 1 <= low"),
        ({"x": ("int", 1, 8, {"log": True, "step": 2})}, "log=True or a step, not both"),
        ({"x": ("uniform", 0)}, r"Write \('uniform', low, high\)"),
        ({"x": []}, "categorical needs at least one choice"),
        ({"x": [1, 1]}, "choices must be different"),
        ({"x": [object()]}, "choices must be text, numbers"),
        ([("x", "uniform", 0, 1), ("x", "uniform", 0, 1)], "'x' stands in the search space twice"),
        ({"x": uniform(0, 1, when={"z": 1})}, "when= names 'z', which is not in the search space"),
        ({"x": uniform(0, 1, when={"z": 1}), "z": ("uniform", 0, 1)}, "needs a categorical or whole 'z'"),
        ({"x": uniform(0, 1, when={"z": "q"}), "z": ["p"]}, "wants z='q', which it never is"),
        ({"x": integer(0, 1, when={"z": 0}), "z": integer(0, 1, when={"x": 0})}, "wait for each other"),
        ({"x": "uniform"}, "'uniform' is no dimension"),
        ({7: [1]}, "a hyperparameter's name is text, got 7"),
    ],
)
def test_what_is_refused(given, text):
    with pytest.raises(InvalidArgument, match=text):
        Space(given)


def test_all_problems_are_named_at_once():
    with pytest.raises(InvalidArgument, match=r"2 problems:\n.*x: .*\n.*y: "):
        Space({"x": ("uniform", 1, 0), "y": ("log_uniform", 0, 1)})


def test_a_configuration_that_does_not_fit():
    with pytest.raises(InvalidArgument, match=r"'rat' is not in the search space\. Did you mean 'rate'"):
        MIXED.check({"rat": 1})
