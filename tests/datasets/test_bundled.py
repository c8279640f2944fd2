"""Bundled data: the tables that scikit-learn has, under our names."""

import numpy as np
import pytest
from sklearn import datasets

from neuralopt.core.errors import InvalidArgument
from neuralopt.datasets import TableEncoder, bundled_names, bundled_target, load_bundled


def test_digits_are_scikit_learns():
    frame, bunch = load_bundled("digits"), datasets.load_digits()
    np.testing.assert_array_equal(frame.drop(columns="digit").to_numpy(), bunch["data"])
    np.testing.assert_array_equal(frame["digit"].to_numpy(), bunch["target"])


def test_diabetes_is_in_its_own_units():
    frame = load_bundled("diabetes")
    assert frame.shape == (442, 11)
    assert frame["age"].between(18, 80).all()
    np.testing.assert_array_equal(frame["progression"].to_numpy(), datasets.load_diabetes()["target"])


@pytest.mark.parametrize("name", bundled_names())
def test_every_bundled_table_can_be_encoded(name):
    frame = load_bundled(name)
    encoder = TableEncoder.fit(frame, bundled_target(name))
    assert encoder.task == {"digits": "classification", "diabetes": "regression"}[name]
    assert np.isfinite(encoder.transform(frame)).all()


@pytest.mark.parametrize("call", [load_bundled, bundled_target])
def test_an_unknown_name(call):
    with pytest.raises(InvalidArgument) as caught:
        call("digit")
    assert str(caught.value) == (
        "There is no bundled data set 'digit'; there are diabetes, digits. Did you mean 'digits'?"
    )
