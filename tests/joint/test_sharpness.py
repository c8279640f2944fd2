"""Probabilities from scores of rows left out."""

import numpy as np
import pytest

from neuralopt.joint.final import sharpness_of


@pytest.mark.parametrize("rows", [3, 10, 100])
def test_separated_classes_are_as_certain_as_their_rows_allow(rows):
    """Scores of one and zero: the best logit is that of Platt's target (n + 1) / (n + 2)."""
    labels = np.repeat([0, 1], rows)
    assert sharpness_of(np.eye(2)[labels], labels) == pytest.approx(np.log(rows + 1), rel=1e-4)


def test_scores_of_chance_are_flat():
    rng = np.random.default_rng(0)
    assert sharpness_of(rng.uniform(size=(400, 3)), rng.integers(0, 3, 400)) < 0.6
