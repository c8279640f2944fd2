"""What a stranger tripped over at predict."""

import numpy as np
import pandas as pd
import pytest

from neuralopt.core.errors import DataError
from neuralopt.datasets import TableEncoder
from neuralopt.estimators.predictor import Predictor
from neuralopt.models import MLP


@pytest.fixture
def table():
    heat = np.arange(40.0)
    label = np.where(heat < 20, "cold", "hot")
    return pd.DataFrame({"heat (°C)": heat, "probability of hot": label})


@pytest.fixture
def predictor(table):
    encoder = TableEncoder.fit(table, "probability of hot")
    mlp = MLP((1, 2))
    return Predictor(encoder, mlp, mlp.init(0), {"task": "t"})


def test_the_answer_keeps_its_column_when_a_class_is_named_like_it(predictor, table):
    answer = predictor.predict(table)
    assert list(answer) == [
        "probability of hot",
        "predicted probability of cold",
        "predicted probability of hot",
    ]
    assert set(answer["probability of hot"]) <= {"cold", "hot"}


def test_cures_at_predict_are_those_that_predict_has(predictor, table):
    gap = table.assign(**{"heat (°C)": [np.nan, *range(39)]})
    with pytest.raises(DataError, match="remove the rows; a model that takes gaps is trained with"):
        predictor.predict(gap)
    text = table.astype({"heat (°C)": object})
    text.loc[3, "heat (°C)"] = "warm"
    with pytest.raises(DataError, match=r"Correct the cell, or remove the row\."):
        predictor.predict(text)


def test_a_column_to_drop_is_named_as_a_shell_takes_it(table):
    gap = table.assign(**{"heat (°C)": [np.nan, *range(39)]})
    with pytest.raises(DataError, match=r"--drop 'heat \(°C\)'"):
        TableEncoder.fit(gap, "probability of hot")
