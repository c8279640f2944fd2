"""Recognising the task: the rule at its edges, and the reason given."""

import numpy as np
import pandas as pd
import pytest

from neuralopt.datasets import recognise_task


def whole(distinct, rows):
    return np.arange(rows) % distinct


@pytest.mark.parametrize(
    ("values", "task", "reason"),
    [
        (["a", "b", "a"], "classification", "'y' holds texts (2 distinct)"),
        ([True, False, None], "classification", "'y' holds true and false (2 distinct)"),
        (pd.Categorical([1.5, 2.5]), "classification", "'y' holds categories (2 distinct)"),
        ([0.5, 1.0], "regression", "'y' holds numbers that are not whole"),
        (whole(2, 8), "classification", "whole numbers with 2 distinct values in 8 rows"),
        (whole(3, 29), "regression", "whole numbers with 3 distinct values in 29 rows"),
        (whole(3, 30), "classification", "whole numbers with 3 distinct values in 30 rows"),
        (whole(20, 1000), "classification", "whole numbers with 20 distinct values in 1000 rows"),
        (whole(21, 1000), "regression", "whole numbers with 21 distinct values in 1000 rows"),
        (whole(3, 30).astype(float), "classification", "whole numbers with 3 distinct values"),
        (pd.array([*whole(3, 30), None], dtype="Int64"), "classification", "3 distinct values in 30 rows"),
        ([str(v) for v in whole(3, 30)], "classification", "whole numbers with 3 distinct values"),
        (["0.5", "1.5", "2.5"], "regression", "numbers that are not whole"),
        (["0.5", "1.5", "low"], "classification", "'y' holds texts (3 distinct)"),
        ([4] * 100, "regression", "1 distinct value in 100 rows"),
    ],
)
def test_the_rule(values, task, reason):
    found, sentence = recognise_task(pd.Series(values, name="y"))
    assert found == task
    assert sentence.startswith(f"{task.capitalize()}, because ")
    assert reason in sentence
